"""One training on several hosts: a process on each, alike but for what it writes; the first one alone writes.

JAX does the sums. Every process learns its place from the variables that Keras has for it (`VARIABLES`).
"""

import io
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TypeVar

import numpy as np

from fingerspell.errors import FingerspellError
from fingerspell.processes import in_another
from fingerspell.training.checkpoint import Checkpoint

Done = TypeVar("Done")

VARIABLES = ("KERAS_DISTRIBUTION_JOB_ADDRESSES", "KERAS_DISTRIBUTION_NUM_PROCESSES", "KERAS_DISTRIBUTION_PROCESS_ID")
JOIN_WITHIN = 300  # seconds
HEARTBEAT = 20  # seconds without a sign of life after which a process is given up
BETWEEN_HOSTS = re.compile("gloo|nccl|coordination|deadline", re.IGNORECASE)  # in errors, of which none has a type


@dataclass(frozen=True)
class Place:
    """The place of this process among all, counted from 0, and the address (host:port) of the first."""

    address: str
    processes: int
    number: int


def place() -> Place:
    """Return what the variables say; raises `FingerspellError` where they are not there or make no sense."""
    values = [os.environ.get(name, "") for name in VARIABLES]
    for name, value, wanted in zip(VARIABLES, values, (r".+:\d+", r"[1-9]\d*", r"\d+")):
        if not re.fullmatch(wanted, value.split(",")[0] if name == VARIABLES[0] else value):
            told = f"is {value!r}" if value else "is not set"
            raise FingerspellError(
                f"training.distribution is multi_host, but the variable {name} {told}; set {VARIABLES[0]} to host:port "
                f"of the first process, {VARIABLES[1]} to how many there are, {VARIABLES[2]} to 0 in the first, 1 in "
                "the next"
            )
    address, processes, number = values[0].split(",")[0], int(values[1]), int(values[2])
    if number >= processes:
        raise FingerspellError(f"the variable {VARIABLES[2]} is {number}; of {processes} the last is {processes - 1}")
    return Place(address, processes, number)


@contextmanager
def outputs(distribution: str) -> Iterator[Path]:
    """Yield the folder below which this process writes: the present one or, where it is not the first of several, one
    that is deleted in the end."""
    if distribution != "multi_host" or place().number == 0:
        yield Path()
        return
    with TemporaryDirectory() as folder:
        yield Path(folder)


def together(work: Callable[..., Done], *args: object) -> Done:
    """Return what `work` returns here, where all processes of a training do it with the same arguments.

    It is done in a further process: where another host is lost, JAX ends the one that notices, past all of Python.
    Raises `FingerspellError` in that case, and what `work` raises.
    """
    here = place()
    if here.number == 0:
        _check_port(here)
    try:
        done: Done = in_another(_joined, here, work, args)
    except ChildProcessError as error:
        raise _lost(here) from error
    return done


def _joined(here: Place, work: Callable[..., Done], args: tuple[object, ...]) -> Done:
    import jax

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what JAX says as it ends is not for readers
    try:
        jax.distributed.initialize(
            here.address,
            here.processes,
            here.number,
            initialization_timeout=JOIN_WITHIN,
            heartbeat_timeout_seconds=HEARTBEAT,
        )
        done = work(*args)
        jax.distributed.shutdown()  # waits for the others, which the end of the first would end
    except (ValueError, RuntimeError) as error:
        if not BETWEEN_HOSTS.search(str(error)):
            raise
        raise _lost(here) from error
    return done


def _lost(here: Place) -> FingerspellError:
    return FingerspellError(
        f"another process of the {here.processes} has ended or cannot be reached (the first: {here.address}); start "
        "all of them again, and they go on after the last finished epoch"
    )


def _check_port(here: Place) -> None:
    """JAX would end without a word."""
    port = int(here.address.rpartition(":")[2])
    try:
        socket.create_server(("", port)).close()
    except (OSError, OverflowError) as error:
        told = f"port {port}, which {VARIABLES[0]} names, cannot be had ({error}); name another"
        raise FingerspellError(told) from error


def told_by_first(data: bytes) -> bytes:
    """Return what the first process gives to this, in all of them."""
    from jax.experimental.multihost_utils import broadcast_one_to_all

    size = int(broadcast_one_to_all(np.int32(len(data))))
    held = np.zeros(size, np.uint8)
    held[: len(data)] = np.frombuffer(data, np.uint8)[:size]
    return np.asarray(broadcast_one_to_all(held)).tobytes()


class SharedCheckpoint(Checkpoint):
    """The checkpoint of the first process, from which all go on.

    Reading it raises `FingerspellError` in a process whose training is another than that of the first.
    """

    def write(self, progress: dict[str, Any], **arrays: list[np.ndarray]) -> None:
        if place().number == 0:
            super().write(progress, **arrays)

    def _open(self) -> BinaryIO:
        if told_by_first(self._recipe.encode()) != self._recipe.encode():
            raise FingerspellError(
                "code, parameters, prepared images or packages differ from those of the first process; bring the same "
                "commit and the same data to all hosts"
            )
        held = self.path.read_bytes() if place().number == 0 and self.path.exists() else b""
        return io.BytesIO(told_by_first(held))
