"""Tell whether a run of the study gave the figures that Git holds.

    python -m tools.reproduced [--exact]

`make reproduced` does it, after `make repro`: it compares metrics/ with those of the last commit. The same machine kind
gives the same bytes, which `--exact` asks for. Another kind rounds otherwise, and what that becomes over a training is
as large as chance: how far each figure may lie from the recorded one stands in docs/checks.md.
"""

import io
import json
import math
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from fingerspell.errors import FingerspellError, counted

METRICS = Path("metrics")
CONFIDENCE = 0.99  # of the interval around a recorded share: a study holds hundreds of them
IMAGES = ("images", "test_images", "validation_images")  # of how many images a section's shares are, by their keys
# Counts of images that are alike, or unlike, by a threshold.
COUNTS = ("near_images", "near_clusters", "unlike")
LARGEST = {"brightness": 255.0}  # of means that are no shares
# What follows from the figures beside it, rests on few images, or of which many images change together: disturbed ones
# are all taken for the same few classes.
LEFT_OUT = (
    "accuracy_low", "accuracy_high", "by_class", "bins", "difference", "disturbances", "drawn", "hand",
    "largest_cluster", "log_loss", "near_pairs", "on_hand_right", "skin", "temperature", "withheld",
)  # fmt: skip


def main(exact: bool) -> None:
    recorded, made = committed(), {path.as_posix(): path.read_bytes() for path in METRICS.rglob("*.json")}
    if found := faults(recorded, made, exact):
        raise FingerspellError("\n".join(found))
    other = [name for name in recorded if recorded[name] != made[name]]
    print(f"{len(recorded) - len(other)} of {counted(len(recorded), 'file')} of {METRICS} are the recorded bytes")
    if moved := [one for name in other for one in differences(name, recorded[name], made[name])]:
        farthest = max(moved, key=lambda one: one.way)
        print(
            f"of the others {counted(len(moved), 'figure')} moved within tolerance, the farthest by {farthest.way:.0%} "
            f"of it: {farthest.figure} is {farthest.made}, recorded is {farthest.recorded}"
        )


@dataclass(frozen=True)
class Difference:
    """A figure that is not the recorded one. way: 1 at the end of its tolerance; fault: a sentence for beyond it."""

    figure: str
    recorded: Any
    made: Any
    way: float
    fault: str


def committed() -> dict[str, bytes]:
    """Return the metrics that the last commit holds, by their paths."""
    done = subprocess.run(["git", "archive", "HEAD", str(METRICS)], capture_output=True)
    if done.returncode:
        raise FingerspellError(f"Git does not tell {METRICS} of the last commit ({done.stderr.decode().strip()})")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as held:
        files = {member.name: held.extractfile(member) for member in held if member.isfile()}
        return {name: file.read() for name, file in files.items() if file}


def faults(recorded: Mapping[str, bytes], made: Mapping[str, bytes], exact: bool = False) -> list[str]:
    """Return a sentence for each figure that is out of its tolerance; with `exact` for each file of other bytes.

    recorded, made: JSON files by their paths.
    """
    missing = [f"{name} is missing; run `make repro`" for name in sorted(recorded.keys() - made.keys())]
    added = [f"{name} is not recorded; commit it, or delete it" for name in sorted(made.keys() - recorded.keys())]
    other = [name for name in sorted(recorded.keys() & made.keys()) if recorded[name] != made[name]]
    if exact:
        return [*missing, *added, *(f"{name} has other bytes than the recorded ones" for name in other)]
    moved = (one for name in other for one in differences(name, recorded[name], made[name]))
    return [*missing, *added, *(one.fault for one in moved if not one.way <= 1)]


def differences(name: str, recorded: bytes, made: bytes) -> list[Difference]:
    """Return what differs between two JSON files of the same figures, by the file's name."""
    return list(_compared(f"{name}:", json.loads(recorded), json.loads(made), 0))


def within(recorded: float, images: int) -> tuple[float, float]:
    """Return between which values a recorded share of so many images may lie: its interval after Wilson (1927).

    A mean of values between 0 and 1 varies no more than a share of the same size.
    """
    interval = binomtest(round(recorded * images), images).proportion_ci(CONFIDENCE, method="wilson")
    return min(float(interval.low), recorded), max(float(interval.high), recorded)


def _compared(figure: str, recorded: Any, made: Any, images: int) -> Iterator[Difference]:
    """Yield the differences between a figure, and those in it. images: of how many images a share is."""
    if type(recorded) is not type(made) or (isinstance(recorded, dict | list) and _keys(recorded) != _keys(made)):
        yield Difference(figure, recorded, made, math.inf, f"{figure} has another form than the recorded one")
    elif isinstance(recorded, dict | list):
        if isinstance(recorded, dict):
            images = next((recorded[key] for key in IMAGES if key in recorded), images)
        for key in _keys(recorded):
            if key not in LEFT_OUT:
                yield from _compared(f"{figure} {key}", recorded[key], made[key], images)
    elif recorded != made:
        yield _difference(figure, recorded, made, images)


def _difference(figure: str, recorded: Any, made: Any, images: int) -> Difference:
    key, told = figure.rpartition(" ")[2], f"{figure} is {made}, recorded is {recorded}"
    if key not in COUNTS and not isinstance(recorded, float):
        return Difference(figure, recorded, made, math.inf, f"{told}; it should be the same")
    whole = LARGEST.get(key, images if key in COUNTS else 1)
    low, high = (whole * end for end in within(recorded / whole, images))
    room = high - recorded if made > recorded else recorded - low
    way = abs(made - recorded) / room if room else math.inf
    return Difference(figure, recorded, made, way, f"{told}; it should lie between {low:.4g} and {high:.4g}")


def _keys(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value) if isinstance(value, dict) else list(range(len(value)))


if __name__ == "__main__":
    try:
        main("--exact" in sys.argv[1:])
    except FingerspellError as error:
        sys.exit("\n".join(f"reproduced: {line}" for line in str(error).splitlines()))
