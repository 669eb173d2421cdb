"""How the search for near-duplicates grows with the number of images, and against comparing every pair.

    python -m benchmarks.duplicates ARASL_ARCHIVE [THRESHOLD]

Takes the thumbnails of the archive in its own order, class after class, so that bursts stay whole; after its last
image the same again, moved by three pixels and lightened: as many new bursts, near to none of the first. Writes
benchmarks/results/duplicates-arasl.json and .png.
"""

import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

from fingerspell import files
from fingerspell.audit import scan
from fingerspell.audit.duplicates import near_duplicates
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.plots import style

SIZES = (2000, 4000, 8000, 16000, 32000, 48000, 64000, 87000)
EVERY_PAIR = 16000  # beyond that, comparing every pair takes long
REPEATS = 3


def main(archive: str, threshold: str = "6") -> None:
    with Archive(Path(archive)) as opened:
        thumbnails = scan.scan(catalogue.find("arasl"), opened).thumbnails
    moved = np.roll(thumbnails, 3, axis=2)
    images = np.concatenate([thumbnails, moved + np.minimum(25, 255 - moved)])
    rows = []
    for n in SIZES:
        seconds, pairs = _timed(_near, images[:n], float(threshold))
        rows.append({"images": n, "pairs": pairs, "seconds": round(seconds, 2)})
        print(rows[-1], flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for row in rows:
        if row["images"] <= EVERY_PAIR:
            seconds, found = _timed(_every_pair, images[: row["images"]], float(threshold))
            row["every_pair_seconds"] = round(seconds, 2)
            if found != row["pairs"]:
                raise AssertionError(f"every pair compared, {found} are near, not {row['pairs']}")
    sizes, seconds = (np.array([row[key] for row in rows], float) for key in ("images", "seconds"))
    result = {
        "threshold": float(threshold),
        "cores": os.cpu_count(),
        "peak_memory_mib": peak,
        "growth": round(float(np.polyfit(np.log(sizes[2:]), np.log(seconds[2:]), 1)[0]), 2),
        "growth_of_n_log_n": round(float(np.polyfit(np.log(sizes[2:]), np.log(sizes * np.log(sizes))[2:], 1)[0]), 2),
        "runs": rows,
    }
    files.write_json(Path("benchmarks/results/duplicates-arasl.json"), result)
    style.save(_plot(rows), Path("benchmarks/results/duplicates-arasl.png"))


def _timed(work, *arguments):
    """Return the least of some times, and the result."""
    best, result = np.inf, None
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = work(*arguments)
        best = min(best, time.perf_counter() - start)
    return best, result


def _near(images: np.ndarray, threshold: float) -> int:
    return sum(len(pairs) for pairs, _ in near_duplicates(images, threshold))


def _every_pair(images: np.ndarray, threshold: float) -> int:
    """Compare all pairs by matrix products, the conventional way; whole numbers this small are exact in float32."""
    flat = images.reshape(len(images), -1).astype(np.float32) - 128
    lengths = (flat.astype(np.float64) ** 2).sum(axis=1)
    found = 0
    for start in range(0, len(flat), 1024):
        block = flat[start : start + 1024]
        squares = lengths[start : start + 1024, None] + lengths - 2 * (block @ flat.T).astype(np.float64)
        found += int((squares <= threshold**2 * flat.shape[1]).sum())
    return (found - len(flat)) // 2


@style.quiet()
def _plot(rows: list[dict]):
    figure = style.new_figure(6.5, 4.2)
    axes = figure.add_axes((0.11, 0.13, 0.85, 0.72))
    sizes = np.array([row["images"] for row in rows])
    curve = np.linspace(sizes[0], sizes[-1], 200)
    last = rows[-1]
    shape = curve * np.log(curve) / (last["images"] * np.log(last["images"])) * last["seconds"]
    axes.plot(curve, shape, color=style.GREY, linestyle="--", linewidth=1, label="n · log n, through the last point")
    axes.plot(sizes, [row["seconds"] for row in rows], "o-", color=style.BLUE, label="near_duplicates")
    every = [row for row in rows if "every_pair_seconds" in row]
    axes.plot(
        [row["images"] for row in every],
        [row["every_pair_seconds"] for row in every],
        "s-",
        color=style.ORANGE,
        label="every pair, by matrix products",
    )
    axes.set(xlim=(0, sizes[-1] * 1.03), xlabel="images", ylabel="seconds")
    axes.set_ylim(0, 1.35 * max(max(row["seconds"], row.get("every_pair_seconds", 0)) for row in rows))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(axis="y")
    axes.legend(loc="upper right")
    figure.text(0.02, 0.97, "Search for near-duplicates", fontsize=12, fontweight="bold", va="top")
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:])
