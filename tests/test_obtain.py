"""Archives at hand are checked; downloads, from servers of our own, are whole or not there."""

import hashlib
import io
import json
import shutil
import threading
import zipfile
from collections import namedtuple
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fingerspell.datasets import mendeley, obtain
from fingerspell.datasets.catalogue import DATASETS
from fingerspell.errors import FingerspellError

ASL, ARASL = DATASETS["asl_alphabet"], DATASETS["arasl"]
LABELS = b"#,File_Name,Class\n1,AIN (1).JPG,ain\n"


def packed(dataset, without=(), per_class=2):
    """A zip in the published layout, a few bytes for every image."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writer:
        for label in dataset.classes:
            for number in range(1, per_class + 1):
                if label not in without:
                    folder = dataset.folders["train"]
                    writer.writestr(f"{folder}/{folder}/{label}/{label}{number}.jpg", f"{label}{number}" * 50)
                    if dataset is ARASL:
                        writer.writestr(f"{folder}/{label}/{label.upper()} ({number}).jpg", b"image" * 50)
    return out.getvalue()


class Server(ThreadingHTTPServer):
    """Plays Mendeley Data and Kaggle, obligingly or not."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that hangs up early is part of the game

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files = {}  # name -> bytes
        self.announced = {}  # name -> SHA-256, where it is to differ from the truth
        self.listing = None  # an answer in place of the list of files
        self.status = 200  # of every answer but redirections
        self.cuts = []  # after how many bytes the next answers break off
        self.ranges = True
        self.lengths = True
        self.requests = []  # (method, path, Range, User-Agent, body)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.note()
        name = self.path.rpartition("/")[2]
        if self.server.status != 200:
            self.answer(self.server.status, b"no")
        elif self.path == "/public-api/datasets/y7pckrw6z2/files?folder_id=root&version=1":
            self.answer(200, self.server.listing or self.listing())
        elif name in self.server.files:
            self.send_file(self.server.files[name])
        else:
            self.answer(404, b"not here")

    def do_POST(self):
        self.note(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.server.status != 200:
            self.answer(self.server.status, b"{}")
        elif self.path == "/v1/datasets.DatasetApiService/DownloadDataset":
            self.answer(302, b"", Location=f"{self.server.url}/storage/kaggle.zip")
        else:
            self.answer(404, b"{}")

    def note(self, body=""):
        self.server.requests.append(
            (self.command, self.path, self.headers.get("Range"), self.headers.get("User-Agent"), body)
        )

    def listing(self):
        return json.dumps(
            [
                {
                    "filename": name,
                    "id": "1",
                    "size": len(data),
                    "content_details": {
                        "sha256_hash": self.server.announced.get(name) or hashlib.sha256(data).hexdigest(),
                        "size": len(data),
                        "download_url": f"{self.server.url}/file/{name}",
                    },
                }
                for name, data in self.server.files.items()
            ]
        ).encode()

    def send_file(self, data):
        start, headers, status = 0, {"Accept-Ranges": "bytes", "ETag": '"1"'}, 200
        if self.server.ranges and "Range" in self.headers:
            start, status = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")), 206
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        if start > len(data):
            return self.answer(416, b"")
        self.answer(status, data[start:], cut=self.server.cuts.pop(0) if self.server.cuts else None, **headers)

    def answer(self, status, body, cut=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.server.lengths:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def archives(tmp_path, monkeypatch):
    monkeypatch.delenv(obtain.VARIABLE, raising=False)
    monkeypatch.setattr(mendeley, "CHUNK", 1000)
    return tmp_path / "archives"


@pytest.fixture
def published(server):
    server.files = {ARASL.archive: packed(ARASL), "ArSL_Data_Labels.csv": LABELS, "Signs_32_New.png": b""}
    return server


# -- at hand --------------------------------------------------------------------------------------------


def put(dataset, folder, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / dataset.archive).write_bytes(data)
    return folder / dataset.archive


def test_an_archive_at_hand_is_used_without_network_and_its_extent_is_told(archives, capsys):
    path = put(ASL, archives, packed(ASL))
    assert obtain.obtain(ASL, archives) == path
    assert "58 images of ASL Alphabet, which has 87,028 as published" in capsys.readouterr().out


def test_a_whole_archive_is_called_whole(archives, capsys):
    small = replace(ASL, counts={"train": dict.fromkeys(ASL.classes, 2), "test": {}})
    put(small, archives, packed(small))
    obtain.obtain(small, archives)
    assert "all 58 published images" in capsys.readouterr().out


def test_the_variable_names_another_folder(archives, tmp_path, monkeypatch):
    put(ASL, archives, b"never looked at")
    path = put(ASL, tmp_path / "mine", packed(ASL))
    monkeypatch.setenv(obtain.VARIABLE, str(tmp_path / "mine"))
    assert obtain.obtain(ASL, archives) == path
    monkeypatch.setenv(obtain.VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(FingerspellError, match=r"FINGERSPELL_ARCHIVES names .*nowhere, which is no folder"):
        obtain.obtain(ASL, archives)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            packed(ASL, without=("Q",)),
            "has no images in asl_alphabet_train for class Q; add them or download",
        ),
        (packed(ASL, without=("Q", "del")), "for classes Q, del"),
        (packed(ARASL), "is not the archive of ASL Alphabet"),
        (packed(ASL)[:-30], "cut short or is no zip"),
        (b"<html>sign in</html>", "cut short or is no zip"),
    ],
)
def test_a_wrong_archive_at_hand_is_refused_and_left_alone(archives, data, message):
    path = put(ASL, archives, data)
    with pytest.raises(FingerspellError) as error:
        obtain.obtain(ASL, archives)
    assert message in str(error.value) and str(path) in str(error.value)
    assert path.read_bytes() == data


# -- Mendeley Data --------------------------------------------------------------------------------------


def fetch(archives, server):
    return obtain.obtain(ARASL, archives, server.url)


def there(folder):
    return sorted(path.name for path in folder.iterdir())


def test_mendeley_archive_and_labels_arrive(archives, published):
    path = fetch(archives, published)
    assert path.read_bytes() == published.files[ARASL.archive]
    assert there(archives) == ["ArASL_Database_54K_Final.zip", "ArSL_Data_Labels.csv"]
    assert all("fingerspell/" in agent for _, _, _, agent, _ in published.requests)
    published.requests.clear()
    assert fetch(archives, published) == path
    assert published.requests == []


def test_a_download_that_breaks_off_goes_on_where_it_was(archives, published):
    published.cuts = [None, 5_500, 4_000]
    path = fetch(archives, published)
    assert path.read_bytes() == published.files[ARASL.archive]
    ranges = [request[2] for request in published.requests if request[1].endswith(".zip")]
    assert ranges == [None, "bytes=5000-", "bytes=9000-"]


def test_what_arrived_is_kept_for_the_next_run_but_not_under_the_final_name(archives, published):
    published.cuts = [None, 5_500, 0, 0, 0]
    with pytest.raises(FingerspellError, match=r"broke off after 5,000 of .*run the same command again.*in a browser"):
        fetch(archives, published)
    assert there(archives) == ["ArASL_Database_54K_Final.zip.partial", "ArSL_Data_Labels.csv"]
    published.cuts, published.requests = [], []
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]
    assert [request[2] for request in published.requests] == [None, "bytes=5000-"]
    assert "ArASL_Database_54K_Final.zip.partial" not in there(archives)


def test_a_server_without_ranges_is_asked_from_the_start(archives, published):
    published.ranges, published.cuts = False, [None, 5_500]
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]


def test_an_end_too_early_is_noticed_where_no_length_is_told(archives, published):
    published.lengths, published.cuts = False, [None, 5_500]
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]
    assert [request[2] for request in published.requests] == [None, None, None, "bytes=5500-"]


def test_a_partial_file_of_something_else_is_never_taken_for_the_archive(archives, published):
    archives.mkdir()
    partial = archives / f"{ARASL.archive}.partial"
    for stale in (b"x" * 100, b"x" * (len(published.files[ARASL.archive]) + 10)):
        partial.write_bytes(stale)
        with pytest.raises(FingerspellError, match="is not the published file"):
            fetch(archives, published)
        assert there(archives) == ["ArSL_Data_Labels.csv"]
    fetch(archives, published)


def test_a_wrong_hash_is_refused(archives, published):
    published.announced[ARASL.archive] = "0" * 64
    with pytest.raises(FingerspellError, match=r"ArASL_Database_54K_Final\.zip is not the published file.*SHA-256"):
        fetch(archives, published)
    assert there(archives) == ["ArSL_Data_Labels.csv"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_says_which_file_to_put_where_by_hand(archives, published, status):
    published.status = status
    with pytest.raises(FingerspellError) as error:
        fetch(archives, published)
    message = str(error.value)
    for part in (f"answered {status}", f"download {ARASL.archive} in a browser", ARASL.page, str(archives)):
        assert part in message
    assert there(archives) == []


@pytest.mark.parametrize(
    ("listing", "message"),
    [
        (b"<html></html>", "something else than a list"),
        (b'{"error": 1}', "unknown form"),
        (b'[{"filename": "x"}]', "unknown form"),
        (b"[]", "no longer lists ArSL_Data_Labels.csv"),
    ],
)
def test_a_strange_list_of_files(archives, published, listing, message):
    published.listing = listing
    with pytest.raises(FingerspellError, match=message):
        fetch(archives, published)
    assert there(archives) == []


def test_a_server_that_is_not_there(archives, server, monkeypatch):
    monkeypatch.setattr(mendeley, "BACKOFF", 0)
    server.server_close()
    with pytest.raises(FingerspellError, match=r"no connection to the server.*in a browser"):
        fetch(archives, server)


def test_a_full_disk_is_noticed_before(archives, published, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 10**6))
    with pytest.raises(FingerspellError, match=r"0\.0 GB free and needs 0\.3 GB; make room"):
        fetch(archives, published)
    assert there(archives) == []


# -- Kaggle, with its real client -----------------------------------------------------------------------


@pytest.fixture
def kaggle(server, monkeypatch, tmp_path):
    """The server in Kaggle's place, and no credentials."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    from kagglesdk import kaggle_env  # private, and so kept in this one place

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, server.url)
    server.files = {"kaggle.zip": packed(ASL)}
    server.dataset = replace(ASL, size=len(packed(ASL)))
    return server


def test_kaggle_archive_arrives_in_the_pinned_version(archives, kaggle):
    path = obtain.obtain(kaggle.dataset, archives)
    assert path.read_bytes() == kaggle.files["kaggle.zip"]
    assert there(archives) == ["asl-alphabet.zip"]
    asked = json.loads(kaggle.requests[0][4])
    assert asked == asked | {
        "ownerSlug": "grassknoted",
        "datasetSlug": "asl-alphabet",
        "datasetVersionNumber": 1,
    }


@pytest.mark.parametrize("wrong", [{"size": 5}, {"sha256": "0" * 64}])
def test_kaggle_archive_that_is_not_the_published_one_is_refused(archives, kaggle, wrong):
    with pytest.raises(FingerspellError, match=r"is not the published version 1 .*in a browser"):
        obtain.obtain(replace(kaggle.dataset, **wrong), archives)
    assert there(archives) == []


def test_kaggle_refusal_says_what_to_do_by_hand(archives, kaggle):
    kaggle.status = 403
    with pytest.raises(FingerspellError) as error:
        obtain.obtain(kaggle.dataset, archives)
    for part in ("403", "download asl-alphabet.zip in a browser", ASL.page, str(archives)):
        assert part in str(error.value)
    assert not (archives / ASL.archive).exists()


def test_kaggle_client_that_ends_the_process_is_caught(archives, kaggle, monkeypatch):
    import kaggle as client

    def leave(*_, **__):
        raise SystemExit(1)

    monkeypatch.setattr(client.api, "dataset_download_files", leave)
    with pytest.raises(FingerspellError, match=r"kaggle client gave up.*in a browser"):
        obtain.obtain(kaggle.dataset, archives)
