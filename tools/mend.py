"""Mend what stops DVC leaves behind, so that `dvc repro` goes on: `python -m tools.mend`; `make repro` begins with it.

- `dvc.lock` cut short while DVC rewrote it: the last whole one is put back, from the copy that every stage keeps
  (`stages/guard.py`) or from Git.
- `.dvc/tmp/rwlock` that no living process holds, or that was cut: deleted (treeverse/dvc#7615).
- Entries of `dvc.lock` for stages that are no more, and what those made: deleted. DVC's cache keeps it.
- An original archive that is another than the one that was read: its download runs again, which DVC would not notice.

Each says so in a sentence. Where DVC is at work in another process nothing is touched.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from stages.places import archives

import psutil
import zc.lockfile
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from voluptuous import Invalid

from fingerspell import config, files
from fingerspell.datasets.at_hand import find, search_folders
from fingerspell.datasets.published import catalogue
from fingerspell.errors import FingerspellError, counted
from stages.guard import LOCK, PRIVATE, WHOLE, keep_lock

RWLOCK = PRIVATE / "rwlock"
ENTRY = re.compile(r"^  (\S.*):\n(?:    .*\n)+", re.MULTILINE)  # of a stage in dvc.lock


def main() -> None:
    """Mend the repository in the working directory."""
    PRIVATE.mkdir(parents=True, exist_ok=True)
    try:
        alone = zc.lockfile.LockFile(str(PRIVATE / "lock"))  # DVC's own; it lets go of it while a stage runs
    except zc.lockfile.LockError:
        return
    try:
        mend_rwlock()
        mend_lock()
        forget_removed()
        keep_lock()
    finally:
        alone.close()
    for name in replaced_archives():
        _say(f"the archive of {name} is not the one that was read; it is read again")
        done = subprocess.run(["dvc", "repro", "--force", "--single-item", f"download@{name}"])
        if done.returncode:  # DVC has told why
            sys.exit(done.returncode)


def mend_rwlock() -> None:
    """Delete DVC's list of who reads and writes what, where it was cut or none of those it names lives."""
    if not RWLOCK.exists():
        return
    try:
        told = json.loads(RWLOCK.read_text(encoding="utf-8"))
        holders = [
            *told.get("write", {}).values(),
            *(one for all_of in told.get("read", {}).values() for one in all_of),
        ]
        pids = {holder["pid"] for holder in holders}
    except (ValueError, AttributeError, TypeError, KeyError):
        RWLOCK.unlink()
        _say(f"{RWLOCK} was cut short when DVC was stopped; it was deleted")
        return
    if pids and not any(_is_dvc(pid) for pid in pids):
        RWLOCK.unlink()
        _say(f"{RWLOCK} was held by a DVC that is no more; it was deleted")


def mend_lock() -> None:
    """Put the last whole `dvc.lock` back where it was cut; delete it where there is none."""
    text = _read(LOCK)
    if text is None:
        return
    committed = _committed()
    copies = ((copy, entries(copy)) for copy in (_read(WHOLE), committed) if copy)
    whole, before = next((one for one in copies if one[1] is not None), (None, {}))
    if text == committed or not is_cut(entries(text), before or {}):
        return
    if whole:
        files.write_text(LOCK, whole)
        _say(f"{LOCK} was cut short when DVC was stopped; the last whole one was put back")
    else:
        LOCK.unlink()
        _say(f"{LOCK} was cut short when DVC was stopped; deleted, so that stages run again or come from DVC's cache")


def entries(text: str) -> dict[str, Any] | None:
    """Return the stages of a `dvc.lock` by their names, or None where it is not whole: DVC would not take it."""
    try:
        told = YAML(typ="safe").load(text)  # as DVC reads it: to YAML 1.1 some hashes are numbers
        COMPILED_LOCKFILE_SCHEMA(told)
    except (YAMLError, Invalid):
        return None
    return told.get("stages", {}) if text.endswith("\n") else None


def is_cut(left: dict[str, Any] | None, before: dict[str, Any]) -> bool:
    """Tell whether entries are what is left of a `dvc.lock` that DVC wrote after one with `before`, one of them new.

    Then they are the first ones of `before`: of them the last may be cut, and one other changed.
    """
    if left is None:
        return True
    names = list(before)[: len(left)]
    changed = [name for name in names[:-1] if left.get(name) != before[name]]
    return list(left) == names and len(left) < len(before) and len(changed) <= 1


def forget_removed() -> None:
    """Delete the entries of stages that the parameters no longer make, and their outputs."""
    text = _read(LOCK) or ""
    there, stages = entries(text) or {}, stage_names()
    removed = {name: entry for name, entry in there.items() if name not in stages}
    if not removed:
        return
    kept = {out["path"] for name, entry in there.items() if name in stages for out in entry.get("outs", [])}
    for path in {out["path"] for entry in removed.values() for out in entry.get("outs", [])} - kept:
        shutil.rmtree(path) if Path(path).is_dir() else Path(path).unlink(missing_ok=True)
    if kept:
        files.write_text(LOCK, ENTRY.sub(lambda found: "" if found[1] in removed else found[0], text))
    else:
        LOCK.unlink()
    _say(f"{counted(len(removed), 'stage')} that params.yaml no longer names ({', '.join(removed)}): outputs deleted")


def stage_names() -> set[str]:
    """Return the names of all stages, as DVC resolves them: to miss one would delete what it made."""
    with Repo() as repository:
        return {stage.name for stage in repository.index.stages}


def replaced_archives() -> list[str]:
    """Return the datasets whose original archive at hand is another than the one that was read."""
    return [name for name, settings in config.load().datasets.items() if settings.source == "original" and _other(name)]


def _other(name: str) -> bool:
    source = Path("data/raw") / name / "source.json"
    if not source.exists():
        return False
    told, dataset = json.loads(source.read_text(encoding="utf-8")), catalogue.find(name)
    read = told.get("archives") or {told["archive"]: told["sha256"]}
    folders, since = search_folders(archives()), source.stat().st_mtime
    for file in (one.archive for one in dataset.collections or (dataset,)):
        at_hand = next((folder / file for folder in folders if (folder / file).is_file()), None)
        # Whatever came, or changed, has a later ctime; only then are gigabytes read.
        if at_hand and at_hand.stat().st_ctime > since:
            found = find(file, folders)
            if found and files.sha256(found) != read.get(file):
                return True
    return False


def _committed() -> str | None:
    done = subprocess.run(["git", "show", f"HEAD:./{LOCK}"], capture_output=True, text=True, encoding="utf-8")
    return done.stdout if done.returncode == 0 else None


def _is_dvc(pid: int) -> bool:
    try:
        return any("dvc" in Path(word).name for word in psutil.Process(pid).cmdline()[:3])
    except psutil.Error:
        return False


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return ""  # cut within a letter, or worse


def _say(sentence: str) -> None:
    print(f"mend: {sentence}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except (FingerspellError, DvcException) as error:
        sys.exit(f"mend: {error}")
    except KeyboardInterrupt:
        sys.exit("mend: interrupted; run the same command to go on")
