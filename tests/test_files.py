"""Files are whole or not there, whatever happens while they are written."""

import errno
import hashlib
import json
import os

import pytest
from unprivileged import anybodys_folder, forbidden, needs_permissions

from fingerspell import files
from fingerspell.errors import FingerspellError


class Full(OSError):
    """A disk that is full."""

    def __init__(self) -> None:
        super().__init__(errno.ENOSPC, "No space left on device")


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make(path, kind: str, text: str) -> None:
    if kind == "folder":
        path.mkdir()
        path = path / "inside.txt"
    path.write_text(text)


def content(path) -> str:
    return (path / "inside.txt" if path.is_dir() else path).read_text()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_it_appears_whole_under_its_name(tmp_path, kind):
    target = tmp_path / "new" / "thing"
    with files.write_aside(target) as aside:
        make(aside, kind, "whole")
        assert aside.parent == target.parent, "a rename between file systems would not be one step"
        assert not target.exists()
    assert content(target) == "whole"
    assert names(target.parent) == ["thing"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_it_replaces_what_was_there(tmp_path, kind):
    target = tmp_path / "thing"
    make(target, kind, "old")
    with files.write_aside(target) as aside:
        make(aside, kind, "new")
        assert content(target) == "old"
    assert content(target) == "new"
    assert names(tmp_path) == ["thing"]


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit, Full])
@pytest.mark.parametrize("before", [True, False])
def test_a_failure_leaves_everything_as_it_was(tmp_path, kind, failure, before):
    target = tmp_path / "thing"
    if before:
        make(target, kind, "old")
    with pytest.raises(failure), files.write_aside(target) as aside:
        make(aside, kind, "half")
        raise failure
    assert names(tmp_path) == (["thing"] if before else [])
    assert not before or content(target) == "old"


@pytest.mark.parametrize("step", [1, 2])
def test_an_interrupt_between_the_renames_loses_nothing(tmp_path, monkeypatch, step):
    target, replace, calls = tmp_path / "thing", files.os.replace, []
    make(target, "folder", "old")

    def interrupted(*paths) -> None:
        calls.append(paths)
        if len(calls) == step:
            raise KeyboardInterrupt
        replace(*paths)

    monkeypatch.setattr(files.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), files.write_aside(target) as aside:
        make(aside, "folder", "new")
    assert names(tmp_path) == ["thing"]
    assert content(target) == "old"


def test_what_a_killed_process_left_is_no_obstacle(tmp_path):
    target = tmp_path / "thing"
    with files.write_aside(target) as aside:
        left = aside
        aside.write_text("")
    target.unlink()
    make(left, "folder", "half of an earlier run")
    with files.write_aside(target) as aside:
        make(aside, "folder", "whole")
    assert content(target) == "whole"
    assert names(tmp_path) == ["thing"]


def test_writing_nothing_is_an_error(tmp_path):
    target = tmp_path / "thing"
    target.write_text("old")
    with pytest.raises(FileNotFoundError), files.write_aside(target):
        pass
    assert target.read_text() == "old"


def test_text_is_the_same_bytes_everywhere(tmp_path):
    files.write_text(tmp_path / "text", "ع\nb\n")
    assert (tmp_path / "text").read_bytes() == "ع\nb\n".encode()


def test_json_is_readable_and_keeps_its_order(tmp_path):
    path = tmp_path / "deep" / "value.json"
    value = {"b": [1, 2.5, None], "a": "ﻻ"}
    files.write_json(path, value)
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == value
    assert text.index('"b"') < text.index('"a"')
    assert "ﻻ" in text and text.endswith("}\n")


def test_a_value_that_is_no_json_leaves_the_old_file(tmp_path):
    path = tmp_path / "value.json"
    files.write_json(path, 1)
    with pytest.raises(TypeError):
        files.write_json(path, object())
    assert path.read_text() == "1\n"


def test_all_files_below_a_folder_are_found_and_circles_end(tmp_path):
    for name in ("b/2", "a/1", "3"):
        (tmp_path / "top" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "top" / name).write_text("")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/4").write_text("")
    (tmp_path / "top/a/out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "top/a/round").symlink_to(tmp_path / "top")
    (tmp_path / "top/a/nowhere").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "top/pipe")

    def found(**options):
        return sorted(
            path.relative_to(tmp_path / "top").as_posix() for path in files.below(tmp_path / "top", **options)
        )

    assert found() == ["3", "a/1", "b/2"]
    assert found(links=True) == ["3", "a/1", "a/out/4", "b/2"]


@needs_permissions
@pytest.mark.parametrize("mode", [0, 0o444])  # may not be listed; may be, but nothing in it may be looked at
def test_a_folder_that_may_not_be_read_is_told(mode):
    with anybodys_folder() as folder:
        (folder / "open").mkdir()
        (folder / "closed").mkdir()
        (folder / "closed/file").write_text("")
        with forbidden(folder / "closed", mode), pytest.raises(FingerspellError) as error:
            list(files.below(folder))
        assert str(error.value).startswith(f"{folder}/closed")
        assert str(error.value).endswith(" cannot be read: Permission denied; change its permissions")


def test_a_name_is_shown_in_text_that_any_file_takes():
    assert files.shown("a/ب.png") == "a/ب.png"
    assert files.shown(os.fsdecode(b"\xe9/ok \xff.png")) == r"\xe9/ok \xff.png"


def test_sha256_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "data"
    data = bytes(range(256)) * 5000
    path.write_bytes(data)
    assert files.sha256(path) == hashlib.sha256(data).hexdigest()
    path.write_bytes(b"")
    assert files.sha256(path) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
