"""Archives of repositories on GitHub, at a pinned commit; no account is needed.

GitHub packs them when it is asked, and states neither size nor digest: what arrives is checked by the zip's own
checksums, and recorded.
"""

from fingerspell.datasets import http
from fingerspell.datasets.published.catalogue import Dataset

BASE = "https://codeload.github.com"


def published(dataset: Dataset, base: str = BASE) -> dict[str, http.RemoteFile]:
    """Return the dataset's one archive by name."""
    assert dataset.github is not None  # it is asked for no other
    repository, commit = dataset.github
    return {dataset.archive: http.RemoteFile(dataset.archive, f"{base}/{repository}/zip/{commit}")}
