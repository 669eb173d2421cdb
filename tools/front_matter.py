"""The YAML header of a card, as Hugging Face specifies it for models and datasets.

https://github.com/huggingface/hub-docs/blob/main/modelcard.md
https://github.com/huggingface/hub-docs/blob/main/datasetcard.md
"""

from collections.abc import Mapping

import yaml

from fingerspell.datasets.published.catalogue import Dataset

# ISO 639 codes: of the sign language, and of the written one that its letters spell. Arabic sign languages share a
# manual alphabet and have no code of their own together: `sgn` is any sign language.
LANGUAGES = {"american": ["ase", "en"], "arabic": ["sgn", "ar"]}
TAGS = {"american": "american-sign-language", "arabic": "arabic-sign-language"}
TASK = "image-classification"
# https://huggingface.co/docs/hub/repositories-licenses
_LICENCES = {"GPL-2.0": "gpl-2.0", "Apache-2.0": "apache-2.0", "CC BY 4.0": "cc-by-4.0", "CC BY-SA 4.0": "cc-by-sa-4.0"}


def header(metadata: Mapping[str, object]) -> str:
    """Return metadata between the lines that begin a card, keys in the order given."""
    return f"---\n{yaml.safe_dump(dict(metadata), sort_keys=False, allow_unicode=True, width=1000)}---\n"


def licence(dataset: Dataset) -> dict[str, str]:
    """Return how a collection's licence is named; one that Hugging Face does not list is told by its page."""
    if dataset.licence in _LICENCES:
        return {"license": _LICENCES[dataset.licence]}
    return {"license": "other", "license_name": f"{dataset.name}-terms", "license_link": dataset.page}
