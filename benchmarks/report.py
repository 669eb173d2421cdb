"""Bring the tables of docs/benchmarks.md up to date with benchmarks/results.

python -m benchmarks.report
"""

import json
from pathlib import Path

from benchmarks.study import _replace

RESULTS = Path("benchmarks/results")
PAGE = Path("docs/benchmarks.md")


def main() -> None:
    tables = {
        "preparation-asl_alphabet": ("preparation", _preparation),
        "transfer-asl_alphabet": ("transfer", _transfer),
        "memory-asl_alphabet": ("memory", _memory),
        "input-epochs-cnn": ("input", _input),
    }
    for file, (name, table) in tables.items():
        result = json.loads((RESULTS / f"{file}.json").read_text(encoding="utf-8"))
        _replace(PAGE, name, "\n".join([*table(result), "", _machine(result["machine"])]) + "\n")


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
        ratios = (f"× {row['of_steps_alone'][key]:.2f}" for key in ("plain", "moved", "all_changes"))
        lines.append(f"| {row['batch']} | {row['steps']} | {' | '.join(ratios)} |")
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
