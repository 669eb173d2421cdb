"""Nothing in a hostile or damaged zip is trusted, and the rest of it stays usable."""

import stat
import struct
import sys
import time
import tracemalloc
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from unprivileged import anybodys_folder, forbidden, needs_permissions

from fingerspell.datasets.published.archive import LARGEST_MEMBER, Archive
from fingerspell.datasets.rendered import packing
from fingerspell.errors import FingerspellError
from fingerspell.models.common import saved


@pytest.fixture
def path(tmp_path):
    return tmp_path / "images.zip"


def test_lists_files_sorted_and_reads_them(path):
    with zipfile.ZipFile(path, "w") as writer:
        writer.mkdir("b")
        writer.writestr("b/2.jpg", b"two")
        writer.writestr("a/1.jpg", b"one", zipfile.ZIP_DEFLATED)
    with Archive(path) as archive:
        assert archive.names == ["a/1.jpg", "b/2.jpg"]
        assert [archive.read(name) for name in archive.names] == [b"one", b"two"]
        assert archive.refused == {}
        with pytest.raises(FingerspellError, match=r"c\.jpg.*no such member"):
            archive.read("c.jpg")


@pytest.mark.parametrize("length", [0, 28, 64, 65, 5000])
def test_extra_fields_of_any_length_are_passed_over(path, length):
    """The library reads ahead for short ones; what a long one pushes out of that must be read too."""
    content = bytes(range(256)) * 40
    with zipfile.ZipFile(path, "w") as writer:
        info = zipfile.ZipInfo("a.jpg")
        info.extra = (struct.pack("<HH", 0x7075, length - 4) + bytes(length - 4)) if length else b""
        writer.writestr(info, content)
        writer.writestr("b.jpg", b"after it")
    with Archive(path) as archive:
        assert archive.read("a.jpg") == content
        assert archive.read("b.jpg") == b"after it"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "absolute"),
        ("C:/a.jpg", "absolute"),
        ("../a.jpg", "leaves the archive"),
        ("a/../../b.jpg", "leaves the archive"),
        ("a\\b.jpg", "backslash"),
        ("a\nb.jpg", "unprintable"),
        ("a\0b.jpg", "unprintable"),
    ],
)
def test_wicked_names_are_refused(path, name, reason):
    with zipfile.ZipFile(path, "w") as writer:
        info = zipfile.ZipInfo("x")
        info.filename = name
        writer.writestr(info, b"wicked")
        writer.writestr("good.jpg", b"good")
    with Archive(path) as archive:
        assert archive.names == ["good.jpg"]
        assert reason in archive.refused[name]
        assert archive.read("good.jpg") == b"good"
        with pytest.raises(FingerspellError, match=reason):
            archive.read(name)


@pytest.mark.parametrize(("kind", "reason"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "special file")])
def test_links_and_special_files_are_refused(path, kind, reason):
    with zipfile.ZipFile(path, "w") as writer:
        info = zipfile.ZipInfo("a.jpg")
        info.external_attr = (kind | 0o777) << 16
        writer.writestr(info, b"/etc/passwd")
    with Archive(path) as archive:
        assert archive.names == []
        assert archive.refused == {"a.jpg": reason}


def test_a_name_there_twice_is_refused(path):
    with zipfile.ZipFile(path, "w") as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in (b"1", b"2", b"3"):
            writer.writestr("a.jpg", data)
        writer.writestr("b.jpg", b"4")
    with Archive(path) as archive:
        assert archive.names == ["b.jpg"]
        assert "more than once" in archive.refused["a.jpg"]


def test_a_huge_member_is_refused(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as writer:
        writer.writestr("bomb.jpg", bytes(LARGEST_MEMBER + 1))
        writer.writestr("large.jpg", bytes(LARGEST_MEMBER))
    with Archive(path) as archive:
        assert archive.names == ["large.jpg"]
        assert "64 MiB" in archive.refused["bomb.jpg"]


def test_a_member_that_lies_about_its_size_is_not_inflated_whole(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("a.jpg", bytes(10_000_000))
    _patch(path, b"PK\x01\x02", 24, "<I", 1000)  # the directory's idea of the uncompressed size
    tracemalloc.start()
    with Archive(path) as archive, pytest.raises(FingerspellError, match=r"a\.jpg.*damaged"):
        archive.read("a.jpg")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_encrypted_and_unusual_compression_are_refused(path):
    with zipfile.ZipFile(path, "w") as writer:
        writer.writestr("lzma.jpg", b"x" * 100, zipfile.ZIP_LZMA)
        writer.writestr("secret.jpg", b"secret")
    _patch(path, b"PK\x01\x02", 8, "<H", 1, last=True)
    with Archive(path) as archive:
        assert archive.refused == {"lzma.jpg": "unusual compression", "secret.jpg": "encrypted"}


def test_a_name_that_is_not_the_utf_8_it_is_said_to_be_costs_its_member_alone(path):
    with zipfile.ZipFile(path, "w") as writer:
        for name in ("B/é.jpg", "A/1.jpg", "A/ö.jpg"):
            writer.writestr(name, name.encode())
        writer.comment = b"PK\1\2 is in the comment too"
    path.write_bytes(path.read_bytes().replace("B/é".encode(), b"B/\xe9\xe9"))
    with pytest.raises(UnicodeDecodeError):
        zipfile.ZipFile(path)
    with Archive(path) as archive:
        assert archive.names == ["A/1.jpg", "A/ö.jpg"]
        assert archive.refused == {r"B/\xe9\xe9.jpg": "name in invalid UTF-8"}
        assert [archive.read(name) for name in archive.names] == [b"A/1.jpg", "A/ö.jpg".encode()]
        with pytest.raises(FingerspellError, match="is not read: name in invalid UTF-8"):
            archive.read(r"B/\xe9\xe9.jpg")


@needs_permissions
def test_a_file_without_permission_is_told_of_that():
    with anybodys_folder() as folder:
        zipfile.ZipFile(folder / "images.zip", "w").close()
        with forbidden(folder / "images.zip"), pytest.raises(FingerspellError) as error:
            Archive(folder / "images.zip")
        told = f"the archive {folder}/images.zip cannot be opened: Permission denied; change its permissions"
        assert str(error.value) == told


@pytest.mark.parametrize("seconds", [1000, 4_600_000_000])  # 1970, 2115: a zip knows the years 1980 to 2107
def test_what_is_packed_does_not_depend_on_the_clock(path, tmp_path, monkeypatch, seconds):
    def pack(target):
        with zipfile.ZipFile(target, "w") as writer:
            packing.add(writer, "a.jpg", b"image")
        return target.read_bytes()

    before, local = pack(path), time.localtime
    monkeypatch.setattr(time, "time", lambda: seconds)
    monkeypatch.setattr(time, "localtime", lambda when=seconds: local(when))
    assert pack(tmp_path / "later.zip") == before
    with pytest.raises(FingerspellError, match=r"the clock of this machine says (1970|2115), .*; set the clock"):
        saved.save_classifier(None, tmp_path / "classifier.skops")
    assert not (tmp_path / "classifier.skops").exists()


def test_damaged_member_is_named_and_the_others_are_read(path):
    with zipfile.ZipFile(path, "w") as writer:
        writer.writestr("a.jpg", b"first image")
        writer.writestr("b.jpg", b"second image")
    path.write_bytes(path.read_bytes().replace(b"first image", b"fiRst image"))
    with Archive(path) as archive:
        with pytest.raises(FingerspellError, match=r"a\.jpg.*damaged"):
            archive.read("a.jpg")
        assert archive.read("b.jpg") == b"second image"


@pytest.mark.parametrize("keep", [0, 1, 30, 200, -1])
def test_cut_short_or_foreign_file(path, keep):
    with zipfile.ZipFile(path, "w") as writer:
        writer.writestr("a.jpg", b"x" * 1000)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FingerspellError, match=r"images\.zip is cut short or is no zip.*download it again"):
        Archive(path)


def test_missing_file_and_folder(path):
    with pytest.raises(FingerspellError, match=r"images\.zip cannot be opened: No such file"):
        Archive(path)
    path.mkdir()
    with pytest.raises(FingerspellError, match=r"images\.zip cannot be opened"):
        Archive(path)


def test_many_threads_read_the_right_bytes(path):
    interval = sys.getswitchinterval()
    contents = {f"{i:03d}.jpg": bytes([i % 251]) * (1000 + 37 * i) for i in range(300)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, data in contents.items():
            writer.writestr(name, data)
    sys.setswitchinterval(1e-6)  # seconds: threads change places in the worst moments
    try:
        with Archive(path) as archive, ThreadPoolExecutor(8) as pool:
            for _ in range(5):
                assert list(pool.map(archive.read, archive.names)) == list(contents.values())
    finally:
        sys.setswitchinterval(interval)


def _patch(path, signature, offset, form, value, last=False):
    data = bytearray(path.read_bytes())
    start = data.rindex(signature) if last else data.index(signature)
    struct.pack_into(form, data, start + offset, value)
    path.write_bytes(data)
