"""Files of Mendeley Data, by its public API (https://data.mendeley.com/api/docs); no account is needed."""

import re
from typing import Any

import requests

from fingerspell.datasets import http
from fingerspell.datasets.published.catalogue import Dataset
from fingerspell.errors import FingerspellError

BASE = "https://data.mendeley.com"


def published(dataset: Dataset, base: str = BASE) -> dict[str, http.RemoteFile]:
    """Return the files of a dataset by name, with the sizes and SHA-256 that the API states.

    Raises FingerspellError if the list cannot be had.
    """
    assert dataset.mendeley is not None  # it is asked for no other
    identifier, version = dataset.mendeley
    url = f"{base}/public-api/datasets/{identifier}/files"
    with http.session() as session:
        try:
            entries = http.listing(session, url, {"folder_id": "root", "version": version})
            return {entry["filename"]: _file(entry["filename"], entry["content_details"]) for entry in entries}
        except requests.RequestException as error:
            raise FingerspellError(f"the list of files at {url} cannot be had: {http.reason(error)}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise FingerspellError(f"the list of files at {url} has an unknown form ({error!r})") from error


def _file(name: str, details: dict[str, Any]) -> http.RemoteFile:
    url, size, digest = details["download_url"], details["size"], details["sha256_hash"]
    if not isinstance(url, str):
        raise ValueError(f"{name} has no address")
    if type(size) is not int or not 0 <= size < 10**15:
        raise ValueError(f"{name} has the size {size!r}")
    if not re.fullmatch("[0-9a-fA-F]{64}", digest):
        raise ValueError(f"{name} has the SHA-256 {digest!r}")
    return http.RemoteFile(name, url, size, f"sha256:{digest.lower()}")
