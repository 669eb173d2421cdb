"""Bring the tables of docs/benchmarks.md up to date with benchmarks/results.

python -m benchmarks.report
"""

import json
from pathlib import Path

from benchmarks.study import _replace

RESULTS = Path("benchmarks/results")
PAGE = Path("docs/benchmarks.md")


def main() -> None:
    for name in ("preparation", "transfer", "memory"):
        result = json.loads((RESULTS / f"{name}-asl_alphabet.json").read_text(encoding="utf-8"))
        _replace(PAGE, name, "\n".join([*globals()[f"_{name}"](result), "", _machine(result["machine"])]) + "\n")


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
        "| images | conventional | this project | decoding + embedding + head | times faster | accuracy of each |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for row in result["runs"]:
        parts = " + ".join(f"{row[f'ours_{part}_seconds']:.1f}" for part in ("decoding", "embedding", "head"))
        lines.append(
            f"| {row['images']:,} | {row['conventional_seconds']:.1f} s | {row['ours_seconds']:.1f} s | {parts} s "
            f"| **{row['times_faster']:.1f}** | {row['conventional_accuracy']:.3f}, {row['ours_accuracy']:.3f} |"
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
