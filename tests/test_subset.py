"""Every n-th image of a published archive is chosen as by hand, and the zip of them is the same wherever it is made."""

import errno
import random
import stat
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from fingerspell.errors import FingerspellError
from fingerspell.files import sha256
from tools import subset

ROOT = Path(__file__).parent.parent
TRAIN = "asl_alphabet_train/asl_alphabet_train"
TEST = "asl_alphabet_test/asl_alphabet_test"
ALPHABET = [
    *(f"{TRAIN}/A/A{number}.jpg" for number in range(1, 26)),
    *(f"{TRAIN}/del/del{number}.jpg" for number in range(1, 31)),
    f"{TEST}/A_test.jpg",
    "about.txt",
]
TENTH = [
    "about.txt",
    f"{TEST}/A_test.jpg",
    f"{TRAIN}/A/A10.jpg",
    f"{TRAIN}/A/A20.jpg",
    f"{TRAIN}/del/del10.jpg",
    f"{TRAIN}/del/del20.jpg",
    f"{TRAIN}/del/del30.jpg",
]


def pack(path: Path, names, date=(1999, 12, 31, 23, 59, 58), compression=zipfile.ZIP_STORED, mode=0) -> Path:
    """Write a zip whose members each hold their own name, in the order given."""
    with zipfile.ZipFile(path, "w") as out:
        for name in names:
            entry = zipfile.ZipInfo(name, date)
            entry.external_attr = mode << 16
            out.writestr(entry, f"bytes of {name}" * 9, compression)
    return path


def listed(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def chosen(tmp_path: Path, names, every: int, **options) -> list[str]:
    subset.write(pack(tmp_path / "in.zip", names), tmp_path / "out.zip", every, **options)
    return listed(tmp_path / "out.zip")


@pytest.fixture
def source(tmp_path) -> Path:
    return pack(tmp_path / "in.zip", ALPHABET)


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out.zip"


def test_numbers_from_one_and_all_else_is_kept(tmp_path):
    assert chosen(tmp_path, ALPHABET, 10) == TENTH


def test_numbers_from_nought_in_class_folders(tmp_path):
    names = ["boxes.csv", *(f"A/A{number}.jpg" for number in range(30)), "B/B7.PNG", "B/B8.PNG"]
    assert chosen(tmp_path, names, 10) == ["A/A0.jpg", "A/A10.jpg", "A/A20.jpg", "B/B7.PNG", "boxes.csv"]


def test_gaps_do_not_count_and_the_same_number_twice_does(tmp_path):
    names = [f"Del/D{number}.jpg" for number in (0, 1, 2, 6, 7, 11, 12)]
    names += ["No/N0.jpg", "No/Nc0.jpg", "No/Nc1.jpg", "No/N2.jpg", "No/Nc2.jpg", "No/N3.jpg", "No/Nc10.jpg"]
    assert chosen(tmp_path, names, 3) == [
        *("Del/D0.jpg", "Del/D12.jpg", "Del/D6.jpg"),
        *("No/N0.jpg", "No/N2.jpg", "No/Nc10.jpg"),
    ]


def test_no_class_is_lost(tmp_path):
    """Neither a small one, nor much of one whose first number that divides comes late."""
    names = [*(f"A/{number}.jpg" for number in (3, 5, 9)), *(f"B/{number}.jpg" for number in (1, 3, 5, 7, 9, 10))]
    assert chosen(tmp_path, names, 5) == ["A/5.jpg", "B/5.jpg"]
    assert chosen(tmp_path, names, 2) == ["A/3.jpg", "A/9.jpg", "B/1.jpg", "B/5.jpg", "B/9.jpg"]
    assert chosen(tmp_path, ["A/one.jpg", "A/two.jpg", "A/three.jpg"], 2) == ["A/one.jpg", "A/two.jpg"]


def test_numbers_count_one_after_the_other(tmp_path):
    names = ["A/take2_9.jpg", "A/take10_1.jpg", "A/take2_10.jpg", "A/take1_11.jpg"]
    assert chosen(tmp_path, names, 2) == ["A/take1_11.jpg", "A/take2_10.jpg"]
    assert subset.every_nth([f"A/{'9' * 5000}.jpg", "A/1.jpg"], 1) == ["A/1.jpg", f"A/{'9' * 5000}.jpg"]


def test_the_order_of_names_is_of_no_account():
    names = ["A/N0.jpg", "A/Nc0.jpg", "A/N1.jpg", "A/Nc1.jpg"]
    assert subset.every_nth(names[::-1], 3) == subset.every_nth(names, 3) == ["A/N0.jpg", "A/Nc1.jpg"]


def test_numbers_of_folders_do_not_count(tmp_path):
    names = ["1/ArASL_Database_54K_Final/ain/AIN (2).jpg", "2/ArASL_Database_54K_Final/ain/AIN (1).jpg"]
    assert chosen(tmp_path, names, 3) == [names[1]]


def test_one_takes_all(tmp_path):
    assert chosen(tmp_path, ALPHABET, 1) == sorted(ALPHABET)


def test_the_layout_of_arasl_and_of_synthetic_asl(tmp_path):
    folder = "ArASL_Database_54K_Final/ain"
    names = [f"{folder}/AIN ({number}).{'JPG' if number % 2 else 'jpg'}" for number in range(1, 14)]
    assert chosen(tmp_path, names, 5) == [f"{folder}/AIN (10).jpg", f"{folder}/AIN (5).JPG"]
    train = [f"Train_Alphabet/A/{name}.png" for name in ("a-b", "c-d", "e-f", "g-h")]
    test = [f"Test_Alphabet/A/{name}.png" for name in ("i-j", "k-l", "m-n")]
    assert chosen(tmp_path, [*train, *test, "overview.png"], 2) == [*test, train[0], train[2], "overview.png"]


def test_what_belongs_to_no_class_is_no_class_image(tmp_path):
    odd = ["__MACOSX/A/._1.jpg", "A/.hidden/1.jpg", "A/.hidden/2.jpg", "A/notes.txt", "1.jpg", "2.jpg"]
    assert chosen(tmp_path, [*odd, "A/1.jpg", "A/2.jpg", "A//3.jpg", "A//4.jpg"], 2) == sorted(
        [*odd, "A/2.jpg", "A//4.jpg"]
    )


def test_a_layout_may_be_named(tmp_path):
    arasl = [f"ArASL_Database_54K_Final/ain/AIN ({number}).jpg" for number in range(1, 5)]
    names = [*arasl, f"{TRAIN}/A/A1.jpg", f"{TRAIN}/A/A2.jpg"]
    assert chosen(tmp_path, names, 2) == sorted([arasl[1], arasl[3], *names[4:]])
    assert chosen(tmp_path, names, 2, dataset="asl_alphabet") == sorted([*arasl, names[5]])


def test_a_folder_of_the_archive_becomes_the_root(tmp_path):
    names = ["repo-1/README.md", "repo-1/training/A/A0.jpg", *(f"repo-1/train/A/A{number}.jpg" for number in range(4))]
    for folder in ("repo-1/train", "repo-1/train/"):
        assert chosen(tmp_path, names, 2, folder=folder) == ["A/A0.jpg", "A/A2.jpg"]
        with zipfile.ZipFile(tmp_path / "out.zip") as archive:
            assert archive.read("A/A2.jpg").startswith(b"bytes of repo-1/train/A/A2.jpg")


def test_members_are_as_they_were(source, out):
    subset.write(source, out, 10)
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(out) as after:
        for entry in after.infolist():
            assert after.read(entry) == before.read(entry.filename)
            assert entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
            assert entry.date_time == (2020, 1, 1, 0, 0, 0) and entry.external_attr >> 16 == 0o644


def test_the_bytes_are_these(source, out):
    """On any machine, with any release of Python; a change that is meant changes every recipe's archive."""
    said = subset.write(source, out, 10)
    assert sha256(out) == "eda24b5096cd9cd03d92fafa53b2440a0a78527ab945e50f286bce8dece4aeda"
    assert sha256(out) in said
    assert "class images: 5 of 55, classes: 2, other files: 2" in said and "unsafe" not in said


def test_the_bytes_depend_on_names_and_contents_alone(source, out, monkeypatch):
    subset.write(source, out, 10)
    expected = out.read_bytes()
    subset.write(source, out, 10)
    assert out.read_bytes() == expected
    names = random.Random(0).sample([*ALPHABET, f"{TRAIN}/A/"], len(ALPHABET) + 1)
    pack(source, names, (2024, 2, 29, 1, 2, 4), zipfile.ZIP_DEFLATED, stat.S_IFREG | 0o600)
    subset.write(source, out, 10)
    assert out.read_bytes() == expected
    monkeypatch.setattr(zipfile.sys, "platform", "win32")
    subset.write(source, out, 10)
    assert out.read_bytes() == expected


def test_a_subset_of_a_subset(source, out, tmp_path):
    subset.write(source, out, 5)
    subset.write(out, tmp_path / "again.zip", 2)
    assert listed(tmp_path / "again.zip") == TENTH


def test_unsafe_members_are_left_out_and_told(tmp_path, out):
    source = pack(tmp_path / "in.zip", ["A/1.jpg", "../A/2.jpg", "/A/3.jpg", "A/4.jpg"])
    said = subset.write(source, out, 1)
    assert listed(out) == ["A/1.jpg", "A/4.jpg"]
    assert "left out as unsafe to read: 2, the first '../A/2.jpg' (path that leaves the archive)" in said


def test_memory_holds_one_member(tmp_path, out):
    source = tmp_path / "in.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for number in range(30):
            archive.writestr(f"A/{number}.jpg", bytes(1_000_000))
    tracemalloc.start()
    subset.write(source, out, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(listed(out)) == 30 and peak < 6_000_000


@pytest.mark.parametrize(
    ("names", "every", "options", "sentence"),
    [
        (ALPHABET, 0, {}, r"--every is 0; give 1 or more"),
        (ALPHABET, -3, {}, r"--every is -3; give 1 or more"),
        (ALPHABET, 2, {"dataset": "asl"}, r"there is no dataset 'asl'; choose one of asl_alphabet, "),
        (ALPHABET, 2, {"dataset": "arasl"}, r"in\.zip holds no class images in the layout of arasl; name another"),
        (["1.jpg", "A/notes.txt", "__MACOSX/A/1.jpg"], 2, {}, r"in\.zip holds no class images in class folders"),
        ([], 2, {}, r"in\.zip holds no class images"),
        (ALPHABET, 2, {"folder": "train"}, r"there is no folder train in .*in\.zip"),
        (["a/A/1.jpg", "a//A/2.jpg"], 2, {"folder": "a"}, r"without a, '/A/2\.jpg' in .* is an absolute path"),
    ],
)
def test_the_impossible_is_refused(tmp_path, out, names, every, options, sentence):
    source = pack(tmp_path / "in.zip", names)
    with pytest.raises(FingerspellError, match=sentence):
        subset.write(source, out, every, **options)
    assert list(tmp_path.iterdir()) == [source]


def test_what_is_missing_or_no_zip_is_refused(tmp_path, out):
    with pytest.raises(FingerspellError, match=r"in\.zip cannot be opened: No such file"):
        subset.write(tmp_path / "in.zip", out, 2)
    (tmp_path / "in.zip").write_bytes(b"PK no zip")
    with pytest.raises(FingerspellError, match=r"in\.zip is cut short or is no zip archive"):
        subset.write(tmp_path / "in.zip", out, 2)
    assert not out.exists()


def test_the_archive_itself_is_not_written(source, tmp_path):
    (tmp_path / "link.zip").symlink_to(source)
    before = source.read_bytes()
    for other in (source, tmp_path / "link.zip", tmp_path / "." / "in.zip"):
        with pytest.raises(FingerspellError, match="is the archive to read from; name another file to write"):
            subset.write(source, other, 2)
    assert source.read_bytes() == before and (tmp_path / "link.zip").is_symlink()


def test_where_nothing_can_be_written(source, tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FingerspellError, match="folder is a folder; name a file to write"):
        subset.write(source, tmp_path / "folder", 2)
    with pytest.raises(FingerspellError, match=r"new\.zip cannot be written: "):
        subset.write(source, source / "new.zip", 2)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(FingerspellError, match=r"new\.zip cannot be written: No space left on device"):
        subset.write(source, tmp_path / "new.zip", 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "in.zip"]


@pytest.mark.parametrize("before", [True, False])
def test_an_interrupt_leaves_all_as_it_was(source, out, tmp_path, monkeypatch, before):
    if before:
        out.write_bytes(b"old")
    read, calls = subset.Archive.read, []

    def interrupted(self, name):
        calls.append(name)
        assert not out.exists() or out.read_bytes() == b"old"
        if len(calls) == 4:
            raise KeyboardInterrupt
        return read(self, name)

    monkeypatch.setattr(subset.Archive, "read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        subset.write(source, out, 10)
    assert sorted(path.name for path in tmp_path.iterdir()) == (["in.zip", "out.zip"] if before else ["in.zip"])
    assert not before or out.read_bytes() == b"old"


def test_a_damaged_member_is_named_and_nothing_is_left(source, out, tmp_path):
    source.write_bytes(source.read_bytes().replace(b"bytes of about.txt", b"Bytes of about.txt"))
    with pytest.raises(FingerspellError, match=r"'about\.txt' in .*in\.zip is damaged"):
        subset.write(source, out, 10)
    assert list(tmp_path.iterdir()) == [source]


def test_the_command(source, out):
    def run(*words) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "tools.subset", *map(str, words)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    done = run(source, out, "--every", 10)
    assert done.returncode == 0 and listed(out) == TENTH and sha256(out) in done.stdout
    assert done.stderr == ""  # a bar where somebody watches, in a log a line every half minute
    done = run(source, out, "--every", 10, "--folder", "asl_alphabet_train", "--dataset", "asl_alphabet")
    assert done.returncode == 0 and listed(out) == [name.partition("/")[2] for name in TENTH[2:]]
    done = run(source, out, "--every", 10, "--dataset", "arasl")
    assert done.returncode == 1 and "in the layout of arasl" in done.stderr
    done = run(source, source, "--every", 10)
    assert done.returncode == 1
    assert done.stderr == f"subset: {source} is the archive to read from; name another file to write\n"
    assert run(source, out).returncode == 2  # as any command that is spelt wrongly
