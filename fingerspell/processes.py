"""Work in several processes at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import TypeVar

Task = TypeVar("Task")
Done = TypeVar("Done")


def in_processes(
    work: Callable[[Task], Done], tasks: Sequence[Task], workers: int | None, chunksize: int = 1
) -> Iterator[Done]:
    """Yield `work` of every task, in their order, from `workers` processes (None: one a core; 1: this one alone).

    A terminal sends Ctrl-C to all of them; this one alone hears it, drops what has not begun, and raises. However it
    ends, they end with it.
    """
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


def _end_with_parent() -> None:
    """Let this process end when the one that started it has: killed, that can tell it nothing."""

    def watch() -> None:
        connection.wait([parent_process().sentinel])
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
