"""On what a benchmark ran."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("keras", "numpy", "opencv-python-headless", "pillow", "simplejpeg")


def describe() -> dict:
    """Return processor, cores, memory, system and the versions of the packages that matter."""
    import tensorflow

    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()}, Python {platform.python_version()}",
        "packages": {name: version(name) for name in PACKAGES} | {"tensorflow": tensorflow.__version__},
    }


def processor() -> str:
    """Return what the processor calls itself, where the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    return found[1] if found else platform.processor()
