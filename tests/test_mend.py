"""What `make repro` mends before it runs: a lock that DVC cut, and what else a stopped DVC leaves behind."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
import zc.lockfile
from conftest import ROOT, Repository
from hypothesis import given
from hypothesis import strategies as st
from torture import shrink

from stages import guard
from tools import mend

ENTRY = """  {name}:
    cmd: python -m stages.{name}
    outs:
    - path: data/{name}
      hash: md5
      md5: {md5}
      size: 3
"""


def lock(**stages: str) -> str:
    """Return a dvc.lock of stages with the hash of their output."""
    return "schema: '2.0'\nstages:\n" + "".join(ENTRY.format(name=name, md5=md5 * 32) for name, md5 in stages.items())


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of DVC, in which we stand."""
    monkeypatch.chdir(tmp_path)
    Path(".dvc/tmp").mkdir(parents=True)
    subprocess.run(["git", "init", "-q"], check=True)
    return tmp_path


def commit() -> None:
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "all"], check=True)


@given(st.data())
def test_a_lock_cut_anywhere_is_told_from_a_whole_one(data):
    """DVC changes or adds one entry, and writes the file from its beginning."""
    before = dict.fromkeys("abcd", "a")
    after = before | {data.draw(st.sampled_from("abcde")): "b"}
    old, new = mend.entries(lock(**before)), lock(**after)
    assert not mend.is_cut(mend.entries(new), old)
    cut = new[: data.draw(st.integers(0, new.index("  d:")))]
    assert mend.is_cut(mend.entries(cut), old)


def test_a_lock_that_another_branch_brought_is_no_cut_one():
    other = {"a": "b", "b": "b", "c": "b"}
    assert not mend.is_cut(mend.entries(lock(**other)), mend.entries(lock(a="a", b="a", c="a", d="a")))
    assert not mend.is_cut(mend.entries(lock(b="a", a="a")), mend.entries(lock(a="a", b="a", c="a")))


@pytest.mark.parametrize("cut", ["", "schema: '2.0'\nsta", "schema: '2.0'\nstages:\n  a:\n    outs:\n    - path: x\n"])
def test_the_last_whole_lock_is_put_back(place, capsys, cut):
    guard.LOCK.write_text(lock(a="a", b="a"))
    guard.keep_lock()
    guard.LOCK.write_text(cut)
    mend.mend_lock()
    assert guard.LOCK.read_text() == lock(a="a", b="a")
    assert capsys.readouterr().err == (
        "mend: dvc.lock was cut short when DVC was stopped; the last whole one was put back\n"
    )
    mend.mend_lock()
    assert capsys.readouterr().err == "", "nothing is wrong any more"


def test_without_a_copy_the_committed_lock_is_put_back(place):
    guard.LOCK.write_text(lock(a="a"))
    commit()
    guard.LOCK.write_text("schema: '2.0'\nstages:\n  a:\n")
    mend.mend_lock()
    assert guard.LOCK.read_text() == lock(a="a")


def test_a_cut_lock_without_any_copy_is_deleted(place, capsys):
    guard.LOCK.write_text("schema: '2.0'\nstages:\n  a:\n")
    mend.mend_lock()
    assert not guard.LOCK.exists()
    assert "deleted, so that stages run again" in capsys.readouterr().err


def test_a_lock_that_a_person_put_back_stays(place, capsys):
    guard.LOCK.write_text(lock(a="a"))
    commit()
    guard.LOCK.write_text(lock(a="a", b="a"))
    guard.keep_lock()
    subprocess.run(["git", "checkout", "-q", "dvc.lock"], check=True)
    mend.mend_lock()
    assert guard.LOCK.read_text() == lock(a="a") and capsys.readouterr().err == ""


def test_a_lock_deleted_to_begin_anew_is_not_put_back(place):
    guard.LOCK.write_text(lock(a="a", b="a"))
    guard.keep_lock()
    guard.LOCK.unlink()
    guard.keep_lock()  # as the first stage does
    guard.LOCK.write_text(lock(a="a"))
    mend.mend_lock()
    assert guard.LOCK.read_text() == lock(a="a")


@pytest.mark.parametrize("text", ["", '{"write": {"/a": {"pid":', "[]", '{"read": {"/a": [{"cmd": "repro"}]}}'])
def test_a_cut_list_of_readers_is_deleted(place, capsys, text):
    mend.RWLOCK.write_text(text)
    mend.mend_rwlock()
    assert not mend.RWLOCK.exists() and "it was deleted" in capsys.readouterr().err


def test_a_list_held_by_the_dead_is_deleted_and_by_the_living_not(place):
    """The number of a process that is no more may be another's by now: only a DVC can hold it."""
    holders = {"write": {"/a": {"pid": os.getpid(), "cmd": "repro"}}}
    mend.RWLOCK.write_text(json.dumps(holders))
    mend.mend_rwlock()
    assert not mend.RWLOCK.exists(), "this process is alive, but no DVC"
    Path("dvc").write_text("import time; time.sleep(60)")
    with subprocess.Popen([sys.executable, "dvc"]) as living:
        try:
            while psutil.Process(living.pid).cmdline()[-1:] != ["dvc"]:
                time.sleep(0.01)
            mend.RWLOCK.write_text(json.dumps({"read": {"/a": [{"pid": living.pid, "cmd": "repro"}]}}))
            mend.mend_rwlock()
            assert mend.RWLOCK.exists()
        finally:
            living.kill()
    mend.mend_rwlock()
    assert not mend.RWLOCK.exists()


def test_nothing_is_touched_while_dvc_works(place):
    guard.LOCK.write_text("schema: '2.0'\nst")
    alone = zc.lockfile.LockFile(".dvc/tmp/lock")
    try:
        mend.main()
        assert guard.LOCK.read_text() == "schema: '2.0'\nst"
    finally:
        alone.close()


PIPELINE = {
    "stages": {
        "train": {"foreach": "${experiments}", "do": {"cmd": "echo 1 > data/${key}", "outs": ["data/${key}"]}},
        "compare": {"cmd": "ls data > all", "deps": ["data"], "outs": ["all"]},
    }
}


def test_a_removed_experiment_leaves_the_lock_of_one_that_never_was(tmp_path, monkeypatch):
    locks = {}
    monkeypatch.setattr(mend, "replaced_archives", lambda: [])
    for name, first in {"never": ["one"], "removed": ["one", "two"]}.items():
        folder = tmp_path / name
        (folder / "data").mkdir(parents=True)
        monkeypatch.chdir(folder)
        for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
            subprocess.run(command, check=True)
        Path("dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
        Path(".gitignore").write_text("/data/\n")  # else DVC writes one into data, which compare reads
        for names in (first, ["one"]):
            Path("params.yaml").write_text(yaml.safe_dump({"experiments": {key: {} for key in names}}))
            mend.main()
            subprocess.run(["dvc", "repro", "-q"], check=True)
        locks[name] = guard.LOCK.read_bytes()
        assert [path.name for path in Path("data").iterdir()] == ["one"]
    assert locks["never"] == locks["removed"]


@pytest.mark.parametrize("text", ["experiments: [", "experiments: 1"])
def test_faulty_parameters_are_told_in_a_sentence_and_nothing_is_deleted(place, text):
    subprocess.run(["dvc", "init", "-q", "-f"], check=True)
    Path("dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
    Path("params.yaml").write_text(text)
    kept = lock(**{"train@two": "a"})
    guard.LOCK.write_text(kept)
    done = subprocess.run(
        [sys.executable, "-m", "tools.mend"], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith("mend: ") and "Traceback" not in done.stderr
    assert guard.LOCK.read_text() == kept


@pytest.mark.slow
def test_a_mended_archive_is_read_again(tmp_path, monkeypatch):
    from test_stages import ARASL, pack

    monkeypatch.delenv("FINGERSPELL_ARCHIVES", raising=False)
    repository = Repository(tmp_path / "fingerspell")

    def change(params: dict) -> None:
        shrink(params)
        params["datasets"]["arasl"]["source"] = "original"

    repository.change(change)
    archive = repository.folder / "data/archives" / ARASL.archive
    pack(archive, side=20)
    repository("dvc", "repro", "-q", "audit@arasl")
    monkeypatch.chdir(repository.folder)
    assert mend.replaced_archives() == []
    os.utime(archive)
    assert mend.replaced_archives() == [], "its bytes are the same"
    pack(archive, side=24)
    os.utime(archive, (0, 0))  # as one that was copied with its date
    assert "up to date" in repository("dvc", "repro", "audit@arasl"), "DVC does not notice"
    told = repository(
        "python", "-c", f"import sys; sys.path.append({str(ROOT)!r}); from tools import mend; mend.main()"
    )
    assert "the archive of arasl is not the one that was read; it is read again" in told
    assert "Running stage 'audit@arasl'" in repository("dvc", "repro", "audit@arasl")
    assert mend.replaced_archives() == []
