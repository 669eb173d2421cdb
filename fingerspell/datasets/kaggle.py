"""Archives of Kaggle, by its own client: without an account where that is allowed, else with the credentials here.

The client finds the file; the bytes come over `http.download`, because the client's own download checks no digest
and cannot be told how often and how soon to try again.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from fingerspell.datasets import http
from fingerspell.datasets.published.catalogue import Dataset
from fingerspell.errors import FingerspellError

SETTINGS = "https://www.kaggle.com/settings"
TOKEN, KEY = "~/.kaggle/access_token", "~/.kaggle/kaggle.json"
REFUSED = (401, 403)


def published(dataset: Dataset) -> dict[str, http.RemoteFile]:
    """Return the dataset's one archive by name, with the size and SHA-256 that the catalogue knows.

    Kaggle is asked without an account, then with a token, then with a user and key, until it grants the file.
    Raises FingerspellError that tells what was refused and what to do.
    """
    refusals = []
    try:
        for what, auth in _credentials():
            url, status = _ask(dataset, auth)
            if url:
                digest = f"sha256:{dataset.sha256}" if dataset.sha256 else None
                return {dataset.archive: http.RemoteFile(dataset.archive, url, dataset.size, digest)}
            refusals.append((what, status))
    except requests.RequestException as error:
        raise FingerspellError(f"Kaggle's {dataset.kaggle} cannot be downloaded: {http.reason(error)}") from error
    except (OSError, ValueError) as error:  # of files with credentials, and of answers that the client cannot read
        raise FingerspellError(f"Kaggle's {dataset.kaggle} cannot be asked for ({error})") from error
    told = ", then ".join(f"{f'with {what}' if what else 'without an account'} ({status})" for what, status in refusals)
    raise FingerspellError(f"Kaggle refused {dataset.kaggle} {told}; {_remedy(dataset, refusals)}")


def _credentials() -> Iterator[tuple[str, object]]:
    """Yield each way to ask, in words and as `requests` takes it: as nobody, with a token, with a user and key."""
    from kagglesdk.kaggle_env import get_access_token_from_env
    from kagglesdk.kaggle_http_client import KaggleHttpClient

    yield "", None
    token, source = get_access_token_from_env()
    if token:
        place = TOKEN if source == "access_token" else source
        yield f"the token of {place}", KaggleHttpClient.BearerAuth(token)
    user, key = os.environ.get("KAGGLE_USERNAME"), os.environ.get("KAGGLE_KEY")
    if user and key:
        yield "the user and key of KAGGLE_USERNAME and KAGGLE_KEY", (user, key)
    elif (path := _key_file()).is_file():
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            user, key = str(content["username"]), str(content["key"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} holds no user and key; get it anew from {SETTINGS} or remove it") from error
        yield f"the user and key of {path}", (user, key)


def _key_file() -> Path:
    return Path(os.environ.get("KAGGLE_CONFIG_DIR") or Path(KEY).parent, Path(KEY).name).expanduser()


def _ask(dataset: Dataset, auth: Any) -> tuple[str | None, int]:
    """Return the address of the archive in Kaggle's storage, or None if these credentials are refused; the status."""
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest
    from kagglesdk.kaggle_client import KaggleClient

    request = ApiDownloadDatasetRequest()
    assert dataset.kaggle is not None  # it is asked for no other
    request.owner_slug, request.dataset_slug, *version = dataset.kaggle.split("/")
    if version:
        request.dataset_version_number = int(version[0])
    with KaggleClient(user_agent=http.USER_AGENT) as client:
        # The client would take the first credentials that it finds, and wait for an answer without end.
        session = http.mount(client.http_client()._session)
        session.auth = auth
        try:
            with client.datasets.dataset_api_client.download_dataset(request) as answer:
                return answer.url, answer.status_code
        except requests.HTTPError as error:
            # After a redirection it is the storage that refuses, and no credentials help.
            answered = error.response
            if answered is not None and answered.status_code in REFUSED and not answered.history:
                return None, answered.status_code
            raise
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"its answer has an unknown form, {error!r}") from error


def _remedy(dataset: Dataset, refusals: list[tuple[str, int]]) -> str:
    shown = refusals[1:]
    if not shown:
        return (
            f"sign in to Kaggle, accept the terms on {dataset.page} if it asks for that, make a token on {SETTINGS} "
            f"and put it into {TOKEN} or the variable KAGGLE_API_TOKEN"
        )
    if all(status == 401 for _, status in shown):
        return f"make a new token on {SETTINGS} and put it in place of {' and '.join(what for what, _ in shown)}"
    return f"sign in to Kaggle with the same account and accept the terms on {dataset.page}"
