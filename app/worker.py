"""The process that reads videos, one after the other: what a hostile file can harm is this process alone.

It is told a job, answers how far it is, and last how it went: a state, and the key of a message with its values.
"""

import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import av

from fingerspell.errors import FingerspellError

CONTAINERS = ("mov", "matroska", "avi")  # as FFmpeg names their readers
SOURCE, TARGET = "source", "signed.mp4"  # in the folder of a job
OFTEN = 0.2  # seconds between two reports
LARGEST_FILE = 2**31  # bytes


@dataclass(frozen=True)
class Limits:
    """What one video may take. seconds: of its length. patience: seconds of work. memory: bytes of the process, None
    for any. pixels: of a frame."""

    seconds: float
    frames: int
    pixels: int
    patience: float
    memory: int | None


@dataclass(frozen=True)
class Job:
    """What the process is told. alphabet: as for `inference.alphabets.find`. container: one of `CONTAINERS`."""

    folder: Path
    alphabet: str
    container: str


class Refused(Exception):
    """The video is beyond a limit: the key of a message and its values."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values


class Cancelled(Exception):
    """Nobody waits for it any more."""


Read = Callable[[Job, Callable[[float, float | None], None]], None]  # a job, and what is told after every frame


def run(orders: Connection, cancel: Event, limits: Limits, read: Read) -> None:
    """Read videos until the other end hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to all; the application ends this one
    _bound(limits.memory)
    while True:
        try:
            job = orders.recv()
        except EOFError:
            return
        orders.send(_done(job, _Watch(orders, cancel, limits), limits, read))


def _done(job: Job, watch: "_Watch", limits: Limits, read: Read) -> tuple:
    """Do a job and return how it went."""
    try:
        _check(job, limits)
        read(job, watch)
        return "done", None, {}
    except Cancelled:
        return "cancelled", None, {}
    except Refused as error:
        return "failed", error.key, error.values
    except MemoryError:
        return "failed", "video_memory", {}
    except (FingerspellError, OSError, ValueError) as error:  # the latter two are FFmpeg's
        print(f"a video cannot be read: {error}", file=sys.stderr, flush=True)
        return "failed", "video_unreadable", {}


def _check(job: Job, limits: Limits) -> None:
    """Refuse what is no video, or beyond a limit by what its header says."""
    options = {"format_whitelist": job.container, "protocol_whitelist": "file"}
    with av.open(str(job.folder / SOURCE), options=options) as container:
        if not container.streams:
            raise Refused("video_unreadable")
        if not container.streams.video:
            raise Refused("video_pictureless")
        pictures = container.streams.video[0]
        if pictures.width * pictures.height > limits.pixels:
            raise Refused("video_pixels", pixels=limits.pixels // 10**6)
        if container.duration and container.duration / av.time_base > limits.seconds:
            raise Refused("video_long", minutes=round(limits.seconds / 60))
        if pictures.frames > limits.frames:
            raise Refused("video_frames", frames=limits.frames)


class _Watch:
    """Told after every frame how far a video is; reports it, and ends the work where it must not go on."""

    def __init__(self, orders: Connection, cancel: Event, limits: Limits) -> None:
        self._orders, self._cancel, self._limits = orders, cancel, limits
        self._begun = self._told = time.monotonic()
        self._frames = 0

    def __call__(self, done: float, total: float | None) -> None:
        """done, total: seconds of the video, None where it is silent on them."""
        limits, now = self._limits, time.monotonic()
        self._frames += 1
        if self._cancel.is_set():
            raise Cancelled
        if done > limits.seconds:  # headers lie, and some videos do not end
            raise Refused("video_long", minutes=round(limits.seconds / 60))
        if self._frames > limits.frames:
            raise Refused("video_frames", frames=limits.frames)
        if now - self._begun > limits.patience:
            raise Refused("video_slow")
        if now - self._told >= OFTEN:
            self._told = now
            self._orders.send(("running", min(done / total, 1.0) if total else 0.0))


def read(job: Job, progress: Callable[[float, float | None], None]) -> None:
    """Write the annotated video, subtitles and timeline of a job."""
    from fingerspell.inference.annotate import annotate  # brings MediaPipe: only this process needs it for a video

    annotate(job.folder / SOURCE, job.folder / TARGET, job.alphabet, progress, job.container)


def _bound(memory: int | None) -> None:
    """Let this process have so much memory, write no file larger than a video, and leave none when it fails."""
    try:
        import resource
    except ImportError:  # Windows
        return
    bounds = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": LARGEST_FILE, "RLIMIT_AS": memory}
    for name, bound in bounds.items():
        if bound is not None and (limit := getattr(resource, name, None)) is not None:
            _, hard = resource.getrlimit(limit)
            soft = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
            with suppress(ValueError, OSError):  # macOS knows RLIMIT_AS and takes none
                resource.setrlimit(limit, (soft, hard))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that is too large is an error of writing
