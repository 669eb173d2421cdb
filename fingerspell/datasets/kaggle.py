"""Archives of Kaggle, by its own client; public datasets need no account."""

from contextlib import redirect_stdout
from pathlib import Path

import requests

from fingerspell.datasets.mendeley import reason
from fingerspell.errors import FingerspellError


def download(reference: str, folder: Path) -> Path:
    """Fetch the zip of a dataset, "owner/slug/version", into `folder` and return its path there.

    The client checks the size alone, and writes under the final name from the first byte on: so `folder` must
    be one that nobody else looks into. Left as it is, it lets a later call go on. Raises FingerspellError.
    """
    try:
        # Imported here, because without credentials the import may end the process. It also prints a page
        # about them, which a public dataset does not need.
        with redirect_stdout(None):
            import kaggle

        kaggle.api.dataset_download_files(reference, path=str(folder), quiet=False, unzip=False)
    except SystemExit as error:
        raise FingerspellError(f"the kaggle client gave up on {reference}; check its credentials") from error
    except requests.RequestException as error:
        raise FingerspellError(f"Kaggle's {reference} cannot be downloaded: {reason(error)}") from error
    except Exception as error:  # the client raises bare exceptions of many kinds
        raise FingerspellError(f"Kaggle's {reference} cannot be downloaded: {error}") from error
    return folder / f"{reference.split('/')[1]}.zip"
