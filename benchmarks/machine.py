"""On what a benchmark ran."""

import os
import platform
import re
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

PACKAGES = ("keras", "numpy", "opencv-python-headless", "pillow", "simplejpeg")
TABLES = Path("benchmarks/results")  # of `python -m benchmarks`, one a machine and choice of versions


def describe() -> dict[str, Any]:
    """Return processor, cores, memory, system and the versions of the packages that matter."""
    import tensorflow

    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()}, Python {platform.python_version()}",
        "packages": {name: version(name) for name in PACKAGES} | {"tensorflow": tensorflow.__version__},
    }


def table() -> Path:
    """Return the table of this machine: its name tells processor, cores, and the versions that matter."""
    tensorflow = next(name for name in ("tensorflow", "tensorflow-cpu") if _there(name))
    versions = [f"{name}-{version(name)}" for name in ("keras", "numpy", "simplejpeg", tensorflow)]
    parts = [processor() or "unknown", f"{os.cpu_count()} cores", f"python-{platform.python_version()}", *versions]
    return TABLES / ("_".join(re.sub(r"[^\w.]+", "-", part).strip("-") for part in parts) + ".csv")


def keep_to_one_core() -> None:
    """Let this process use one core alone, where the system can be told; call it before TensorFlow is imported."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _there(name: str) -> bool:
    return any(True for _ in distributions(name=name))


def processor() -> str:
    """Return what the processor calls itself, where the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    return found[1] if found else platform.processor()
