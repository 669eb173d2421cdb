"""Files over HTTP that are whole or not there: resumed after a cut, retried after a wait, checked before use."""

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidHeader, InvalidSchema, InvalidURL, MissingSchema
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry

from fingerspell.errors import FingerspellError
from fingerspell.progress import progress

TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of an answer
CHUNK = 2**20  # bytes
BACKOFF = 1.0  # seconds before the second repetition of a request or the first of a download; doubled every time
PATIENCE = 60  # seconds; a server that asks for more is asked again after these
REPEATS = 4  # of a request that fails, and of a download that breaks off without bringing anything more
MARGIN = 2**28  # bytes of disk to leave free
LARGEST_LISTING = 2**24  # bytes; a thousandth of that lists the files of a dataset
LENGTH = re.compile(r"[0-9]{1,15}")  # what is longer is no number of bytes
# Some servers refuse clients that do not tell who asks.
USER_AGENT = f"Mozilla/5.0 (compatible; fingerspell/{version('fingerspell')})"


@dataclass(frozen=True)
class RemoteFile:
    """A published file and what it must be when it has arrived."""

    name: str
    url: str
    size: int | None = None  # bytes, where published
    digest: str | None = None  # "sha256:…" or "md5:…", in hex digits, where published

    @property
    def digest_name(self) -> str:
        """What a person calls the kind of digest."""
        return "MD5" if (self.digest or "").startswith("md5:") else "SHA-256"


def mount(session: requests.Session) -> requests.Session:
    """Make a session repeat what fails for a while (no connection, 429, 5xx), and never wait without end."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Patient())
    return session


def session() -> requests.Session:
    """Return a session that says who asks, and repeats what fails for a while."""
    made = mount(_Session())
    made.headers["User-Agent"] = USER_AGENT
    made.headers["Accept-Encoding"] = "identity"  # sizes and ranges are those of the file itself
    return made


def listing(client: requests.Session, url: str, params: dict[str, str | int]) -> Any:
    """Return what an address answers as JSON.

    Raises a RequestException if it does not answer, and FingerspellError if what it answers is not JSON or too large.
    """
    with client.get(url, params=params, stream=True) as answer:
        answer.raise_for_status()
        text = bytearray()
        for piece in answer.iter_content(2**16):
            text += piece
            if len(text) > LARGEST_LISTING:
                raise FingerspellError(
                    f"{url} answered more than the {LARGEST_LISTING // 2**20} MiB that a list of files can have"
                )
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # the latter where it is nested too deeply
        raise FingerspellError(f"{url} answered something else than a list of files") from error


def download(file: RemoteFile, target: Path, accept: Callable[[Path], None] = lambda _: None) -> None:
    """Fetch `file` to `target`, which appears only when size and digest are right and `accept` does not raise.

    What has arrived is kept in `<target>.partial`. A download that breaks off goes on from there, after a wait,
    until it is whole or repetitions bring nothing more; then FingerspellError is raised, and a later call goes
    on. What is whole and wrong is deleted.
    """
    partial = target.with_name(f"{target.name}.partial")
    with session() as client:
        idle, most = 0, _size(partial)
        while True:
            try:
                _fetch(client, file, partial)
                break
            except requests.RequestException as error:
                have = _size(partial)
                idle, most = (0, have) if have > most else (idle + 1, most)
                if idle == REPEATS or isinstance(error, FINAL):
                    raise FingerspellError(_failure(file, have, reason(error))) from error
                time.sleep(min(BACKOFF * 2**idle, PATIENCE))
    try:
        if not matches(file, partial):
            raise FingerspellError(
                f"what arrived for {file.name} is not the published file (its size or {file.digest_name} differs) and "
                "was deleted; run the same command again"
            )
        accept(partial)
    except FingerspellError:
        partial.unlink()
        raise
    partial.replace(target)


def matches(file: RemoteFile, path: Path) -> bool:
    """Tell whether the file at `path` has the published size and digest, as far as they are published."""
    if file.size is not None and _size(path) != file.size:
        return False
    if file.digest is None:
        return True
    kind, _, digest = file.digest.partition(":")
    with open(path, "rb") as content:
        return hashlib.file_digest(content, kind).hexdigest() == digest


def require_room(folder: Path, needed: int) -> None:
    """Raise FingerspellError unless the disk that holds `folder` has `needed` bytes, and some more, to spare."""
    free = shutil.disk_usage(folder).free
    if free < needed + MARGIN:
        raise FingerspellError(
            f"{folder} has {free / 1e9:.1f} GB free and needs {(needed + MARGIN) / 1e9:.1f} GB; make room"
        )


def reason(error: Exception) -> str:
    """Say in a few words why a request failed, without addresses of Python objects."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}".rstrip()
    if isinstance(error, requests.TooManyRedirects):
        return "the server redirects without end"
    if isinstance(error, InvalidURL | InvalidSchema | MissingSchema):
        return f"the server names an address that is none ({error})"
    causes = [getattr(one, "reason", one) for one in error.args]  # urllib3's, within its tale of repetitions
    if isinstance(error, requests.Timeout) or any(isinstance(one, ReadTimeoutError) for one in causes):
        return "the server did not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | _Cut):
        return "the answer ended early"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return f"{type(error).__name__}: {error}"


class _Patient(HTTPAdapter):
    """Repeats requests that fail for a while, and gives every one a time limit."""

    def __init__(self) -> None:
        super().__init__(
            max_retries=Retry(
                total=REPEATS,
                backoff_factor=BACKOFF,
                backoff_max=PATIENCE,
                retry_after_max=PATIENCE,
                status_forcelist=(429, 500, 502, 503, 504),
                allowed_methods=None,  # all: Kaggle is asked for files by POST
                raise_on_status=False,
            )
        )

    def send(self, *words: Any, timeout: Any = None, **settings: Any) -> requests.Response:
        return super().send(*words, **settings | {"timeout": timeout or TIMEOUT})


class _Session(requests.Session):
    """Tells of every redirection that cannot be followed as a RequestException; requests itself does of most."""

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        try:
            return super().send(request, **settings)
        except requests.RequestException:
            raise
        except ValueError as error:
            raise InvalidURL(error) from error


class _Cut(requests.ConnectionError):
    """An answer that ended before the file did."""


class _Unreachable(requests.ConnectionError):
    """No answer at all, after all repetitions."""


FINAL = (  # what another try would not mend
    _Unreachable,
    requests.HTTPError,
    requests.TooManyRedirects,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
)


def _fetch(client: requests.Session, file: RemoteFile, partial: Path) -> None:
    """Fetch what is missing of `file`; raises a RequestException if the answer ends before the file does."""
    have = _size(partial)
    if file.size and have >= file.size:
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        answer = client.get(file.url, headers=headers, stream=True)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _Unreachable(*error.args) from error
    with answer:
        place = answer.headers.get("Content-Range", "")
        resumed = have and answer.status_code == 206 and place.startswith(f"bytes {have}-")
        if have and answer.status_code in (206, 416) and not resumed:
            if file.size is None and place == f"bytes */{have}":
                return  # nothing is missing
            partial.unlink()  # what is here is no beginning of the published file, or is not gone on from
            raise _Cut("the file has changed")
        answer.raise_for_status()
        have = have if resumed else 0
        length = answer.headers.get("Content-Length", "")
        whole = have + int(length) if LENGTH.fullmatch(length) else file.size
        if file.size is not None and whole != file.size:
            raise FingerspellError(
                f"what is offered for {file.name} is not the published file ({whole:,} bytes instead of {file.size:,})"
            )
        require_room(partial.parent, (whole or 0) - have)
        with open(partial, "ab" if resumed else "wb") as out:
            for chunk in _watched(answer, file, whole and whole - have):
                out.write(chunk)
                have += len(chunk)
                if whole and have > whole:
                    break
    if whole and have < whole:
        raise _Cut("the answer ended early")


def _watched(answer: requests.Response, file: RemoteFile, remaining: int | None) -> Iterator[bytes]:
    pieces = remaining and -(-remaining // CHUNK)
    return progress(answer.iter_content(CHUNK), pieces, f"download {file.name}", "MiB")


def _failure(file: RemoteFile, have: int, why: str) -> str:
    if not have:
        return f"{file.name} cannot be downloaded: {why}"
    of = f" of {file.size:,}" if file.size is not None else ""
    return (
        f"the download of {file.name} broke off after {have:,}{of} bytes ({why}); run the same command again to go "
        "on from there"
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
