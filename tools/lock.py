"""The packages of a lock: what `uv pip compile --generate-hashes` writes."""

import re
from dataclasses import dataclass
from pathlib import Path

LOCK = Path("requirements/cpu.lock")
PROJECT = "fingerspell"
_ENTRY = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)(.*\n(?: +.*\n)*)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"#(?: via| {2}) ([a-z0-9][a-z0-9.-]*)")


@dataclass(frozen=True)
class Package:
    """One version of a package. hashes: SHA-256, in hexadecimal, of each of its files at the index, sorted.
    wanted_by: names of the packages that ask for it, the project among them, sorted."""

    name: str
    version: str
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]


def read(path: Path = LOCK) -> list[Package]:
    """Return the packages of a lock in its order; some systems and Pythons have another version, or lack a package."""
    entries = _ENTRY.findall(path.read_text(encoding="utf-8"))
    return [Package(name, version, _found(_HASH, rest), _found(_VIA, rest)) for name, version, rest in entries]


def _found(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    return tuple(sorted(set(pattern.findall(text))))
