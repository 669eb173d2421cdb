"""What must be settled before a stage imports anything: kernels, the noise of TensorFlow, and Ctrl-C meanwhile."""

import gc
import os
import sys
from pathlib import Path
from types import TracebackType

from stages import INTERRUPTED

# Before numpy is imported: OpenBLAS would choose its kernels by the processor's generation, and as they add in other
# orders, drawn pixels and trained classifiers would differ by their rounding. Without AVX2 those named here crash.
CPU = Path("/proc/cpuinfo")
if CPU.exists() and " avx2 " in CPU.read_text(encoding="utf-8"):
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")

# Before Keras is: likewise oneDNN, with which TensorFlow computes.
ISA = "ONEDNN_MAX_CPU_ISA"
os.environ.setdefault(ISA, "AVX2")

# Before Keras is: TensorFlow's start-up notes drown the messages that matter.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Importing Keras makes 600,000 objects that stay; to look for garbage every 700 takes a second of each stage.
gc.set_threshold(100_000)

AFTERMATH = "Can't decrement id ref count"  # h5py's second complaint about a full disk, after the one that counts


def choose_kernels(precision: str) -> None:
    """Let oneDNN use all that the processor has, before Keras is imported, for bfloat16: AVX2 would emulate it."""
    if precision == "mixed_bfloat16":
        os.environ[ISA] = "ALL"


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Keep tracebacks for faults of the program: not for an interrupt of its imports, nor for a full disk."""
    if issubclass(kind, KeyboardInterrupt):
        print(INTERRUPTED, file=sys.stderr)
    elif AFTERMATH not in str(error):
        sys.__excepthook__(kind, error, trace)


spec = sys.modules["__main__"].__spec__
if spec and spec.name.startswith("stages."):  # run as `python -m stages.<stage>`, whose imports take seconds
    sys.stdout.reconfigure(errors="backslashreplace")  # for names of files that it cannot write
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda told: AFTERMATH in str(told.exc_value) or sys.__unraisablehook__(told)
