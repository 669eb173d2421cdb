"""Answers that take seconds to make: each is made once, a few at a time, and the last ones are kept in memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Waiting(Exception):
    """Others are being made, and it takes too long."""


class Cache:
    """The answers used last, by what was asked."""

    def __init__(self, bytes_kept: int, at_once: int = 1, patience: float = 30.0) -> None:
        """at_once: how many are made at a time. patience: seconds that one waits to be made."""
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._room, self._patience = bytes_kept, patience
        self._lock, self._making = threading.Lock(), threading.Semaphore(at_once)

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return the answer to a key, made where it is not kept; raises Waiting."""
        if (found := self._find(key)) is not None:
            return found
        if not self._making.acquire(timeout=self._patience):
            raise Waiting
        try:
            if (found := self._find(key)) is None:  # another may have made it meanwhile
                self._keep(key, found := make())
            return found
        finally:
            self._making.release()

    def _find(self, key: Hashable) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: Hashable, answer: bytes) -> None:
        with self._lock:
            self._kept[key] = answer
            while sum(map(len, self._kept.values())) > self._room:
                self._kept.popitem(last=False)
