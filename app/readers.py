"""Readers for many visitors: as many threads as cores, each with readers of its own.

MediaPipe is bound to the thread that opened it, so a thread opens a reader when it is first asked for it, and keeps it.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from queue import Full, Queue
from typing import TypeVar

from fingerspell.inference.answers import MOST_HANDS
from fingerspell.inference.reader import Reader

Answer = TypeVar("Answer")


class Busy(Exception):
    """More is waiting than will be answered in reasonable time."""


class Readers:
    """Threads that read; they start with the first work."""

    def __init__(self, threads: int | None = None, waiting: int = 32, patience: float = 30.0) -> None:
        """threads: None for one a core. waiting: requests in line, at most. patience: seconds that one waits."""
        self._count = threads or os.cpu_count() or 1
        self._patience = patience
        self._queue: Queue = Queue(waiting)
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def ask(self, folder: Path, work: Callable[[Reader], Answer]) -> Answer:
        """Return what `work` makes of the reader in a folder, in one of the threads; whatever it raises is raised here.

        Raises Busy if too many are waiting or the wait is too long.
        """
        self._start()
        future: Future = Future()
        try:
            self._queue.put_nowait((future, folder, work))
        except Full as error:
            raise Busy from error
        try:
            return future.result(self._patience)
        except TimeoutError as error:
            if future.done():
                raise  # of the work itself
            future.cancel()
            raise Busy from error

    def close(self) -> None:
        """End the threads, after what they have begun."""
        with self._lock:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._queue.put(None)
        for thread in threads:
            thread.join()

    def _start(self) -> None:
        with self._lock:
            while len(self._threads) < self._count:
                self._threads.append(threading.Thread(target=self._serve, daemon=True, name="reader"))
                self._threads[-1].start()

    def _serve(self) -> None:
        opened: dict[Path, Reader] = {}
        with ExitStack() as stack:
            while task := self._queue.get():
                future, folder, work = task
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    if folder not in opened:
                        opened[folder] = stack.enter_context(Reader.open(folder, MOST_HANDS))
                    future.set_result(work(opened[folder]))
                except Exception as error:
                    future.set_exception(error)
                del task, future, work  # or a picture would stay in memory until the next
