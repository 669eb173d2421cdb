"""What must be settled before a stage imports anything: kernels, the noise of TensorFlow, and Ctrl-C meanwhile."""

import gc
import io
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from fingerspell.errors import FingerspellError
from stages import INTERRUPTED

# Before numpy and OpenCV are imported: they and OpenBLAS would choose their kernels by the processor's generation; as
# these round and add otherwise, drawn pixels and trained classifiers would differ. Without AVX2 those named here crash.
CPU = Path("/proc/cpuinfo")
FLAGS = CPU.read_text(encoding="utf-8") if CPU.exists() else ""
if " avx2 " in FLAGS:
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
if " avx512f " in FLAGS:
    os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
    os.environ.setdefault("OPENCV_CPU_DISABLE", "AVX512-SKX")

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


def choose_engine(distribution: str) -> None:
    """Let Keras, before it is imported, compute with what a training is divided by; `training.distribution`."""
    if distribution == "mirrored":
        os.environ["KERAS_BACKEND"] = "tensorflow"
    elif distribution == "multi_host":
        os.environ["KERAS_BACKEND"] = "jax"
        sys.path.append(os.path.join(sys.prefix, "jax"))  # beside the environment: TensorFlow would import it always
        if find_spec("jax") is None:
            raise FingerspellError("multi_host needs JAX, which is not installed; run `make .venv/jax`")


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Keep tracebacks for faults of the program: not for an interrupt of its imports, nor for a full disk."""
    if issubclass(kind, KeyboardInterrupt):
        print(INTERRUPTED, file=sys.stderr)
    elif AFTERMATH not in str(error):
        sys.__excepthook__(kind, error, trace)


spec = sys.modules["__main__"].__spec__
if spec and spec.name.startswith("stages."):  # run as `python -m stages.<stage>`, whose imports take seconds
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for names of files that it cannot write
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda told: AFTERMATH in str(told.exc_value) or sys.__unraisablehook__(told)
