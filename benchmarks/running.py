"""One benchmark, run in this process: its rows, and how much else the machine had to do meanwhile."""

import logging
import os
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module

import psutil

from benchmarks import measurement, performance, pictures
from benchmarks.measurement import Measurement

Row = dict[str, object]


def measured(name: str) -> list[Row]:
    """Return the rows of one benchmark; tell each as it comes."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras, about what is compared with
        for one, load in _watched(import_module(f"benchmarks.{name}").measurements()):
            circumstances = {
                "load": round(load, 2),
                "pictures": pictures.origin(),
                "date": f"{datetime.now(UTC):%Y-%m-%d}",
            }
            rows.append({"benchmark": name} | measurement.row(one) | circumstances)
            print("  " + performance.sentence(one), flush=True)
    return rows


def _watched(
    measurements: Iterator[Measurement],
) -> Iterator[tuple[Measurement, float]]:
    """Yield measurements, and how many cores other programs used meanwhile, in the mean.

    What a measurement takes beforehand counts for it; of several that come at once, each has the load of the first.
    """
    load = 0.0
    while True:
        start, others = time.monotonic(), _others()
        one = next(measurements, None)
        if one is None:
            return
        if (seconds := time.monotonic() - start) > 0.5:
            load = max(0.0, (_others() - others) / seconds)
        yield one, load


def _others() -> float:
    """Return the processor seconds that all programs but this one and those it started have used."""
    spent = psutil.cpu_times()
    own = os.times()
    return float(spent.user + spent.system) + getattr(spent, "nice", 0.0) - sum(own[:4])
