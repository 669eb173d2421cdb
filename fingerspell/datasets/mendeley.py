"""Files of Mendeley Data, by its public API (https://data.mendeley.com/api/docs); no account is needed."""

import requests

from fingerspell.datasets import http
from fingerspell.datasets.published.catalogue import Dataset
from fingerspell.errors import FingerspellError

BASE = "https://data.mendeley.com"


def published(dataset: Dataset, base: str = BASE) -> dict[str, http.RemoteFile]:
    """Return the files of a dataset by name, with the sizes and SHA-256 that the API states.

    Raises FingerspellError if the list cannot be had.
    """
    identifier, version = dataset.mendeley
    url = f"{base}/public-api/datasets/{identifier}/files"
    with http.session() as session:
        try:
            answer = session.get(url, params={"folder_id": "root", "version": version})
            answer.raise_for_status()
            return {entry["filename"]: _file(entry["filename"], entry["content_details"]) for entry in answer.json()}
        except requests.JSONDecodeError as error:
            raise FingerspellError(f"{url} answered something else than a list of files") from error
        except requests.RequestException as error:
            raise FingerspellError(f"the list of files at {url} cannot be had: {http.reason(error)}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FingerspellError(f"the list of files at {url} has an unknown form ({error!r})") from error


def _file(name: str, details: dict) -> http.RemoteFile:
    digest = f"sha256:{details['sha256_hash'].lower()}"
    return http.RemoteFile(name, details["download_url"], int(details["size"]), digest)
