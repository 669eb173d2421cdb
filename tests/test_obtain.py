"""Archives at hand are checked; downloads, from a server of our own, are whole or not there."""

import base64
import hashlib
import io
import json
import shutil
import tracemalloc
import zipfile
from collections import Counter, namedtuple
from dataclasses import replace

import pytest
from loopback import KAGGLE, serving
from unprivileged import anybodys_folder, forbidden, needs_permissions

from fingerspell import progress
from fingerspell.datasets import at_hand, http, obtain
from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.errors import FingerspellError

ASL, ARASL, SYNTHETIC = DATASETS["asl_alphabet"], DATASETS["arasl"], DATASETS["synthetic_asl"]
PHOTOS, AASL = DATASETS["asl_photos"], DATASETS["aasl"]
LABELS = b"#,File_Name,Class\n1,AIN (1).JPG,ain\n"
CSV = "ArSL_Data_Labels.csv"


def packed(dataset, without=(), per_class=2, more=()):
    """A zip in the published layout, a few bytes for every image."""
    out = io.BytesIO()
    folder = dataset.folders["train"]
    with zipfile.ZipFile(out, "w") as writer:
        for label in dataset.classes:
            for number in range(1, per_class + 1 + (label in more)):
                if label not in without:
                    writer.writestr(f"{folder}/{folder}/{label}/{label}{number}.jpg", f"{label}{number}" * 50)
                    if dataset is ARASL:
                        writer.writestr(f"{folder}/{label}/{label.upper()} ({number}).jpg", b"image" * 50)
    return out.getvalue()


def sha(data):
    return hashlib.sha256(data).hexdigest()


def there(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def archives(tmp_path, monkeypatch):
    monkeypatch.delenv(at_hand.VARIABLE, raising=False)
    monkeypatch.setattr(http, "CHUNK", 1000)
    monkeypatch.setattr(http, "BACKOFF", 0)
    return tmp_path / "archives"


# -- at hand --------------------------------------------------------------------------------------------


def put(dataset, folder, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / dataset.archive).write_bytes(data)
    return folder / dataset.archive


def test_an_archive_at_hand_is_used_without_network_and_its_extent_is_told(archives, capsys):
    path = put(ASL, archives, packed(ASL))
    assert obtain.obtain(ASL, archives) == path
    assert (
        "58 images of ASL Alphabet, which has 87,028 as published (train 58 of 87,000, test 0 of 28)\n"
        in capsys.readouterr().out
    )
    assert there(archives) == [ASL.archive], "a record is made of what is fetched alone"


def test_a_whole_archive_is_called_whole(archives, capsys):
    small = replace(ASL, counts={"train": dict.fromkeys(ASL.classes, 2), "test": {}})
    put(small, archives, packed(small))
    obtain.obtain(small, archives)
    assert "all 58 published images" in capsys.readouterr().out


def test_more_images_than_published_are_told(archives, capsys):
    small = replace(ASL, counts={"train": dict.fromkeys(ASL.classes, 2), "test": {}})
    put(small, archives, packed(small, more=("Q", "B")))
    obtain.obtain(small, archives)
    assert "more than published in train/B (3 instead of 2), train/Q (3 instead of 2)" in capsys.readouterr().out


def test_as_many_images_in_other_classes_are_not_called_whole(archives, capsys):
    small = replace(ASL, counts={"train": Counter(dict.fromkeys(ASL.classes, 2)) + Counter(A=1, B=-1), "test": {}})
    put(small, archives, packed(small))
    obtain.obtain(small, archives)
    told = capsys.readouterr().out
    assert "58 images of ASL Alphabet, which has 58 as published" in told and "train/B (2 instead of 1)" in told


def test_the_variable_names_another_folder(archives, tmp_path, monkeypatch):
    put(ASL, archives, b"never looked at")
    path = put(ASL, tmp_path / "mine", packed(ASL))
    monkeypatch.setenv(at_hand.VARIABLE, str(tmp_path / "mine"))
    assert obtain.obtain(ASL, archives) == path
    monkeypatch.setenv(at_hand.VARIABLE, str(tmp_path / "nowhere"))
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


def encrypt(data, members):
    """Set the flag that says so, in the headers of some members and in the directory."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        wanted = {info.orig_filename.encode() for info in archive.infolist() if members in info.orig_filename}
    data = bytearray(data)
    for signature, flags, length, name in ((b"PK\3\4", 6, 26, 30), (b"PK\1\2", 8, 28, 46)):
        at = data.find(signature)
        while at >= 0:
            if (
                bytes(data[at + name : at + name + int.from_bytes(data[at + length : at + length + 2], "little")])
                in wanted
            ):
                data[at + flags] |= 1
            at = data.find(signature, at + 1)
    return bytes(data)


def test_an_archive_that_is_encrypted_is_called_so(archives):
    path = put(ASL, archives, encrypt(packed(ASL), "asl_alphabet_train"))
    with pytest.raises(FingerspellError) as error:
        obtain.obtain(ASL, archives)
    told = f"none of the 58 images in {path} is read (58 encrypted); unpack it and zip it again without a password, or "
    assert str(error.value).startswith(told)


def test_a_class_that_is_encrypted_is_called_so(archives):
    put(ASL, archives, encrypt(packed(ASL), "/Q/"))
    with pytest.raises(FingerspellError, match=r"for class Q that are read \(not read: 2 encrypted\); add them or"):
        obtain.obtain(ASL, archives)


def test_what_is_not_read_of_a_good_archive_is_told(archives, capsys):
    put(ASL, archives, encrypt(packed(ASL), "Q1.jpg"))
    obtain.obtain(ASL, archives)
    assert "57 images of ASL Alphabet" in (told := capsys.readouterr().out) and told.endswith(
        "; not read: 1 encrypted\n"
    )


@needs_permissions
def test_an_archive_without_permission_is_not_to_be_downloaded_again(monkeypatch):
    monkeypatch.delenv(at_hand.VARIABLE, raising=False)
    with anybodys_folder() as folder:
        told_of_permissions(folder)


def told_of_permissions(folder):
    path = put(ASL, folder, packed(ASL))
    record = path.with_name(f"{path.name}.sha256")
    with forbidden(path), pytest.raises(FingerspellError) as error:
        obtain.obtain(ASL, folder)
    assert str(error.value) == f"the archive {path} cannot be opened: Permission denied; change its permissions"
    record.write_text(f"{sha(path.read_bytes())}  {path.name}\n")
    for closed in (path, record):
        with forbidden(closed), pytest.raises(FingerspellError) as error:
            obtain.obtain(ASL, folder)
        assert str(error.value) == f"{closed} cannot be read: Permission denied; change its permissions"
    with forbidden(folder), pytest.raises(FingerspellError, match="Permission denied; change its perm"):
        obtain.obtain(ASL, folder)


def test_an_archive_of_the_published_size_must_have_the_published_hash(archives):
    data = packed(SYNTHETIC)
    put(SYNTHETIC, archives, data)
    obtain.obtain(replace(SYNTHETIC, size=len(data), sha256=sha(data)), archives)
    with pytest.raises(FingerspellError, match=r"size of the published archive, but not its SHA-256.*in a browser"):
        obtain.obtain(replace(SYNTHETIC, size=len(data)), archives)
    obtain.obtain(SYNTHETIC, archives)  # of another size: packed anew, or a part


def test_a_record_that_cannot_be_read_is_named(archives):
    path = put(ASL, archives, packed(ASL))
    for text in (b"", b"\xff", b"0" * 64, f"{'0' * 64}  other.zip\n".encode()):
        path.with_name(f"{path.name}.sha256").write_bytes(text)
        with pytest.raises(FingerspellError, match=r"asl-alphabet\.zip\.sha256 is no record of .*; delete it"):
            obtain.obtain(ASL, archives)


def test_a_record_that_is_a_folder_is_named(archives):
    path = put(ASL, archives, packed(ASL))
    path.with_name(f"{path.name}.sha256").mkdir()
    with pytest.raises(FingerspellError, match=r"asl-alphabet\.zip\.sha256 is no record of .*; delete it"):
        obtain.obtain(ASL, archives)


# -- Mendeley Data --------------------------------------------------------------------------------------


@pytest.fixture
def published(server):
    server.files = {ARASL.archive: packed(ARASL), CSV: LABELS, "Signs_32_New.png": b""}
    return server


LEFT = [CSV, f"{CSV}.sha256"]  # what is there when the archive did not arrive
ALL = sorted([*LEFT, ARASL.archive, f"{ARASL.archive}.sha256"])


def fetch(archives, server):
    return obtain.obtain(ARASL, archives, server.url)


def test_mendeley_archive_and_labels_arrive(archives, published):
    path = fetch(archives, published)
    assert path.read_bytes() == published.files[ARASL.archive]
    assert there(archives) == ALL
    assert path.with_name(f"{path.name}.sha256").read_text() == f"{sha(path.read_bytes())}  {path.name}\n"
    assert all("fingerspell/" in one.agent for one in published.requests)
    published.requests.clear()
    assert fetch(archives, published) == path
    assert published.requests == []


def test_a_download_that_breaks_off_goes_on_where_it_was(archives, published):
    published.cuts = [None, 5_500, 4_000]
    path = fetch(archives, published)
    assert path.read_bytes() == published.files[ARASL.archive]
    # The address is one that moved: every request is made twice.
    assert published.asked(".zip") == [None, None, *["bytes=5000-"] * 2, *["bytes=9000-"] * 2]


def test_what_arrived_is_kept_for_the_next_run_but_not_under_the_final_name(archives, published):
    published.cuts = [None, 5_500] + [0] * http.REPEATS
    with pytest.raises(FingerspellError, match=r"broke off after 5,000 of .*run the same command again.*in a browser"):
        fetch(archives, published)
    assert there(archives) == sorted([f"{ARASL.archive}.partial", *LEFT])
    published.cuts, published.requests = [], []
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]
    assert set(published.asked(".zip")) == {"bytes=5000-"}
    assert there(archives) == ALL


def test_a_download_waits_longer_and_longer_before_it_goes_on(archives, published, monkeypatch):
    waits = []
    monkeypatch.setattr(http, "BACKOFF", 1.0)
    monkeypatch.setattr(http.time, "sleep", waits.append)
    published.cuts = [None, 5_500, 0, 0, 1_000, 0]
    fetch(archives, published)
    assert waits == [1, 2, 4, 1, 2], "and soon again, once something has come"


def test_a_server_that_falls_silent_is_asked_for_the_rest(archives, published, monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT", (1, 0.2))
    published.stalls = [0, 1]
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]
    assert published.asked(".zip")[-1].startswith("bytes=")


def test_a_slow_body_arrives(archives, published):
    published.stalls = [0.2, 0.2]
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]
    assert published.asked(".zip") == [None, None]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again(archives, published, status):
    published.passing = [status, status, 200, status, 200, status]
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]


def test_a_server_may_say_how_long_to_wait_but_not_for_ever(archives, published, monkeypatch):
    waits = []
    monkeypatch.setattr(http, "PATIENCE", 7)
    monkeypatch.setattr("urllib3.util.retry.time.sleep", waits.append)
    published.passing, published.retry_after = [429, 503], "3600"
    fetch(archives, published)
    assert waits == [7, 7]


@pytest.mark.parametrize("status", [429, 500])
def test_a_server_that_stays_in_trouble_is_left(archives, published, status):
    published.status = status
    with pytest.raises(FingerspellError, match=rf"answered {status} .*in a browser"):
        fetch(archives, published)
    assert len(published.requests) == 1 + http.REPEATS
    assert there(archives) == []


def test_a_server_without_ranges_is_asked_from_the_start(archives, published):
    published.ranges, published.cuts = False, [None, 5_500]
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]


def test_an_end_too_early_is_noticed_where_no_length_is_told(archives, published):
    published.lengths, published.cuts = False, [None, 5_500]
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]
    assert published.asked("file/ArASL_Database_54K_Final.zip") == [None, "bytes=5500-"]


def test_a_partial_file_of_something_else_is_never_taken_for_the_archive(archives, published):
    archives.mkdir()
    partial = archives / f"{ARASL.archive}.partial"
    for stale in (b"x" * 100, b"x" * (len(published.files[ARASL.archive]) + 10)):
        partial.write_bytes(stale)
        with pytest.raises(FingerspellError, match="is not the published file"):
            fetch(archives, published)
        assert there(archives) == LEFT
    fetch(archives, published)


def test_a_wrong_hash_is_refused(archives, published):
    published.hashes[ARASL.archive] = "0" * 64
    with pytest.raises(FingerspellError, match=r"ArASL_Database_54K_Final\.zip is not the published file.*SHA-256"):
        fetch(archives, published)
    assert there(archives) == LEFT


def test_a_wrong_size_is_noticed_before_the_download(archives, published):
    size = len(published.files[ARASL.archive])
    published.sizes[ARASL.archive] = 5
    with pytest.raises(
        FingerspellError, match=rf"Final\.zip is not the published file \({size:,} bytes instead of 5\)"
    ):
        fetch(archives, published)
    assert there(archives) == LEFT


def test_a_file_that_changed_after_it_was_fetched_is_refused(archives, published):
    path = fetch(archives, published)
    path.write_bytes(packed(ARASL, per_class=3))
    with pytest.raises(
        FingerspellError, match=r"is not what was fetched.*delete ArASL_Database_54K_Final\.zip to fetch"
    ):
        fetch(archives, published)
    path.unlink()
    fetch(archives, published)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_says_which_file_to_put_where_by_hand(archives, published, status):
    published.status = status
    with pytest.raises(FingerspellError) as error:
        fetch(archives, published)
    message = str(error.value)
    for part in (f"answered {status}", f"download {ARASL.archive} in a browser", ARASL.page, str(archives)):
        assert part in message
    assert there(archives) == []


def entry(**details):
    known = {"sha256_hash": "0" * 64, "size": 5, "download_url": "http://127.0.0.1/x"}
    return json.dumps([{"filename": CSV, "content_details": known | details}]).encode()


@pytest.mark.parametrize(
    ("listing", "message"),
    [
        (b"<html></html>", "something else than a list"),
        (b"[" * 100_000, "something else than a list"),  # deeper than Python follows
        (b"\xff\xfe\xff", "something else than a list"),
        (b"7" * 5000, "something else than a list"),  # more digits than Python reads
        (b'{"error": 1}', "unknown form"),
        (b"7", "unknown form"),
        (b"null", "unknown form"),
        (b'"files"', "unknown form"),
        (b'[["x"]]', "unknown form"),
        (b'[{"filename": "x"}]', "unknown form"),
        (b'[{"filename": ["x"], "content_details": {}}]', "unknown form"),
        (b'[{"filename": "x", "content_details": null}]', "unknown form"),
        (entry(size=float("inf")), "has the size inf"),
        (entry(size=float("nan")), "has the size nan"),
        (entry(size=-5), "has the size -5"),
        (entry(size=10**400), "has the size 10000"),
        (entry(size="much"), "has the size 'much'"),
        (entry(size=None), "has the size None"),
        (entry(size=True), "has the size True"),
        (entry(sha256_hash="0" * 63), "has the SHA-256 '000"),
        (entry(sha256_hash=7), "unknown form"),
        (entry(download_url=None), "has no address"),
        (entry(download_url="nowhere"), "names an address that is none"),
        (entry(download_url="file:///etc/passwd"), r"names an address that is none .*file:///etc/passwd"),
        (b"[]", "no longer lists ArSL_Data_Labels.csv"),
    ],
)
def test_a_strange_list_of_files(archives, published, listing, message):
    published.listing = listing
    with pytest.raises(FingerspellError, match=message) as error:
        fetch(archives, published)
    assert str(error.value).endswith(
        f"download {ARASL.archive} in a browser from {ARASL.page} and put it into {archives}"
    )
    assert there(archives) == []


def test_a_list_of_files_without_end_is_not_read_to_its_end(archives, published, monkeypatch):
    monkeypatch.setattr(http, "LARGEST_LISTING", 2**20)
    published.listing = b"[" + b" " * 2**26 + b"]"
    tracemalloc.start()
    with pytest.raises(
        FingerspellError, match=r"answered more than the 1 MiB that a list of files can have; or download"
    ):
        fetch(archives, published)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 2**26, "the server's own, in this process, and what is sent of it"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("http://[bad/x", "names an address that is none"),
        ("http://127.0.0.1:99999/x", "names an address that is none"),
        ("http://127.0.0.1:port/x", "names an address that is none"),
        (f"http://{'a' * 70}.org/", "names an address that is none"),
        ("/\xff", "names an address that is none"),  # no UTF-8
        ("file:///etc/passwd", "names an address that is none .*file:///etc/passwd"),
        ("ftp://127.0.0.1/x", "names an address that is none"),
        ("/moved/again", "redirects without end"),
    ],
)
def test_a_strange_redirection_is_told_at_once(archives, published, monkeypatch, location, message):
    monkeypatch.setattr(http.time, "sleep", lambda _: pytest.fail("it is no better later"))
    published.location = location
    with pytest.raises(
        FingerspellError, match=rf"Labels\.csv cannot be downloaded: the server {message}.*in a browser"
    ):
        fetch(archives, published)
    assert there(archives) == []


@pytest.mark.parametrize("location", ["http://[bad/x", "/\xff", "/public-api/moved"])
def test_a_list_of_files_that_moves_strangely(archives, published, location):
    published.location = location
    with pytest.raises(FingerspellError, match=r"list of files at .* cannot be had: the server (names|answered 404)"):
        obtain.fetch(replace(ARASL, mendeley=("../../moved", 1)), archives, published.url)


def test_a_size_of_nothing_is_no_file_that_is_there(archives, published):
    published.sizes[ARASL.archive] = 0
    with pytest.raises(FingerspellError, match=r"is not the published file \([0-9,]+ bytes instead of 0\)"):
        fetch(archives, published)
    published.files[ARASL.archive] = b""  # as the list says
    with pytest.raises(FingerspellError, match="cut short or is no zip"):
        fetch(archives, published)


def test_a_file_of_no_bytes_that_is_published_so_arrives(archives, published):
    published.files[CSV] = b""
    fetch(archives, published)
    assert there(archives) == ALL and (archives / CSV).read_bytes() == b""


def test_a_server_that_has_no_such_range_is_asked_for_the_whole_and_then_left(archives, published):
    published.passing = [200, 200, 416]
    with pytest.raises(FingerspellError, match=r"answered 416 .*in a browser"):
        fetch(archives, published)
    assert there(archives) == []


@pytest.mark.parametrize("length", ["", "-5", "many", "1e3", "²", "9" * 5000])
def test_a_strange_length_is_as_good_as_none(archives, published, length):
    published.headers = {"Content-Length": length, "Connection": "close"}
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]


def test_a_length_that_never_comes_is_told(archives, published):
    published.headers = {"Content-Length": "9" * 20, "Connection": "close"}
    with pytest.raises(FingerspellError, match=r"cannot be downloaded: the answer ended early; or download"):
        fetch(archives, published)


def test_two_lengths_are_told(archives, published, monkeypatch):
    monkeypatch.setattr(http.time, "sleep", lambda _: pytest.fail("it is no better later"))
    published.headers = {"Content-Length": "5, 7"}
    with pytest.raises(FingerspellError, match=r"cannot be downloaded: InvalidHeader: .*in a browser"):
        fetch(archives, published)


@pytest.mark.parametrize("place", ["", "bytes", "bytes x-y/z", "bytes 0-99/100", "bytes -1-5/6", "\xff", "5000"])
def test_a_part_that_is_not_the_one_asked_for_is_not_taken(archives, published, place):
    archives.mkdir()
    (archives / f"{ARASL.archive}.partial").write_bytes(published.files[ARASL.archive][:5000])
    published.headers = {"Content-Range": place}
    assert fetch(archives, published).read_bytes() == published.files[ARASL.archive]
    assert published.asked("file/ArASL_Database_54K_Final.zip") == ["bytes=5000-", None]


def test_a_record_that_stands_in_the_way_is_told_before_the_download(archives, published):
    (archives / f"{ARASL.archive}.sha256").mkdir(parents=True)
    with pytest.raises(FingerspellError, match=r"Final\.zip\.sha256 is no record of .*; delete it"):
        fetch(archives, published)
    assert published.asked(".zip") == []


def test_a_file_in_place_of_the_folder_is_told(archives, published):
    archives.write_text("mine")
    with pytest.raises(FingerspellError, match=r"cannot be written to .*archives: File exists; make room or correct"):
        fetch(archives, published)


def test_a_server_that_is_not_there(archives, server):
    server.server_close()
    with pytest.raises(FingerspellError, match=r"no connection to the server.*in a browser"):
        fetch(archives, server)


def test_a_full_disk_is_noticed_before(archives, published, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 10**6))
    with pytest.raises(FingerspellError, match=r"0\.0 GB free and needs 0\.3 GB; make room"):
        fetch(archives, published)
    assert there(archives) == []


# -- GitHub ---------------------------------------------------------------------------------------------

REPOSITORY, COMMIT = PHOTOS.github
RECORD = "asl-photos.zip.sha256"


def repository(per_class=2, without=()):
    """A zip as GitHub packs a commit: below a folder of its name, with the code and a test part."""
    out, top = io.BytesIO(), f"ASLAlphabets-{COMMIT}"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr(f"{top}/cnn.py", "import keras")
        for label in PHOTOS.classes:
            name = label.capitalize()
            for number in range(per_class):
                if label not in without:
                    writer.writestr(f"{top}/train/{name}/{name}{number}.jpg", f"{name}{number}" * 50)
            writer.writestr(f"{top}/test/{name}/{name}0.jpg", b"another" * 50)
    return out.getvalue()


@pytest.fixture
def github(server):
    """The server in GitHub's place, which tells no length."""
    server.files, server.lengths, server.ranges = {COMMIT: repository()}, False, False
    return server


def clone(archives, server):
    return obtain.obtain(PHOTOS, archives, github_url=server.url)


def test_github_archive_of_the_pinned_commit_arrives_and_is_recorded(archives, github, capsys):
    path = clone(archives, github)
    assert path.read_bytes() == github.files[COMMIT]
    assert there(archives) == [PHOTOS.archive, RECORD]
    assert path.with_name(RECORD).read_text() == f"{sha(path.read_bytes())}  {PHOTOS.archive}\n"
    assert [one.path for one in github.requests] == [f"/{REPOSITORY}/zip/{COMMIT}"]
    assert "58 images of ASL Alphabets, which has 29,000 as published" in capsys.readouterr().out
    assert clone(archives, github) == path and len(github.requests) == 1


def test_a_log_tells_how_far_a_download_is_that_nobody_knows_the_length_of(archives, github, monkeypatch, capsys):
    monkeypatch.setattr(progress, "PAUSE", 0)
    clone(archives, github)
    assert "download asl-photos.zip: 3 MiB\n" in capsys.readouterr().err


def test_github_archive_cut_short_is_told_and_never_gets_the_name(archives, github):
    """Without a length nothing but the zip itself tells that its end is missing."""
    github.cuts = [len(github.files[COMMIT]) - 30]
    with pytest.raises(FingerspellError) as error:
        clone(archives, github)
    for part in ("what arrived for asl-photos.zip is damaged", "cut short", "was deleted; run the same command again"):
        assert part in str(error.value)
    assert there(archives) == []
    clone(archives, github)


def test_github_download_that_breaks_off_begins_again(archives, github):
    github.lengths, github.cuts = True, [5_500]
    assert clone(archives, github).read_bytes() == github.files[COMMIT]
    assert [one.range for one in github.requests] == [None, "bytes=5000-"]


def test_github_archive_that_changes_is_refused_ever_after(archives, github):
    path = clone(archives, github)
    first = path.read_bytes()
    path.write_bytes(repository(per_class=3))
    with pytest.raises(FingerspellError, match=r"is not what was fetched.*delete asl-photos\.zip to fetch it again"):
        clone(archives, github)
    path.unlink()
    github.files[COMMIT] = repository(per_class=3)
    with pytest.raises(FingerspellError, match=r"is not what was fetched before.*delete asl-photos\.zip\.sha256 first"):
        clone(archives, github)
    assert there(archives) == [RECORD]
    github.files[COMMIT] = first
    clone(archives, github)


def test_github_refusal_names_an_address_that_a_browser_takes(archives, github):
    del github.files[COMMIT]
    with pytest.raises(FingerspellError) as error:
        clone(archives, github)
    address = f"https://github.com/{REPOSITORY}/archive/{COMMIT}.zip"
    assert f"answered 404 Not Found; or download {address} in a browser" in str(error.value)
    assert str(error.value).endswith(f"put it into {archives} as asl-photos.zip")
    assert there(archives) == []


def test_github_archive_without_a_class_is_refused(archives, github):
    github.files[COMMIT] = repository(without=("del",))
    with pytest.raises(FingerspellError, match="no images in train for class del"):
        clone(archives, github)


def test_class_folders_at_the_root_are_the_photographs_too(archives, capsys):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writer:
        for label in PHOTOS.classes:
            writer.writestr(f"{label.capitalize()}/{label.capitalize()}0.jpg", b"image")
    put(PHOTOS, archives, out.getvalue())
    obtain.obtain(PHOTOS, archives)
    assert "29 images of ASL Alphabets" in capsys.readouterr().out


# -- Kaggle, with its real client -----------------------------------------------------------------------


@pytest.fixture
def kaggle(server, monkeypatch, tmp_path):
    """The server in Kaggle's place, and no credentials."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    from kagglesdk import kaggle_env  # private, and so kept in this one place

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, server.url)
    server.files = {"kaggle.zip": packed(ASL)}
    server.dataset = replace(ASL, size=len(packed(ASL)))
    return server


WHOLE = ["asl-alphabet.zip", "asl-alphabet.zip.sha256"]
REFUSED = {"": 403, "Bearer good": 302, "Bearer bad": 401, "Bearer hasty": 403}
KEY = f"Basic {base64.b64encode(b'someone:secret').decode()}"


def test_kaggle_archive_arrives_in_the_pinned_version_and_is_recorded(archives, kaggle):
    path = obtain.obtain(kaggle.dataset, archives)
    assert path.read_bytes() == kaggle.files["kaggle.zip"]
    assert there(archives) == WHOLE
    assert sha(path.read_bytes()) in path.with_name(WHOLE[1]).read_text()
    asked = json.loads(kaggle.requests[0].body)
    assert asked == asked | {
        "ownerSlug": "grassknoted",
        "datasetSlug": "asl-alphabet",
        "datasetVersionNumber": 1,
    }


def test_kaggle_archive_of_aasl_arrives_in_its_newest_version(archives, kaggle, capsys):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writer:
        for folder in AASL.aliases:
            writer.writestr(f"RGB ArSL dataset/{folder.title()}/1.jpg", f"{folder}" * 50)
    kaggle.files["kaggle.zip"] = out.getvalue()
    path = obtain.obtain(AASL, archives)
    assert path.read_bytes() == out.getvalue()
    assert f"31 images of {AASL.title}, which has 7,857 as published" in capsys.readouterr().out
    asked = json.loads(kaggle.requests[0].body)
    assert (asked["ownerSlug"], asked["datasetSlug"]) == tuple(AASL.kaggle.split("/"))
    assert not asked.get("datasetVersionNumber")


def test_kaggle_archive_of_aasl_without_a_class_is_refused(archives):
    put(AASL, archives, packed(AASL, without=("toot",)))
    with pytest.raises(FingerspellError, match="no images in RGB ArSL dataset for class toot"):
        obtain.obtain(AASL, archives)


def test_kaggle_archive_that_changes_is_refused_ever_after(archives, kaggle):
    path = obtain.obtain(kaggle.dataset, archives)
    path.unlink()
    data = bytearray(kaggle.files["kaggle.zip"])
    data[10] ^= 1  # a date: sizes and checksums stay
    kaggle.files["kaggle.zip"] = bytes(data)
    with pytest.raises(FingerspellError, match=r"is not what was fetched before.*asl-alphabet\.zip\.sha256"):
        obtain.obtain(kaggle.dataset, archives)
    assert there(archives) == WHOLE[1:]
    path.with_name(WHOLE[1]).unlink()
    obtain.obtain(kaggle.dataset, archives)


@pytest.mark.parametrize("wrong", [{"size": 5}, {"sha256": "0" * 64}])
def test_kaggle_archive_that_is_not_the_published_one_is_refused(archives, kaggle, wrong):
    with pytest.raises(FingerspellError, match=r"is not the published file .*in a browser"):
        obtain.obtain(replace(kaggle.dataset, **wrong), archives)
    assert there(archives) == []


def test_kaggle_archive_with_a_damaged_member_is_not_recorded(archives, kaggle):
    kaggle.files["kaggle.zip"] = kaggle.files["kaggle.zip"].replace(b"Q1" * 50, b"Q9" * 50)
    with pytest.raises(FingerspellError, match=r"asl-alphabet\.zip is damaged .*Q1\.jpg.* and was deleted"):
        obtain.obtain(kaggle.dataset, archives)
    assert there(archives) == []


def test_kaggle_download_goes_on_in_the_next_run(archives, kaggle):
    kaggle.cuts = [None, 5_500] + [0] * http.REPEATS  # the first is the client's, which looks at the head alone
    with pytest.raises(FingerspellError, match="broke off after 5,000 of"):
        obtain.obtain(kaggle.dataset, archives)
    kaggle.requests.clear()
    obtain.obtain(kaggle.dataset, archives)
    assert [one.range for one in kaggle.requests if one.path == "/file/kaggle.zip"][-1] == "bytes=5000-"
    assert there(archives) == WHOLE


@pytest.mark.parametrize("status", [429, 500])
def test_kaggle_in_trouble_is_asked_again(archives, kaggle, status):
    kaggle.passing = [status, status]
    obtain.obtain(kaggle.dataset, archives)
    kaggle.status = status
    (archives / ASL.archive).unlink()
    with pytest.raises(FingerspellError, match=rf"answered {status} .*in a browser"):
        obtain.obtain(kaggle.dataset, archives)


def test_kaggle_that_never_answers_is_left(archives, kaggle, monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT", (1, 0.1))
    monkeypatch.setattr(http, "REPEATS", 1)
    kaggle.process_request_thread = lambda request, _: kaggle.shut.append(request)  # hold it, say nothing
    kaggle.shut = []
    with pytest.raises(FingerspellError, match="did not answer in time"):
        obtain.obtain(kaggle.dataset, archives)


def test_kaggle_is_asked_without_account_first_then_with_token_then_with_key(archives, kaggle, monkeypatch, tmp_path):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "bad")
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle/kaggle.json").write_text('{"username": "someone", "key": "secret"}')
    obtain.obtain(kaggle.dataset, archives)
    assert {one.auth for one in kaggle.requests} == {None}, "a public dataset needs no credentials"
    (archives / ASL.archive).unlink()
    kaggle.requests.clear()
    kaggle.logins = REFUSED
    obtain.obtain(kaggle.dataset, archives)
    assert [one.auth for one in kaggle.requests if one.path == KAGGLE] == [None, "Bearer bad", KEY]


@pytest.mark.parametrize(
    ("files", "variables", "told"),
    [
        (
            {},
            {},
            (
                "refused grassknoted/asl-alphabet/1 without an account (403);",
                "accept the terms on https://www.kaggle.com/datasets/grassknoted/asl-alphabet",
                "make a token on https://www.kaggle.com/settings and put it into ~/.kaggle/access_token",
            ),
        ),
        (
            {"access_token": "bad"},
            {},
            (
                "without an account (403), then with the token of ~/.kaggle/access_token (401);",
                "make a new token on https://www.kaggle.com/settings and put it in place of the token of ~/.kaggle",
            ),
        ),
        (
            {},
            {"KAGGLE_API_TOKEN": "hasty"},
            ("then with the token of KAGGLE_API_TOKEN (403);", "same account and accept the terms on https://www"),
        ),
        (
            {"access_token": "bad"},
            {"KAGGLE_USERNAME": "a", "KAGGLE_KEY": "b"},
            ("(403), then with the token of ~/.kaggle/access_token (401), then with the user and key of KAGGLE_USER",),
        ),
        ({"kaggle.json": "{}"}, {}, ("kaggle.json holds no user and key; get it anew from",)),
    ],
)
def test_kaggle_refusal_says_what_was_used_and_what_to_do(
    archives, kaggle, monkeypatch, tmp_path, files, variables, told
):
    kaggle.logins = REFUSED | {f"Basic {base64.b64encode(b'a:b').decode()}": 401}
    (tmp_path / ".kaggle").mkdir()
    for name, text in files.items():
        (tmp_path / ".kaggle" / name).write_text(text)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(FingerspellError) as error:
        obtain.obtain(kaggle.dataset, archives)
    for part in (*told, "download asl-alphabet.zip in a browser", ASL.page, str(archives)):
        assert part in str(error.value), str(error.value)
    assert "\n" not in str(error.value) and "secret" not in str(error.value)
    assert there(archives) == []


@pytest.mark.parametrize("answer", [b"[" * 100_000, b"[1]", b"7", b'{"code": "x"}', b'{"code": 500}', b"{"])
def test_kaggle_answer_of_an_unknown_form_is_told(archives, kaggle, answer):
    kaggle.logins, kaggle.denial = {"": 200}, answer
    kaggle.headers = {"Content-Type": "application/json"}
    with pytest.raises(FingerspellError, match=r"cannot be (asked for|downloaded).*in a browser"):
        obtain.obtain(kaggle.dataset, archives)
    assert there(archives) == []


def test_kaggle_storage_that_refuses_is_not_answered_with_credentials(archives, kaggle, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "good")
    kaggle.passing = [200, 403]
    with pytest.raises(FingerspellError, match="answered 403"):
        obtain.obtain(kaggle.dataset, archives)
    assert {one.auth for one in kaggle.requests} == {None}
