"""A server on loopback that plays Kaggle, Mendeley Data, GitHub and the storage of Keras, obligingly or not."""

import hashlib
import json
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LISTING = "/public-api/datasets/y7pckrw6z2/files?folder_id=root&version=1"
KAGGLE = "/v1/datasets.DatasetApiService/DownloadDataset"
Request = namedtuple("Request", "method path range agent auth body")


class Server(ThreadingHTTPServer):
    """What it does is set on its attributes; what it was asked stands in `requests`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}  # in Mendeley's listing, where they are to differ from the truth
        self.hashes: dict[str, str] = {}  # likewise
        self.listing: bytes | None = None  # an answer in place of the list of files
        self.status = 200  # of every answer but redirections
        self.passing: list[int] = []  # statuses of the next answers, before all is well again
        self.retry_after: str | None = None  # sent with an error
        self.logins: dict[str, int] = {}  # status that Kaggle gives to "", "Bearer x" or "Basic x"; else a file
        self.denial = b'{"message": "Permission denied"}'  # what Kaggle then says
        self.cuts: list[int | None] = []  # after how many bytes the next files break off
        self.stalls: list[float] = []  # how many seconds the next files rest in the middle
        self.location: str | None = None  # to which every /moved/ address leads, in place of the file's own
        self.headers: dict[str, str] = {}  # of files, in place of the true ones
        self.ranges = True
        self.lengths = True
        self.requests: list[Request] = []

    def asked(self, ending: str) -> list[str | None]:
        """Return the ranges asked of a file; None stands for the whole."""
        return [one.range for one in self.requests if one.path.endswith(ending)]

    def handle_error(self, request, client_address) -> None:
        pass  # a client that hangs up early is part of the game


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.note()
        if self.refuses():
            return
        name = self.path.rpartition("/")[2]
        if self.path == LISTING:
            self.answer(200, self.server.listing or self.listing())
        elif self.path.startswith("/moved/"):
            self.answer(302, b"", Location=self.server.location or self.path.replace("/moved/", "/file/"))
        elif name in self.server.files:
            self.send_file(self.server.files[name])
        else:
            self.answer(404, b"not here")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.note(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.refuses():
            return
        status = self.server.logins.get(self.headers.get("Authorization", ""), 302)
        if self.path != KAGGLE:
            self.answer(404, b"{}")
        elif status != 302:
            self.answer(status, self.server.denial, **self.server.headers)
        else:
            self.answer(302, b"", Location=f"{self.server.url}/moved/kaggle.zip")

    def note(self, body: str = "") -> None:
        of = self.headers.get
        self.server.requests.append(
            Request(self.command, self.path, of("Range"), of("User-Agent"), of("Authorization"), body)
        )

    def refuses(self) -> bool:
        status = self.server.passing.pop(0) if self.server.passing else self.server.status
        if status != 200:
            self.answer(status, b"no", **({"Retry-After": self.server.retry_after} if self.server.retry_after else {}))
        return status != 200

    def listing(self) -> bytes:
        entries = []
        for name, data in self.server.files.items():
            details = {
                "sha256_hash": self.server.hashes.get(name) or hashlib.sha256(data).hexdigest(),
                "size": self.server.sizes.get(name, len(data)),
                "download_url": f"{self.server.url}/moved/{name}",
            }
            entries.append({"filename": name, "id": "1", "size": len(data), "content_details": details})
        return json.dumps(entries).encode()

    def send_file(self, data: bytes) -> None:
        start, last, headers, status = 0, len(data) - 1, {"Accept-Ranges": "bytes", "ETag": '"1"'}, 200
        if self.server.ranges and "Range" in self.headers:
            first, _, end = self.headers["Range"].removeprefix("bytes=").partition("-")
            start, last, status = int(first), min(int(end or last), last), 206
            headers["Content-Range"] = f"bytes {start}-{last}/{len(data)}"
        if start >= len(data) > 0:
            return self.answer(416, b"", **{"Content-Range": f"bytes */{len(data)}"})
        cut = self.server.cuts.pop(0) if self.server.cuts else None
        stall = self.server.stalls.pop(0) if self.server.stalls else 0
        self.answer(status, data[start : last + 1], cut, stall, **headers | self.server.headers)

    def answer(self, status: int, body: bytes, cut: int | None = None, stall: float = 0, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.server.lengths and "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        if not self.server.lengths or cut is not None:
            self.close_connection = True
        self.end_headers()
        body = b"" if self.command == "HEAD" else body[:cut]
        if stall:
            self.wfile.write(body[: len(body) // 2])
            time.sleep(stall)
            body = body[len(body) // 2 :]
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server for as long as the block lasts."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
