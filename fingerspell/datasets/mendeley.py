"""Files of Mendeley Data, by its public API (https://data.mendeley.com/api/docs); no account is needed."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from fingerspell.errors import FingerspellError
from fingerspell.files import sha256
from fingerspell.progress import progress

BASE = "https://data.mendeley.com"
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of an answer
CHUNK = 2**20  # bytes
BACKOFF = 0.5  # seconds, doubled with every repeated request
IDLE = 3  # attempts in a row that bring nothing before a download is given up


@dataclass(frozen=True)
class RemoteFile:
    """A published file and what it must be when it has arrived."""

    name: str
    size: int  # bytes
    sha256: str
    url: str


def list_files(dataset: str, dataset_version: int, base: str = BASE) -> dict[str, RemoteFile]:
    """Return the files of a published dataset by name; raises FingerspellError if the list cannot be had."""
    url = f"{base}/public-api/datasets/{dataset}/files"
    with _session() as session:
        try:
            answer = session.get(url, params={"folder_id": "root", "version": dataset_version}, timeout=TIMEOUT)
            answer.raise_for_status()
            entries = answer.json()
            return {
                entry["filename"]: RemoteFile(
                    entry["filename"],
                    int(entry["content_details"]["size"]),
                    entry["content_details"]["sha256_hash"].lower(),
                    entry["content_details"]["download_url"],
                )
                for entry in entries
            }
        except requests.JSONDecodeError as error:
            raise FingerspellError(f"{url} answered something else than a list of files") from error
        except requests.RequestException as error:
            raise FingerspellError(f"the list of files at {url} cannot be had: {reason(error)}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FingerspellError(f"the list of files at {url} has an unknown form ({error!r})") from error


def download(file: RemoteFile, target: Path) -> None:
    """Fetch `file` to `target`, which appears only when size and SHA-256 are right.

    What has arrived is kept in `<target>.partial`. A download that breaks off goes on from there until it is
    whole or attempts bring nothing more; then it raises FingerspellError, and a later call goes on.
    """
    partial = target.with_name(f"{target.name}.partial")
    with _session() as session:
        idle = 0
        while True:
            before = _size(partial)
            try:
                _fetch(session, file, partial)
                break
            except requests.HTTPError as error:
                raise FingerspellError(f"{file.name} cannot be downloaded: {reason(error)}") from error
            except requests.RequestException as error:
                idle = 0 if _size(partial) > before else idle + 1
                if idle == IDLE:
                    raise FingerspellError(
                        f"the download of {file.name} broke off after {_size(partial):,} of {file.size:,} "
                        f"bytes ({reason(error)}); run the same command again to go on from there"
                    ) from error
    if _size(partial) != file.size or sha256(partial) != file.sha256:
        partial.unlink()
        raise FingerspellError(
            f"what arrived for {file.name} is not the published file (its size or SHA-256 differs) and was "
            "deleted; run the same command again"
        )
    partial.replace(target)


def reason(error: Exception) -> str:
    """Say in a few words why a request failed, without addresses of Python objects."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}".rstrip()
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return f"{type(error).__name__}: {error}"


def _fetch(session: requests.Session, file: RemoteFile, partial: Path) -> None:
    """Fetch what is missing of `file`; raises a RequestException if the answer ends before the file does."""
    have = _size(partial)
    if have >= file.size:
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    with session.get(file.url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == 416:  # what is here is no beginning of the published file
            partial.unlink()
            raise requests.ConnectionError("the file has changed")
        answer.raise_for_status()
        place = answer.headers.get("Content-Range", "")
        resumed = answer.status_code == 206 and place.startswith(f"bytes {have}-")
        have = have if resumed else 0
        with open(partial, "ab" if resumed else "wb") as out:
            chunks = answer.iter_content(CHUNK)
            for chunk in progress(chunks, -(-(file.size - have) // CHUNK), f"download {file.name}", "MiB"):
                out.write(chunk)
                have += len(chunk)
                if have > file.size:
                    break
    if have < file.size:
        raise requests.ConnectionError("the answer ended early")


def _session() -> requests.Session:
    session = requests.Session()
    # Some clients are refused without a name that tells who asks.
    session.headers["User-Agent"] = f"Mozilla/5.0 (compatible; fingerspell/{version('fingerspell')})"
    session.headers["Accept-Encoding"] = "identity"  # sizes and ranges are those of the file itself
    retry = Retry(total=4, backoff_factor=BACKOFF, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
