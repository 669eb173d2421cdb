"""Videos that wait, are read, or have been read: a table of jobs, their files, and the one process that reads them.

Everything lies in a temporary folder of this application's own, which goes with it. What an application left that was
killed, the next one deletes.
"""

import json
import secrets
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app import worker

PREFIX, LOCK, TABLE = "fingerspell-", "lock", "jobs.sqlite"
RESULT = ("text", "letters", "suggestions")  # of a timeline
FINAL = ("done", "failed", "cancelled")
TICK = 0.2  # seconds between two looks at the process and the table
SCHEMA = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, number INTEGER, alphabet TEXT, container TEXT, state TEXT, made REAL, begun REAL, ended REAL,
    progress REAL DEFAULT 0, message TEXT, details TEXT DEFAULT '{}'
)
"""


class Full(Exception):
    """As many videos are waiting as may wait."""


@dataclass(frozen=True)
class Status:
    """How a job is. state: waiting, running, or one of `FINAL`. progress: 0–1. seconds_left: None where it cannot be
    said. message: key of a message, with its values in `details`."""

    id: str
    state: str
    progress: float
    seconds_left: float | None
    message: str | None
    details: dict[str, Any]


class Jobs:
    """All jobs of an application. Nothing is started and no folder is made before the first job."""

    def __init__(
        self,
        limits: worker.Limits,
        waiting: int,
        kept: float,
        stalled: float = 90.0,
        place: Path | None = None,
        read: worker.Read = worker.read,
    ) -> None:
        """waiting: jobs that may wait. kept: seconds for which an ended job is kept. stalled: seconds without a frame
        after which the process is ended. place: where the folder is made, by default that of temporary files.
        read: what the process does with a job."""
        self._limits, self._waiting, self._kept, self._stalled, self._place = limits, waiting, kept, stalled, place
        self._read = read
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._thread: threading.Thread | None = None
        self._ended, self._wanted = threading.Event(), threading.Event()
        self._process: _Process | None = None
        self._running: str | None = None

    def folder(self, job: str) -> Path:
        """Return the folder of a job's files."""
        return self._open() / job

    def room(self) -> None:
        """Raise Full unless one more job may wait."""
        with self._table() as table:
            [waiting] = table.execute("SELECT count(*) FROM jobs WHERE state = 'waiting'").fetchone()
        if waiting >= self._waiting:
            raise Full

    def reserve(self) -> str:
        """Make the folder of a new job, whose name nobody can guess, for its file `worker.SOURCE`; raises Full."""
        self.room()
        job = secrets.token_urlsafe(16)
        self.folder(job).mkdir()
        return job

    def add(self, job: str, alphabet: str, container: str) -> None:
        """Put a job with its file into the line; raises Full, and then the file is gone."""
        try:
            with self._lock, self._table() as table:
                [waiting] = table.execute("SELECT count(*) FROM jobs WHERE state = 'waiting'").fetchone()
                if waiting >= self._waiting:
                    raise Full
                table.execute(
                    "INSERT INTO jobs (id, number, alphabet, container, state, made) "
                    "VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM jobs), ?, ?, 'waiting', ?)",
                    (job, alphabet, container, time.time()),
                )
        except Full:
            self.discard(job)
            raise
        self._wanted.set()

    def discard(self, job: str) -> None:
        """Delete a job's files."""
        shutil.rmtree(self.folder(job), ignore_errors=True)

    def status(self, job: str) -> Status:
        """Return how a job is; raises KeyError if there is none."""
        with self._table() as table:
            row = table.execute("SELECT * FROM jobs WHERE id = ?", (job,)).fetchone()
        if row is None:
            raise KeyError(job)
        left = None
        if row["state"] == "running" and row["progress"] > 0.02:
            left = round((time.time() - row["begun"]) * (1 - row["progress"]) / row["progress"], 1)
        return Status(job, row["state"], round(row["progress"], 4), left, row["message"], json.loads(row["details"]))

    def result(self, job: str) -> dict[str, Any]:
        """Return text, letters and suggestions of a job that is done."""
        timeline = (self.folder(job) / worker.TARGET).with_suffix(".json")
        return {key: json.loads(timeline.read_text(encoding="utf-8"))[key] for key in RESULT}

    def cancel(self, job: str) -> None:
        """End a job at the next frame and delete its files; of one that has ended, nothing is left. Raises KeyError if
        there is none."""
        if self.status(job).state in FINAL:
            with self._table() as table:
                table.execute("DELETE FROM jobs WHERE id = ?", (job,))
        else:
            self._end(job, "cancelled", "video_cancelled")
        with self._lock:
            if self._running == job and self._process is not None:
                self._process.cancel.set()
                return  # its files are deleted when the process has let go of them
        self.discard(job)

    def close(self) -> None:
        """End everything and delete all files."""
        self._ended.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
        if self._process is not None:
            self._process.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self) -> Path:
        with self._lock:
            if self._folder is None:
                place = Path(self._place or tempfile.gettempdir())
                place.mkdir(parents=True, exist_ok=True)
                _sweep(place)
                self._folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
                self._held = _hold(self._folder / LOCK)
                with closing(sqlite3.connect(self._folder / TABLE)) as table:
                    table.execute(SCHEMA)
                self._thread = threading.Thread(target=self._serve, daemon=True, name="videos")
                self._thread.start()
            return self._folder

    @contextmanager
    def _table(self) -> Iterator[sqlite3.Connection]:
        folder = self._folder or self._open()
        with closing(sqlite3.connect(folder / TABLE, timeout=30)) as table, table:
            table.row_factory = sqlite3.Row
            yield table

    def _serve(self) -> None:
        while not self._ended.is_set():
            self._forget()
            if not self._next():
                self._wanted.wait(10)
                self._wanted.clear()

    def _next(self) -> bool:
        """Do the job that has waited longest; return whether there was one."""
        with self._lock, self._table() as table:
            row = table.execute("SELECT * FROM jobs WHERE state = 'waiting' ORDER BY number LIMIT 1").fetchone()
            if row is None:
                return False
            job = row["id"]
            table.execute("UPDATE jobs SET state = 'running', begun = ? WHERE id = ?", (time.time(), job))
            if self._process is None or not self._process.alive:
                self._process = _Process(self._limits, self._read)
            self._process.cancel.clear()
            self._running = job
        try:
            self._do(job, row["alphabet"], row["container"])
        finally:
            with self._lock:
                self._running = None
            self._clear(job)
        return True

    def _clear(self, job: str) -> None:
        """Delete the upload, which has been answered, and all files of a job that is not done."""
        with suppress(KeyError):
            if self.status(job).state == "done":
                return (self.folder(job) / worker.SOURCE).unlink(missing_ok=True)
        self.discard(job)

    def _do(self, job: str, alphabet: str, container: str) -> None:
        process, heard = self._process, time.monotonic()
        try:
            process.orders.send(worker.Job(self.folder(job), alphabet, container))
            while not self._ended.is_set():
                if process.orders.poll(TICK):
                    heard = time.monotonic()
                    state, *told = process.orders.recv()
                    if state != "running":
                        return self._end(job, state, *told)
                    self._progress(job, *told)
                elif time.monotonic() - heard > (5 if process.cancel.is_set() else self._stalled):
                    process.kill()
                    return self._end(job, "failed", "video_slow")
        except (EOFError, OSError):  # the process is gone
            process.kill()
            self._end(job, "failed", "video_died")

    def _progress(self, job: str, progress: float) -> None:
        with self._table() as table:
            table.execute("UPDATE jobs SET progress = ? WHERE id = ?", (progress, job))

    def _end(self, job: str, state: str, message: str | None = None, details: dict[str, Any] | None = None) -> None:
        """Write how a job went, unless it is written already: what is cancelled stays so."""
        (self.folder(job) / worker.SOURCE).unlink(missing_ok=True)  # answered, before anyone hears of it
        with self._table() as table:
            table.execute(
                "UPDATE jobs SET state = ?, message = ?, details = ?, ended = ?, progress = iif(?, 1, progress) "
                "WHERE id = ? AND state IN ('waiting', 'running')",
                (state, message, json.dumps(details or {}), time.time(), state == "done", job),
            )

    def _forget(self) -> None:
        """Delete what has been kept long enough."""
        with self._table() as table:
            old = time.time() - self._kept
            for row in table.execute("SELECT id FROM jobs WHERE ended < ?", (old,)).fetchall():
                self.discard(row["id"])
                table.execute("DELETE FROM jobs WHERE id = ?", (row["id"],))


class _Process:
    """The process that reads videos, spawned: MediaPipe has hung where it was forked."""

    def __init__(self, limits: worker.Limits, read: worker.Read) -> None:
        context = get_context("spawn")
        self.orders, theirs = context.Pipe()
        self.cancel = context.Event()
        self._process = context.Process(target=worker.run, args=(theirs, self.cancel, limits, read), daemon=True)
        self._process.start()
        theirs.close()  # so that this end hears when the other one is gone

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.orders.close()


def _hold(path: Path):
    """Return an open file that is locked for as long as this process lives; None where files cannot be locked."""
    file = open(path, "wb")  # noqa: SIM115
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows
        return file
    except OSError:
        file.close()
        return None
    return file


def _sweep(place: Path) -> None:
    """Delete what applications left that were killed: nobody holds their lock."""
    with suppress(ImportError):
        import fcntl  # noqa: F401

        for path in place.glob(f"{PREFIX}*/{LOCK}"):
            with suppress(OSError):
                if (held := _hold(path)) is not None:
                    shutil.rmtree(path.parent, ignore_errors=True)
                    held.close()
