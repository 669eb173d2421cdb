"""Work on other machines: the workers of the Dask scheduler that DASK_SCHEDULER_ADDRESS names (docs/scale.md)."""

import hashlib
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fingerspell.errors import FingerspellError

if TYPE_CHECKING:
    from distributed import Client, Future

SCHEDULER = "DASK_SCHEDULER_ADDRESS"
WORKER = "python -m dask worker {} --nworkers=-1 --nthreads 1 --preload-nanny stages.environment"
AHEAD = 4  # tasks a worker, begun or waiting: none waits for its next one, and memory stays flat
COUNTED = 16  # tasks after which workers are counted again: to ask takes as long as a short task
PATIENCE = 30  # seconds without any worker, in which one that ended may begin again
# What pixels and landmarks depend on beside the code.
PACKAGES = ("mediapipe", "numpy", "opencv-python-headless", "pillow", "scipy", "simplejpeg")
KERNELS = "OPENBLAS_CORETYPE"

Task = TypeVar("Task")
Done = TypeVar("Done")


def named() -> bool:
    """Say whether a scheduler is named."""
    return bool(os.environ.get(SCHEDULER))


def spread(work: Callable[[Task], Done], tasks: Sequence[Task]) -> Iterator[Done]:
    """Yield `work` of every task, in their order, from the workers of the scheduler that is named.

    Few tasks are on their way at once. What a worker had begun when it ended is begun again by another one. Raises what
    `work` raises, and FingerspellError if there is no scheduler, no worker, or one that would do the work otherwise.
    """
    with _scheduler() as client:
        pending: deque[Future[Done]] = deque()
        for at, task in enumerate(tasks):
            if at % COUNTED == 0:
                ahead = AHEAD * _workers(client)
            pending.append(client.submit(_do, _kind(), work, task, pure=False))
            if len(pending) >= ahead:
                yield _result(client, pending.popleft())
        while pending:
            yield _result(client, pending.popleft())


@contextmanager
def _scheduler() -> Iterator["Client"]:
    """Connect to the scheduler for the length of a `with` block, at whose end it forgets what it was asked for."""
    address = os.environ[SCHEDULER]
    try:
        from distributed import Client
        from distributed.exceptions import WorkerStartTimeoutError
    except ImportError as error:
        raise FingerspellError(
            f"{SCHEDULER} is set, but Dask is not installed; install fingerspell[scale], or unset it"
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what counts is told in a sentence
    try:
        client = Client(address, direct_to_workers=True)  # results do not pass the scheduler
    except (OSError, ValueError) as error:
        raise FingerspellError(
            f"no Dask scheduler answers at {address}, which {SCHEDULER} names; start it (`python -m dask scheduler`), "
            "or unset the variable to work on this machine alone"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, PATIENCE)
        except (TimeoutError, WorkerStartTimeoutError) as error:
            raise _deserted() from error
        yield client


def _workers(client: "Client") -> int:
    return max(1, len(client.nthreads()))


def _result(client: "Client", future: "Future[Done]") -> Done:
    from distributed import wait
    from distributed.comm.core import CommClosedError
    from distributed.scheduler import KilledWorker

    try:
        while not future.done():
            try:
                wait(future, PATIENCE)
            except TimeoutError:
                if not client.nthreads():
                    raise _deserted() from None
        done: Done = future.result()
    except (CancelledError, CommClosedError) as error:  # of futures that nobody answers any more
        raise FingerspellError(
            f"the Dask scheduler at {os.environ[SCHEDULER]} ended; start it anew, and its workers, then run the same "
            "command again"
        ) from error
    except KilledWorker as error:
        raise FingerspellError(
            f"{error.allowed_failures + 1} workers ended at the same task, the last one {error.last_worker.address}; "
            "look into its log, such as for memory that it lacked, then run the same command again"
        ) from error
    return done


def _deserted() -> FingerspellError:
    address = os.environ[SCHEDULER]
    return FingerspellError(
        f"the Dask scheduler at {address} has no worker; start one, `{WORKER.format(address)}`, then run the same "
        "command again"
    )


def _do(kind: str, work: Callable[[Task], Done], task: Task) -> Done:
    """Return `work` of the task; on a worker."""
    from distributed import get_worker

    worker = get_worker()
    start = f"start it anew from the same commit and packages: `{WORKER.format(worker.scheduler.address)}`"
    if worker.state.nthreads > 1:
        raise FingerspellError(f"the worker {worker.address} has several threads, which share a network; {start}")
    if _kind() != kind:
        raise FingerspellError(f"the worker {worker.address} runs other code, packages or kernels; {start}")
    try:
        return work(task)
    except FingerspellError as error:
        raise FingerspellError(f"{error} (so the worker {worker.address})") from error


@cache
def _kind() -> str:
    """Return what must be alike for the same bytes: code, packages, and the kernels of linear algebra."""
    root = Path(__file__).parent
    found = hashlib.sha256(os.environ.get(KERNELS, "").encode())
    for path in sorted(root.rglob("*.py")):
        found.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    for name in PACKAGES:
        found.update(f"{name} {_version(name)}\n".encode())
    return found.hexdigest()


def _version(name: str) -> Any:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
