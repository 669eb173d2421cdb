"""Write the study as one HTML file, `report.html`, and print where it is.

    python -m tools.report

`make report` does it. Beside what the stage `report` writes into data/report it tells of this run: seconds and memory
(logs/, docs/results/sweeps.csv), the machine, the Git revision.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

import stages.runner  # noqa: F401  # before numpy, whose kernels it chooses

import psutil

from benchmarks import machine
from fingerspell.errors import FingerspellError, counted
from fingerspell.report import gather, page

REPORT = Path("report.html")


def main() -> None:
    costs, sweeps = gather.costs(Path("logs")), gather.sweeps(Path("docs/results/sweeps.csv"))
    about = gather.Machine(revision(), hardware() if costs else {}, costs, sweeps)
    page.write(REPORT, gather.study(), about)
    print(REPORT.resolve())


def hardware() -> dict[str, str]:
    """Return what is known of this machine, on which the stages ran that left the logs."""
    return {
        "processor": f"{machine.processor()}, {counted(os.cpu_count() or 1, 'core')}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()}, Python {platform.python_version()}",
    }


def revision() -> str:
    """Return the commit that is checked out, and whether files differ from it."""
    commit, changes = (
        subprocess.run(["git", *words], capture_output=True, text=True)
        for words in (["rev-parse", "HEAD"], ["status", "--porcelain"])
    )
    if commit.returncode:
        return "unknown: not in a Git repository"
    return commit.stdout.strip() + (", with changes" if changes.stdout.strip() else "")


if __name__ == "__main__":
    try:
        main()
    except FingerspellError as error:
        sys.exit(f"report: {error}")
    except KeyboardInterrupt:
        sys.exit("report: interrupted")
