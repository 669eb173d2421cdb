"""What the architectures cost on this machine: parameters, time and memory, in one run.

    python -m benchmarks.architectures                 all of them
    python -m benchmarks.architectures vgg16 90        one, at one size, as JSON on standard output

Writes benchmarks/results/architectures.json, the table of docs/models.md; ratios are against VGG16 at the same size in
the same run. Weights are random, on which none of this depends. `make bench` takes `measurements` alone: naming one
picture on one core, by LiteRT, as an exported model does, and by Keras.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import limits, machine
from benchmarks.measurement import Measurement
from fingerspell import files
from fingerspell.models.common import backbones, registry

SIZE = 90  # pixels, where all are compared: the size of the study's transfer learning
BATCH = 32
PASSES = 3  # over all of them, some minutes each
REFERENCE = "vgg16"
WEIGHED = ["convnext_tiny"]  # measured, and left out of the registry
RATIOS = ("seconds_per_image", "litert_ms", "peak_mb")
ALONE = {"cnn": 50, "mobilenetv3_small": SIZE, REFERENCE: SIZE}  # of which `make bench` tells: name -> pixels
Row = dict[str, Any]


def main(*words: str) -> None:
    if words:
        print(json.dumps(measure(words[0], int(words[1]))))
        return
    passes = [[_alone(name, size) for name, size in cases()] for _ in range(PASSES)]
    write([_best(rows) for rows in zip(*passes)])


def measurements() -> Iterator[Measurement]:
    machine.keep_to_one_core()
    for name, size in ALONE.items():
        network, _ = build(name, size)
        image = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)
        with threadpool_limits(1):
            peak = limits.matrix_peak()
        yield Measurement(
            f"Name a picture by {name}, {size} px, LiteRT, one core",
            "ms",
            1000 * lite(network, image.astype(np.float32)),
            1000 * best(partial(network.predict_on_batch, image)),
            "Keras's predict_on_batch",
            1000 * limits.operations(network) / peak,
            "arithmetic: float32 matrix products",
        )


def _alone(name: str, size: int) -> Row:
    """Measure one in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.architectures", name, str(size)]
    row: Row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(row, flush=True)
    return row


def _best(rows: Sequence[Row]) -> Row:
    """Return the best of each figure: a machine's speed moves, and not for all of them alike."""
    better = {"training_images_per_second": max}
    return {
        key: value if isinstance(value, str) else better.get(key, min)(row[key] for row in rows)
        for key, value in rows[0].items()
    }


def cases() -> list[tuple[str, int]]:
    """Return (name, size) for all that is measured."""
    stated = {name: registry.find(name).ARCHITECTURE for name in registry.names()}
    sizes = {name: {SIZE, one.recommended_size} for name, one in stated.items() if one.kind != "classifier"}
    sizes |= {name: {SIZE} for name in WEIGHED}
    return [(name, size) for name in sizes for size in sorted(sizes[name])]


def measure(name: str, size: int) -> Row:
    """Return what one architecture costs at one size: without its head, if it is a backbone."""
    network, trains = build(name, size)
    images = np.random.default_rng(0).integers(0, 256, (BATCH, size, size, 3), np.uint8)
    row: Row = {"name": name, "size": size, "parameters": network.count_params()}
    row["seconds_per_image"] = best(lambda: network.predict_on_batch(images)) / BATCH
    row["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    if trains:
        network.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
        labels = np.arange(BATCH) % 29
        row["training_images_per_second"] = BATCH / best(lambda: network.train_on_batch(images, labels))
    row["litert_ms"] = 1000 * lite(network, images[:1].astype(np.float32))
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in row.items()}


def build(name: str, size: int) -> tuple[Any, bool]:
    """Return (network, whether it is trained end to end)."""
    if name in WEIGHED:
        from keras.applications import ConvNeXtTiny

        return backbones.build(ConvNeXtTiny, name, size, 3, None), False
    module = registry.find(name)
    if module.ARCHITECTURE.kind == "network":
        return module.build(size, 3, 29, 0.3), True
    return module.backbone(size, 3, None), False


def lite(network: Any, image: np.ndarray) -> float:
    """Return the seconds that LiteRT takes for one image on one core."""
    import tensorflow

    with tempfile.TemporaryDirectory() as folder:
        network.export(f"{folder}/model.tflite", format="litert", verbose=False)
        interpreter = tensorflow.lite.Interpreter(f"{folder}/model.tflite", num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    return best(interpreter.invoke, least=5)


def best(call: Callable[[], object], least: int = 3) -> float:
    """Return the shortest time of a call, in seconds, over at least `least` calls and one second, once it is warm."""
    call()
    times: list[float] = []
    while len(times) < least or sum(times) < 1:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def write(rows: list[Row]) -> None:
    """Write the rows with their ratios against VGG16 at the same size, and with what they were measured on."""
    reference = {row["size"]: row for row in rows if row["name"] == REFERENCE}
    for row in rows:
        if beside := reference.get(row["size"]):
            row["of_vgg16"] = {key: float(f"{row[key] / beside[key]:.3g}") for key in RATIOS}
    result = {
        "batch": BATCH,
        "weights": "random",
        "architectures": rows,
        "machine": machine.describe(),
    }
    files.write_json(Path("benchmarks/results/architectures.json"), result)


if __name__ == "__main__":
    main(*sys.argv[1:])
