"""Write docs/licences.md: the licence of each locked package; one that is not allowed here is refused.

    python -m tools.licences

Versions are those of the lock, licences those that the installed packages' own metadata tells.
"""

import re
import sys
from collections.abc import Sequence
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import cast

from fingerspell import files
from fingerspell.errors import FingerspellError
from tools import lock

DOCUMENT = Path("docs/licences.md")
# Those that ask for no more than their notices, and MPL-2.0, which ends at its own files: they are used as they are.
ALLOWED = {
    "0BSD", "Apache-2.0", "Artistic-1.0-Perl", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "MIT", "MIT-0",
    "MIT-CMU", "MPL-2.0", "PSF-2.0", "ZPL-2.1", "Zlib",
}  # fmt: skip
# Any other, for one package alone, as long as it has this very licence: the licence, and why it is no harm.
EXCEPTIONS = {
    "asyncssh": ("EPL-2.0 OR GPL-2.0-or-later", "taken under EPL-2.0; DVC asks for it, and it is used unchanged"),
    "dulwich": ("Apache-2.0 OR GPL-2.0-or-later", "taken under Apache-2.0"),
    "grandalf": ("GPL-2.0-only OR EPL-1.0", "taken under EPL-1.0; DVC asks for it, and it is used unchanged"),
    "pygit2": (
        "GPL-2.0-only WITH linking exception",
        "the exception lets programs of any licence link it; DVC asks for it",
    ),
    "python-bidi": ("LGPL", "a library that anyone can replace by a changed one; it is used unchanged"),
    "python-dateutil": ("Dual License", "BSD-3-Clause, and Apache-2.0 for what is newer, as its licence file says"),
}
# Of packages whose metadata tells none, from the licence that lies beside it, and of those that other systems install.
STATED = {
    "axe-playwright-python": "MIT",
    "namex": "Apache-2.0",
    "pywin32": "PSF-2.0",
    "skops": "MIT",
    "tensorflow": "Apache-2.0",
    "tensorflow-cpu": "Apache-2.0",
    "tzdata": "Apache-2.0",
}
# What wheels hold that their metadata does not tell; it binds whoever hands these files on, such as a Docker image.
BUNDLED = {
    "av": "FFmpeg (LGPL-3.0-or-later) with x264 and x265 (GPL-2.0-or-later)",
    "opencv-python-headless": "FFmpeg (LGPL-2.1-or-later)",
}
# As publishers write it, in small letters -> SPDX; BSD: of how many clauses is not told.
SPELLINGS = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "artistic license": "Artistic-1.0-Perl",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd license": "BSD",
    "gnu library or lesser general public license (lgpl)": "LGPL",
    "gplv2 | eplv1": "GPL-2.0-only OR EPL-1.0",
    "gplv2 with linking exception": "GPL-2.0-only WITH linking exception",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "new bsd": "BSD-3-Clause",
    "python software foundation license": "PSF-2.0",
    "zope public license": "ZPL-2.1",
    "zpl 2.1": "ZPL-2.1",
}
NO_SPDX = {"BSD", "Dual License", "LGPL", "GPL-2.0-only WITH linking exception"}  # publishers are no more precise
INTRODUCTION = """\
# Licences of the locked packages

Written by `make licences` from the metadata of the packages in `requirements/cpu.lock`. Fingerspell is
under the [MIT licence](../LICENSE) and holds none of them: they are installed beside it, unchanged. Datasets have
licences of their own ([data.md](data.md)).
"""


def main() -> None:
    packages = lock.read()
    files.write_text(DOCUMENT, document(packages, found(packages)))
    print(f"{DOCUMENT} is written")


def found(packages: list[lock.Package]) -> dict[str, str]:
    """Return the licence of each package by its name, as SPDX where the publisher's words allow it.

    Raises FingerspellError if one tells none, or has one that is not allowed here.
    """
    licences = {name: licence(name) for name in dict.fromkeys(package.name for package in packages)}
    refused = [f"{name} ({told or 'tells none'})" for name, told in licences.items() if not _allowed(name, told)]
    if refused:
        raise FingerspellError(
            f"the licence of {', '.join(refused)} is not allowed here; replace the package, or add it to EXCEPTIONS in "
            "tools/licences.py and say why it is no harm"
        )
    return licences


def licence(name: str) -> str:
    """Return what a package's metadata tells, or what is stated of it here; empty where neither does."""
    try:
        return told(cast(Message, metadata.metadata(name))) or STATED.get(name, "")
    except metadata.PackageNotFoundError:
        return STATED.get(name, "")


def told(package: Message) -> str:
    """Return the licence that metadata tells: its expression, else its line of text, else all its classifiers."""
    line = package.get("License") or ""  # in older metadata the whole text, at times
    classified = [one.split(" :: ") for one in package.get_all("Classifier") or []]
    classifiers = sorted(one[-1] for one in classified if one[0] == "License")
    ways = [[package.get("License-Expression") or ""], ["" if "\n" in line else line], classifiers]
    spelled = ([SPELLINGS.get(one.lower(), one) for one in way if one and one != "OSI Approved"] for way in ways)
    return next((" AND ".join(dict.fromkeys(one)) for one in spelled if one), "")


def document(packages: list[lock.Package], licences: dict[str, str]) -> str:
    """Return docs/licences.md. licences: by name, as `found` returns them."""
    versions: dict[str, list[str]] = {}
    for package in packages:
        versions.setdefault(package.name, []).append(package.version)
    exceptions = [(name, *EXCEPTIONS[name]) for name in licences if name in EXCEPTIONS]
    bundled = [(name, BUNDLED[name]) for name in licences if name in BUNDLED]
    table = [(name, ", ".join(numbers), licences[name]) for name, numbers in versions.items()]
    return "\n".join([
        INTRODUCTION,
        _table(("package", "version", "licence"), table),
        "## Exceptions\n",
        f"Allowed are {', '.join(sorted(ALLOWED))}, and these:\n",
        _table(("package", "licence", "why it is no harm"), exceptions),
        "## Inside the wheels\n",
        "Metadata does not tell what libraries a wheel holds. Whoever hands on a Docker image hands on these too:\n",
        _table(("package", "holds"), bundled),
    ])  # fmt: skip


def _allowed(name: str, told: str) -> bool:
    if name in EXCEPTIONS:
        return EXCEPTIONS[name][0] == told
    return bool(told) and set(re.split(r" AND | OR |[() ]+", told)) - {""} <= ALLOWED


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ("---",) * len(head), *rows])


if __name__ == "__main__":
    try:
        main()
    except FingerspellError as error:
        sys.exit(f"licences: {error}")
