"""Bring the tables of docs/benchmarks.md and of the decision on backbones up to date with benchmarks/results.

python -m benchmarks.report
"""

import json
from pathlib import Path

from benchmarks.architectures import SIZE
from benchmarks.study import _replace

RESULTS = Path("benchmarks/results")
PAGE = Path("docs/benchmarks.md")
BACKBONES = Path("docs/decisions/architectures.md")
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
    tables = {
        "preparation-asl_alphabet": (PAGE, "preparation", _preparation),
        "transfer-asl_alphabet": (PAGE, "transfer", _transfer),
        "memory-asl_alphabet": (PAGE, "memory", _memory),
        "input-epochs-cnn": (PAGE, "input", _input),
        "input-steps-cnn": (PAGE, "steps", _steps),
        "architectures": (BACKBONES, "architectures", _architectures),
    }
    for file, (page, name, table) in tables.items():
        result = json.loads((RESULTS / f"{file}.json").read_text(encoding="utf-8"))
        _replace(page, name, "\n".join([*table(result), "", _machine(result["machine"])]) + "\n")


def _preparation(result: dict) -> list[str]:
    lines = [
        "| pixels | folder reader, images/s | this project, images/s | ratio | with listing, opening | differs |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for row in result["sizes"]:
        lines.append(
            f"| {row['image_size']} | {row['conventional_images_per_second']:,} | {row['images_per_second']:,} "
            f"| × {row['of_conventional_reading_alone']} | × {row['of_conventional']} | {row['differs_by_mean']} |"
        )
    return lines


def _transfer(result: dict) -> list[str]:
    lines = [
        "| images | folder reader, generator | this project | decoding + embedding + head | times faster "
        "| accuracy of the three |",
        "|--:|--:|---|--:|--:|--:|",
    ]
    for row in result["runs"]:
        conventional = " s, ".join(f"{row[f'{way}_seconds']:.1f}" for way in ("directory", "generator"))
        for ours in ("float32", "mixed_bfloat16"):
            parts = " + ".join(f"{row[f'{ours}_{part}_seconds']:.1f}" for part in ("decoding", "embedding", "head"))
            times = ", ".join(f"**{row['times_faster'][ours][way]:.1f}**" for way in ("directory", "generator"))
            accuracies = ", ".join(f"{row[f'{way}_accuracy']:.3f}" for way in ("directory", "generator", ours))
            lines.append(
                f"| {row['images']:,} | {conventional} s | {ours}: {row[f'{ours}_seconds']:.1f} s | {parts} s "
                f"| {times} | {accuracies} |"
            )
    return lines


def _input(result: dict) -> list[str]:
    lines = ["| batch | steps | plain | moved | all changes |", "|--:|--:|--:|--:|--:|"]
    for row in result["runs"]:
        ratios = (
            f"× {row['of_steps_alone'][key]:.2f} ± {row['standard_errors'][key]:.2f}"
            for key in ("plain", "moved", "all_changes")
        )
        lines.append(f"| {row['batch']} | {row['steps']} | {' | '.join(ratios)} |")
    return lines


def _steps(result: dict) -> list[str]:
    lines = ["| batch | otherwise | images/s | GFLOP/s | of the matrix product |", "|--:|---|--:|--:|--:|"]
    usual = result["runs"][0]
    words = {
        "onednn": lambda value: "with oneDNN" if value else "without oneDNN",
        "jit": lambda value: "with XLA" if value else "without XLA",
        "precision": str,
        "layout": lambda value: value.replace("_", " "),
        "executions": lambda value: f"steps a call: {value}",
    }
    for row in sorted(result["runs"], key=lambda row: (sum(row[key] != usual[key] for key in words), row["batch"])):
        otherwise = ", ".join(say(row[key]) for key, say in words.items() if row[key] != usual[key])
        figures = (
            f"{row['images_per_second']:,} | {row['gflop_per_second']:.0f} | {row['of_matrix_peak']:.0%}"
            if "failed" not in row
            else f"{row['failed']} | – | –"
        )
        lines.append(f"| {row['batch']} | {otherwise} | {figures} |")
    return lines


def _architectures(result: dict) -> list[str]:
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


def _memory(result: dict) -> list[str]:
    lines = [
        "| images | archive opened | preparing: own + files | training: own + files |",
        "|--:|--:|--:|--:|",
    ]
    for row in result["runs"]:
        lines.append(
            f"| {row['images']:,} | {row['opened_mib']} MiB | {row['prepared_mib']} + {row['prepared_files_mib']} MiB "
            f"| {row['trained_mib']} + {row['trained_files_mib']} MiB |"
        )
    return lines


def _machine(machine: dict) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    hardware = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    return f"{hardware}; {machine['system']}; {packages}."


if __name__ == "__main__":
    main()
