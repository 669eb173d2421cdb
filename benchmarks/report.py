"""What the documents tell of what was measured beside the study: video, backbones, advice on signs, finding hands.

python -m benchmarks.report     brings it up to date with benchmarks/results and metrics/landmarks
"""

import json
from pathlib import Path
from typing import Any

from benchmarks import documents
from benchmarks.architectures import SIZE
from benchmarks.documents import Blocks

RESULTS = Path("benchmarks/results")
LANDMARKS = Path("metrics/landmarks")
Result = dict[str, Any]
# By whom they are called there, and their published accuracy on ImageNet at 224 px: https://keras.io/api/applications;
# of MobileNetV3 the documentation in Keras's source.
PUBLISHED = {
    "vgg16": ("VGG16", "71.3%"),
    "vgg19": ("VGG19", "71.3%"),
    "resnet50": ("ResNet50", "74.9%"),
    "resnet50v2": ("ResNet50V2", "76.0%"),
    "mobilenetv3_small": ("MobileNetV3 Small", "68.1%"),
    "mobilenetv3_large": ("MobileNetV3 Large", "75.6%"),
    "efficientnetv2_b0": ("EfficientNetV2-B0", "78.7%"),
    "convnext_tiny": ("ConvNeXt-Tiny", "81.3%"),
}


def main() -> None:
    documents.write(blocks())


def blocks() -> Blocks:
    """Return what the documents show of these measurements."""
    backbones = _read("architectures")
    shown = {
        ("docs/video.md", "signing"): _signing(),
        ("docs/video.md", "annotating"): _annotating(),
        ("docs/models.md", "backbones"): [*_backbones(backbones), "", _machine(backbones["machine"])],
        ("docs/practice.md", "advice"): _advice(),
        ("docs/hands.md", "drawn"): _drawn(),
        ("docs/hands.md", "finding"): _finding(),
    }
    return {place: "\n".join(lines) + "\n" for place, lines in shown.items()}


def _read(name: str) -> Result:
    found: Result = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _signing() -> list[str]:
    lines = [
        "| | words | letter error rate | words right | letters written in transitions | false letters shown a minute "
        "| delay |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    result = _read("signing")
    for what, ways in result.items():
        if not isinstance(ways, dict) or "stable" not in ways:
            continue
        for name, row in ways.items():
            lines.append(
                f"| {what.capitalize()}, {name} | {row['words']} | {row['letter_error_rate']:.1%} "
                f"| {row['words_right']:.1%} | {row['written_in_transitions']:.1%} "
                f"| {row['false_letters_shown_a_minute']:.1f} | {row['delay_seconds']:.2f} s |"
            )
    return [*lines, "", _machine(result["machine"])]


def _annotating() -> list[str]:
    result = _read("annotating")
    lines = [f"| {result['film']} | frames a second |", "|---|--:|"]
    lines += [f"| {what} | {rate:.1f} |" for what, rate in result["frames_a_second"].items()]
    peaks = "; ".join(f"{length}: {peak:,} MiB" for length, peak in result["peak_mib"].items())
    serving = _read("serving")
    crowd, soak = serving["clients"], serving["soak"]
    return [
        *lines,
        "",
        f"Peak memory of annotating: {peaks}. The application: {crowd['clients']} clients at once, {crowd['errors']} "
        f"errors, half of the pictures within {crowd['p50_ms']} ms, 95% within {crowd['p95_ms']} ms; in a soak of "
        f"{soak['seconds']} s {soak['requests']:,} requests, {soak['errors']} errors, {soak['resident_mib'][1]} MiB "
        f"after a tenth of it, {soak['resident_mib'][-1]} MiB at its end. {result['processor']}, two cores.",
    ]


def _advice() -> list[str]:
    lines = ["| set | alphabet | no advice for its own letter | advice for another letter |", "|---|---|--:|--:|"]
    return lines + [
        f"| `{name}` | {one['alphabet'].capitalize()} | {one['silent']:.3f} | {one['others']:.3f} |"
        for name, one in _read("advice").items()
    ]


def _drawn() -> list[str]:
    lines = [
        "| drawn hands | of them found | joints off by, half of the hands | nine in ten | right and left told apart |",
        "|---|--:|--:|--:|--:|",
    ]
    for path in sorted(LANDMARKS.glob("*.json")):
        if one := json.loads(path.read_text(encoding="utf-8")).get("drawn"):
            lines.append(
                f"| {one['hands']:,} of `{path.stem}` | {one['found']:.1%} "
                f"| at most {one['half_within_palms']:.2f} palms | {one['nine_tenths_within_palms']:.2f} "
                f"| {one['side_right']:.1%} |"
            )
    return lines


def _finding() -> list[str]:
    result = _read("finding")
    lines = [
        f"| a picture of 640×480, one core of an {result['processor']} | milliseconds | pictures |",
        "|---|--:|--:|",
    ]
    return lines + [
        f"| {what} | {time:.1f} | {result['of pictures'][what]} |" for what, time in result["milliseconds"].items()
    ]


def _backbones(result: Result) -> list[str]:
    lines = [
        "| | parameters | images/s embedded | times VGG16 | ms an image, LiteRT, one core | published top-1 |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    rows = {row["name"]: row for row in result["architectures"] if "of_vgg16" in row and row["size"] == SIZE}
    for name, (title, accuracy) in PUBLISHED.items():
        row = rows[name]
        lines.append(
            f"| {title} | {row['parameters'] / 1e6:.1f} M | {1 / row['seconds_per_image']:,.0f} "
            f"| {1 / row['of_vgg16']['seconds_per_image']:.1f} | {row['litert_ms']:.2g} | {accuracy} |"
        )
    return lines


def _machine(machine: Result) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    hardware = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    return f"{hardware}; {machine['system']}; {packages}."


if __name__ == "__main__":
    main()
