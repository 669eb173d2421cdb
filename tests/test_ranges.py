"""An archive on object storage is read by range: as from disk, never whole, and never mistaken for a damaged one."""

import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import Repository
from loopback import serving
from test_own_signs import BURSTS, zipped

from fingerspell.audit import scan
from fingerspell.config import DatasetSettings
from fingerspell.datasets import own
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive, write_pointer
from fingerspell.datasets.published.ranges import TAIL
from fingerspell.errors import FingerspellError, Unreachable
from fingerspell.preparation import arrays
from stages import failures

SLACK = 300  # bytes beside a member's own: its header, its name, and room for an extra field


@pytest.fixture
def server():
    with serving() as server:
        yield server


def content(number: int) -> bytes:
    return np.random.default_rng(number).bytes(20_000 + number)


def fill(path: Path, names: list[str]) -> bytes:
    with zipfile.ZipFile(path, "w") as writer:
        for number, name in enumerate(names):
            writer.writestr(name, content(number), zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED)
    return path.read_bytes()


def asked(server) -> list[int]:
    """How many bytes each request wanted; every one must name a range."""
    sizes = []
    for one in server.requests:
        if one.method == "GET":
            first, _, last = one.range.removeprefix("bytes=").partition("-")
            sizes.append(int(last) - int(first) + 1)
    return sizes


def test_the_directory_is_read_once_and_each_member_by_one_range(server, tmp_path):
    names = [f"{number:0150d}.jpg" for number in range(500)]  # long ones: the directory does not fit into the tail
    server.files["set.zip"] = fill(tmp_path / "set.zip", names)
    directory = sum(46 + len(name) for name in names)
    with Archive(f"{server.url}/file/set.zip") as archive:
        assert archive.names == names and archive.refused == {}
        assert asked(server) == [TAIL, pytest.approx(directory + 22 - TAIL, abs=0)]
        server.requests.clear()
        for number in (7, 300, 8):
            assert archive.read(names[number]) == content(number)
        assert len(asked(server)) == 3
        assert sum(asked(server)) <= sum(20_000 + number + SLACK for number in (7, 300, 8))
        server.requests.clear()
        archive.fetch(names[20:30])
        assert len(asked(server)) == 10 and sum(asked(server)) <= 10 * (20_030 + SLACK)
        assert [archive.read(name) for name in names[20:30]] == [content(number) for number in range(20, 30)]
        assert len(asked(server)) == 10, "what was fetched is not asked for again"
        assert archive.read(names[20]) == content(20) and len(asked(server)) == 11, "and not held for ever"


def test_what_is_refused_on_disk_is_refused_by_range(tmp_path):
    import fsspec

    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as writer:
        for name in ("../out.jpg", "/etc/passwd", "a/1.jpg", "a/2.jpg", "b\\c.jpg"):
            writer.writestr(name, name.encode() * 50)
        link = zipfile.ZipInfo("link.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        writer.writestr(link, b"/etc/passwd")
    path.write_bytes(path.read_bytes().replace(b"a/1.jpga/1.jpg", b"a/1.jpga/1.jpX"))
    fsspec.filesystem("memory").pipe_file("/set.zip", path.read_bytes())
    with Archive(path) as near, Archive("memory://set.zip") as far:
        assert far.refused == near.refused and len(far.refused) == 4
        assert far.names == near.names == ["a/1.jpg", "a/2.jpg"]
        assert far.read("a/2.jpg") == near.read("a/2.jpg")
        assert far.reference.directory == near.reference.directory
        for archive in (near, far):
            with pytest.raises(FingerspellError, match=r"'a/1\.jpg' in .* is damaged: bad CRC"):
                archive.read("a/1.jpg")
            with pytest.raises(FingerspellError, match=r"out\.jpg.*leaves the archive"):
                archive.read("../out.jpg")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ranges": False}, r"set\.zip cannot be read by range: .* were asked for, .* came; put it where ranges are"),
        ({"status": 404}, r"set\.zip cannot be read \(FileNotFoundError.*check the address, your rights"),
        ({"status": 403}, r"set\.zip cannot be read \(.*check the address, your rights"),
    ],
)
def test_a_server_without_ranges_rights_or_the_file_is_told(server, tmp_path, change, told):
    server.files["set.zip"] = fill(tmp_path / "set.zip", [f"{number}.jpg" for number in range(9)])
    for key, value in change.items():
        setattr(server, key, value)
    with pytest.raises(FingerspellError, match=told):
        Archive(f"{server.url}/file/set.zip")


def test_a_protocol_that_nobody_knows_and_what_is_no_zip_are_told(server):
    with pytest.raises(FingerspellError, match=r"gopher://x/set\.zip cannot be read \(ValueError: Protocol not known"):
        Archive("gopher://x/set.zip")
    server.files["set.zip"] = b"no zip" * 20_000
    with pytest.raises(FingerspellError, match=r"set\.zip is cut short or is no zip archive .*; put it there again"):
        Archive(f"{server.url}/file/set.zip")


def settings(path: str) -> DatasetSettings:
    return DatasetSettings(source="own", path=path)


def test_a_storage_that_goes_away_ends_the_audit_and_makes_no_picture_unreadable(server, tmp_path):
    names = [f"{sign}/{number}.png" for sign in ("fist", "thumb") for number in range(60)]
    server.files["set.zip"] = zipped(tmp_path / "set.zip", names).read_bytes()
    (tmp_path / "mine").mkdir()
    dataset = own.pack("mine", settings(f"{server.url}/file/set.zip"), tmp_path / "mine")
    with Archive(tmp_path / "mine/mine.zip") as archive:
        server.status = 503
        with pytest.raises(Unreachable, match=r"set\.zip cannot be read .*503") as error:
            scan.scan(dataset, archive)
        with pytest.raises(Unreachable, match="503"):
            archive.read(names[0])
    assert failures.told(error.value) == (1, str(error.value))


def test_a_pointer_leads_to_the_archive_that_it_was_made_of_and_to_no_other(server, tmp_path):
    server.files["set.zip"] = zipped(tmp_path / "set.zip", BURSTS).read_bytes()
    url = f"{server.url}/file/set.zip"
    with Archive(url) as archive:
        write_pointer(archive, tmp_path / "pointer.zip")
    with Archive(tmp_path / "pointer.zip") as archive:
        assert archive.path == url and archive.names == sorted(BURSTS)
    server.files["set.zip"] = zipped(tmp_path / "set.zip", BURSTS[:-1]).read_bytes()
    with pytest.raises(FingerspellError, match=r"set\.zip is not what .*pointer\.zip was made of; run `dvc repro`"):
        Archive(tmp_path / "pointer.zip")


def test_a_reference_opens_the_archive_again_and_no_other(tmp_path):
    path = zipped(tmp_path / "set.zip", BURSTS)
    with Archive(path) as archive:
        reference = archive.reference
        assert reference.opened() is archive
    again = reference.opened()
    assert again is not archive and again.names == sorted(BURSTS) and reference.opened() is again
    zipped(tmp_path / "other.zip", BURSTS[:-1]).replace(path)
    with Archive(path) as other:
        assert other.reference != reference
    zipped(tmp_path / "third.zip", BURSTS[1:]).replace(path)
    with pytest.raises(FingerspellError, match=r"set\.zip is another archive than the work began with"):
        other.reference.opened()


@pytest.mark.parametrize("names", [["all/thumb/1.jpg", "all/fist/1.jpg"], ["thumb/1.jpg", "fist/1.jpg", "fist/a.txt"]])
def test_a_zip_that_must_be_packed_anew_is_not_read_where_it_lies(server, tmp_path, names):
    server.files["set.zip"] = zipped(tmp_path / "set.zip", names).read_bytes()
    told = r"set\.zip holds (all/fist/1\.jpg|fist/a\.txt), which is no picture in the folder of a sign; put"
    with pytest.raises(FingerspellError, match=told):
        own.pack("mine", settings(f"{server.url}/file/set.zip"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]


# Object storage, and DVC


@pytest.fixture
def storage(monkeypatch):
    """The address of a bucket on loopback, and how to put a file there."""
    boto3, s3fs = pytest.importorskip("boto3"), pytest.importorskip("s3fs")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for key, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(key, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="signs")
    s3fs.S3FileSystem.clear_instance_cache()  # one that is kept asks the server of an earlier test
    yield lambda path: client.upload_file(str(path), "signs", path.name)
    server.stop()


@pytest.mark.slow
def test_a_dataset_on_object_storage_is_audited_and_prepared_where_it_lies(storage, tmp_path):
    """By DVC, with the bytes that a copy gives; a changed archive is looked at again."""
    names = [f"{sign}/{burst}/{number}.png" for sign in ("fist", "thumb") for burst in "ab" for number in range(40)]
    path = zipped(tmp_path / "set.zip", names)
    storage(path)
    repository = Repository(tmp_path / "study")

    def mine(params: dict) -> None:
        params["datasets"] |= {
            "far": {"source": "own", "path": "s3://signs/set.zip"},
            "near": {"source": "own", "path": str(path)},
        }

    repository.change(mine)
    audits = repository.folder / "data/audit"
    repository("dvc", "repro", "audit@far", "audit@near")
    for suffix in (".csv", ".npy", ".json", "-findings.csv"):
        assert (audits / f"far{suffix}").read_bytes() == (audits / f"near{suffix}").read_bytes()
    raw = repository.folder / "data/raw"
    assert (raw / "far/far.zip").stat().st_size < 200 < path.stat().st_size
    assert "up to date" in repository("dvc", "status", "audit@far", "download@far")
    pixels = []
    for name in ("far", "near"):
        dataset = catalogue.held(raw / name)
        with Archive(raw / name / dataset.archive) as archive:
            arrays.write_images(archive, archive.names, tmp_path / f"{name}.npy", 16, 3, "bilinear")
        pixels.append((tmp_path / f"{name}.npy").read_bytes())
    assert pixels[0] == pixels[1]

    zipped(path, [*names, "fist/c/1.png"])
    storage(path)
    told = repository.stage("audit", "far", status=1)
    assert "s3://signs/set.zip is not what data/raw/far/far.zip was made of; run `dvc repro`" in told
    assert "changed deps" in repository("dvc", "status", "download@far")
    repository("dvc", "repro", "audit@far")
    assert len((audits / "far.csv").read_text().splitlines()) == len(names) + 2


@pytest.mark.slow
def test_a_bucket_or_object_that_is_not_there_is_told(storage, tmp_path):
    for url in ("s3://signs/none.zip", "s3://none/set.zip"):
        with pytest.raises(FingerspellError, match=rf"{url} cannot be read \(FileNotFoundError.*check the address"):
            Archive(url)
