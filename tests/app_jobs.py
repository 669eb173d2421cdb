"""What a worker process may meet, in place of reading a video; the process that is spawned imports it from here."""

import json
import os
import signal
import time
from pathlib import Path

from app import worker

SECONDS = 4.0
TIMELINE = {
    "text": "HI",
    "suggestions": [{"text": "HI", "known": True}],
    "letters": [
        {"time": 0.5, "end": 1.0, "label": "H", "letter": "H", "probability": 0.9, "box": [0, 0, 1, 1]},
        {"time": 1.2, "end": 1.9, "label": "I", "letter": "I", "probability": 0.8, "box": [0, 0, 1, 1]},
    ],
}


def annotate(source: Path, target: Path, alphabet: str, progress, formats: str) -> dict:
    """In place of the library's: quick, and its files are whole."""
    for frame in range(40):
        progress(frame * SECONDS / 40, SECONDS)
    target.write_bytes(b"video")
    target.with_suffix(".vtt").write_text("WEBVTT\n")
    target.with_suffix(".json").write_text(json.dumps(TIMELINE))
    return TIMELINE


def reads(job, progress) -> None:
    from fingerspell.inference import annotate as library

    library.annotate = annotate
    worker.read(job, progress)


def slow(job, progress) -> None:
    """Goes on for long, frame after frame; its target is begun."""
    (job.folder / worker.TARGET).write_bytes(b"begun")
    for frame in range(1000):
        progress(frame / 10, 100.0)
        time.sleep(0.02)


def dies_once(job, progress) -> None:
    """Is killed at the first job, as by a decoder's fault or for want of memory."""
    marker = job.folder.parent / "died"
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    reads(job, progress)


def hungry_once(job, progress) -> None:
    """Asks for more memory than there may be, at the first job."""
    marker = job.folder.parent / "hungry"
    if not marker.exists():
        marker.touch()
        bytearray(6 << 30)
    reads(job, progress)


def endless(job, progress) -> None:
    """A video whose header is silent on its length."""
    for frame in range(10**9):
        progress(frame / 10, 0.0)


def stuck(job, progress) -> None:
    """A decoder that never comes back."""
    progress(0.0, 1.0)
    time.sleep(600)
