"""What the documents tell of what was measured beside the study: speed, video, advice on signs, how hands are found.

python -m benchmarks.report     brings it up to date with benchmarks/results and metrics/landmarks
"""

import json
from pathlib import Path

from benchmarks import documents
from benchmarks.architectures import SIZE
from benchmarks.documents import Blocks

RESULTS = Path("benchmarks/results")
LANDMARKS = Path("metrics/landmarks")
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
# What bounds each figure: an argument, not a measurement
BOUNDS = {
    "preparation": "JPEG's entropy coding",
    "transfer": "caching alone gives × 5.6: ten epochs are ten passes, embeddings 1.8",
    "input": "handing batches from Python to TensorFlow",
    "steps": "–",
    "memory": "the archive's directory",
    "duplicates": "–",
}


def main() -> None:
    documents.write(blocks())


def blocks() -> Blocks:
    """Return what the documents show of these measurements."""
    backbones = _read("architectures")
    shown = {
        ("docs/benchmarks.md", "benchmarks"): _benchmarks(),
        ("docs/video.md", "signing"): _signing(),
        ("docs/video.md", "annotating"): _annotating(),
        ("docs/models.md", "backbones"): [*_backbones(backbones), "", _machine(backbones["machine"])],
        ("docs/practice.md", "advice"): _advice(),
        ("docs/hands.md", "drawn"): _drawn(),
        ("docs/hands.md", "finding"): _finding(),
    }
    return {place: "\n".join(lines) + "\n" for place, lines in shown.items()}


def _benchmarks() -> list[str]:
    lines = ["| | target | measured | bound by |", "|---|--:|--:|---|"]
    for part in (_preparation, _transfer, _input, _steps, _memory, _duplicates):
        lines += part()
    return [*lines, "", _machine(_read("transfer-asl_alphabet")["machine"])]


def _read(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def _preparation() -> list[str]:
    result = _read("preparation-asl_alphabet")
    return [
        _row(
            f"**Prepare** {result['images']:,} images, {row['image_size']} px, against the folder reader",
            "× 2",
            f"× {row['of_conventional']:.2f} ({row['images_per_second']:,} images/s "
            f"for {row['conventional_images_per_second']:,})",
            "preparation",
        )
        for row in result["sizes"]
    ]


def _transfer() -> list[str]:
    result = _read("transfer-asl_alphabet")
    row = result["runs"][-1]
    return [
        _row(
            f"**A head on frozen VGG16**, {row['images']:,} images, {result['epochs']} epochs, {ours}, "
            "against folder reader; generator",
            "× 12",
            f"× {row['times_faster'][ours]['directory']:.1f}; × {row['times_faster'][ours]['generator']:.1f} "
            f"({row[f'{ours}_seconds']:.0f} s for {row['directory_seconds']:.0f}; {row['generator_seconds']:.0f})",
            "transfer",
        )
        for ours in ("float32", "mixed_bfloat16")
    ]


def _input() -> list[str]:
    return [
        _row(
            f"**Input**: an epoch against its steps alone, batch {row['batch']}: plain; shift and scale; all changes",
            "× 1.05",
            "; ".join(f"× {row['of_steps_alone'][key]:.2f}" for key in ("plain", "moved", "all_changes")),
            "input",
        )
        for row in _read("input-epochs-cnn")["runs"]
    ]


def _steps() -> list[str]:
    rows = _read("input-steps-cnn")["runs"]
    usual = {key: rows[0][key] for key in ("onednn", "jit", "precision", "layout", "executions")}
    shown = [next(row for row in rows if row["batch"] == batch and usual.items() <= row.items()) for batch in (32, 128)]
    return [
        _row(
            "**Steps** of the CNN, share of the machine's matrix product, batch 32; 128",
            "–",
            "; ".join(f"{row['of_matrix_peak']:.0%} ({row['images_per_second']:,} images/s)" for row in shown),
            "steps",
        )
    ]


def _memory() -> list[str]:
    first, last = _read("memory-asl_alphabet")["runs"]
    return [
        _row(
            f"**Memory** of {name}, {first['images']:,} → {last['images']:,} images",
            "constant",
            f"{first[key]} → {last[key]} MiB",
            "memory",
        )
        for name, key in (
            ("opening the archive", "opened_mib"),
            ("preparing", "prepared_mib"),
            ("training", "trained_mib"),
        )
    ]


def _duplicates() -> list[str]:
    result = _read("duplicates-arasl")
    last = result["runs"][-1]
    return [
        _row(
            f"**Near-duplicates** among {last['images']:,} thumbnails",
            f"n log n (exponent {result['growth_of_n_log_n']:.2f})",
            f"exponent {result['growth']:.2f}; {last['seconds']:.1f} s, {result['peak_memory_mib']} MiB",
            "duplicates",
        )
    ]


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


def _row(what: str, target: str, measured: str, bound: str) -> str:
    return f"| {what} | {target} | {measured} | {BOUNDS[bound]} |"


def _backbones(result: dict) -> list[str]:
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


def _machine(machine: dict) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    hardware = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    return f"{hardware}; {machine['system']}; {packages}."


if __name__ == "__main__":
    main()
