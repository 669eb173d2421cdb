"""Work in several processes or threads at once, or, where a scheduler is named, on other machines (`cluster`)."""

import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import TypeVar

from fingerspell import cluster

Task = TypeVar("Task")
Done = TypeVar("Done")


def in_processes(
    work: Callable[[Task], Done], tasks: Sequence[Task], workers: int | None, chunksize: int = 1
) -> Iterator[Done]:
    """Yield `work` of every task, in their order, from `workers` processes (None: one a core, or those of the scheduler
    that is named; 1: this one alone).

    A terminal sends Ctrl-C to all of them; this one alone hears it, drops what has not begun, and raises. However it
    ends, they end with it.
    """
    if workers is None and cluster.named():
        yield from cluster.spread(work, tasks)
        return
    workers = workers or os.cpu_count() or 1
    if workers <= 1:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        try:
            with _interrupts_held():
                done = pool.map(work, tasks, chunksize=chunksize)  # starts the processes
            yield from done
        finally:
            pool.shutdown(cancel_futures=True)


def in_threads(work: Callable[[Task], Done], tasks: Sequence[Task], workers: int | None) -> Iterator[Done]:
    """Yield `work` of every task, in their order, from `workers` threads (None: one a core, or the processes of the
    scheduler that is named).

    For work that mostly leaves the interpreter to others, as Pillow, zlib and hashlib do.
    """
    if workers is None and cluster.named():
        yield from cluster.spread(work, tasks)
        return
    workers = workers or os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from in_order(pool, work, tasks, 2 * workers)
        finally:
            pool.shutdown(cancel_futures=True)


def in_order(pool: Executor, work: Callable[[Task], Done], tasks: Iterable[Task], ahead: int) -> Iterator[Done]:
    """Yield the results of the tasks in their order; at most `ahead` of them are begun before they are asked for."""
    pending: deque[Future[Done]] = deque()
    for task in tasks:
        pending.append(pool.submit(work, task))
        if len(pending) > ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def in_another(work: Callable[..., Done], *args: object) -> Done:
    """Return what `work` returns in a process of its own, which ends with this one.

    Raises what it raises, and `ChildProcessError` where that process ended without a word.
    """
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(sending, work, args), daemon=True)
    with _interrupts_held():
        process.start()
    sending.close()
    try:
        done, error = receiving.recv()
    except EOFError:
        raise ChildProcessError(f"the process {process.pid} has ended") from None
    finally:
        process.kill()
        process.join()
    if error is not None:
        raise error
    answer: Done = done
    return answer


def _tell(sending: connection.Connection, work: Callable[..., Done], args: tuple[object, ...]) -> None:
    _end_with_parent()
    try:
        outcome: tuple[Done | None, Exception | None] = (work(*args), None)
    except Exception as error:
        error.add_note(traceback.format_exc())  # which is not told
        outcome = (None, error)
    sys.stdout.flush()
    sending.send(outcome)


def _end_with_parent() -> None:
    """Let this process end when the one that started it has: killed, that can tell it nothing."""

    def watch() -> None:
        parent = parent_process()
        assert parent is not None  # this is a process that another one started
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back until the end of a `with` block; processes started in it never hear of it."""
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield  # Windows; other threads hear nothing
        return
    told = []
    answer = signal.signal(signal.SIGINT, lambda number, frame: told.append(number))
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which processes inherit
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, answer)
        if told:
            signal.raise_signal(signal.SIGINT)
