"""How fast a video is annotated, and how its memory grows with its length.

python -m benchmarks.annotating writes benchmarks/results/annotating.json, the table of docs/video.md: frames a second
of 720p, 30 frames a second, to MP4 and to WebM, beside decoding and encoding alone; peak memory for 10 s and for ten
minutes of a small film of four frames a second. `make bench` takes `measurements` alone: MP4, against finding and
reading the hand anew in every frame.
"""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.machine import processor
from benchmarks.measurement import Measurement
from fingerspell import video
from fingerspell.files import write_json
from fingerspell.inference import released
from fingerspell.inference.annotate import annotate
from fingerspell.inference.overlay import Overlay
from fingerspell.inference.reader import Reader
from fingerspell.processes import in_processes
from fingerspell.signing import film

RESULT = Path("benchmarks/results/annotating.json")
TEXT = "HELLO WORLD"
LARGE = 1280, 720  # pixels
LONG = 600.0  # seconds


def measurements() -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory() as place:
        source, target = Path(place) / "film.mp4", Path(place) / "out.mp4"
        film.write(TEXT, source, size=LARGE)
        ours, rival, alone = (
            rate(work)
            for work in (
                lambda: int(annotate(source, target)["frames"]),
                lambda: every_frame(source, target),
                lambda: copy(source, target),
            )
        )
    yield Measurement(
        "Annotate a film, 720p to MP4",
        "frames/s",
        ours,
        rival,
        "the hand found and read anew in every frame",
        alone,
        "decoding and encoding H.264 alone",
    )


def every_frame(source: Path, target: Path) -> int:
    """Find and read the hand in every frame, draw it, and return the frames."""
    count, overlay = 0, Overlay(*LARGE)
    with (
        Reader.open(released.find(released.DEFAULT)) as reader,
        video.Source(source) as opened,
        video.Writer(target, LARGE, opened.rate) as writer,
    ):
        for frame in opened.frames():
            seen = reader.read(frame.pixels)
            landmarks, letter = (seen[0].hand.landmarks, seen[0].sign or "") if seen else (None, "")
            writer.add(overlay.paint(frame.pixels, landmarks, letter, "", ""), frame.time)
            count += 1
    return count


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        large, small = folder / "large.mp4", folder / "small.mp4"
        film.write(TEXT, large, size=LARGE)
        film.write(TEXT, small, size=(160, 120), rate=4)
        result: dict[str, object] = {"processor": processor(), "film": f"{TEXT}, 1280×720, 30 frames a second"}
        result["frames_a_second"] = {
            "decoded and encoded alone, MP4": rate(lambda: copy(large, folder / "copy.mp4")),
            "annotated, MP4": rate(lambda: annotate(large, folder / "out.mp4")["frames"]),
            "annotated, WebM": rate(lambda: annotate(large, folder / "out.webm")["frames"]),
        }
        lengths = {"10 s": folder / "short.mp4", "10 min": folder / "long.mp4"}
        for seconds, path in zip((10.0, LONG), lengths.values()):
            repeat(small, path, seconds)
        # The short one first: both may be read by one process.
        result["peak_mib"] = dict(zip(lengths, in_processes(peak_of, [str(path) for path in lengths.values()], 2)))
    write_json(RESULT, result)
    print(json.dumps(result, indent=2, ensure_ascii=False))


def rate(work: Callable[[], int]) -> float:
    """Return frames a second."""
    start = time.perf_counter()
    return round(work() / (time.perf_counter() - start), 1)


def copy(source: Path, target: Path) -> int:
    """Write a video as it is and return its frames."""
    count = 0
    with video.Source(source) as opened, video.Writer(target, LARGE, opened.rate) as writer:
        for frame in opened.frames():
            writer.add(frame.pixels, frame.time)
            count += 1
    return count


def repeat(source: Path, target: Path, seconds: float) -> None:
    """Write a film that shows the same again and again."""
    with video.Source(source) as opened:
        frames, rate = list(opened.frames()), opened.rate
    height, width = frames[0].pixels.shape[:2]
    with video.Writer(target, (width, height), rate) as writer:
        for number in range(round(seconds * rate)):
            writer.add(frames[number % len(frames)].pixels, number / rate)


def peak_of(path: str) -> int:
    """Return the most memory that annotating took in this process, MiB."""
    annotate(Path(path), Path(path).with_suffix(".webm"))
    # getrusage would count what the parent held as it started this process.
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    assert found is not None  # Linux says it of every process
    return round(int(found[1]) / 1024)


if __name__ == "__main__":
    main()
