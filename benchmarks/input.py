"""What feeding costs a training: its epochs against its steps alone, and those against the machine.

    python -m benchmarks.input epochs MODEL…      of cnn, arasl_cnn
    python -m benchmarks.input steps MODEL…

`epochs` trains on images of noise in a memory-mapped file, with and without augmentation, and before and after every
epoch takes as many steps on one batch that lies in memory; told is the median of the ratios to the mean of these two,
and how far it would move in another run (its standard error, by the bootstrap).
`steps` times steps alone in processes that differ in one setting, against the machine's product of large matrices.
Writes benchmarks/results/input-PART-MODEL.json.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import machine
from fingerspell import files
from fingerspell.config import Augmentation
from fingerspell.training.fitting import STEPS

CASES = {"cnn": [(50, 3, 32), (50, 3, 64), (50, 3, 128)], "arasl_cnn": [(32, 1, 32), (64, 1, 32)]}
CLASSES = 30
ROUNDS = 15
SECONDS = 1  # of an epoch, about: the speed of machines moves within some
NOTHING = Augmentation(
    flip=False, shift=0.0, scale=0.0, rotation=0.0, perspective=0.0,
    brightness=0.0, contrast=0.0, colour=0.0, blur=0.0, noise=0.0, cutout=0.0,
)  # fmt: skip
MOVED = NOTHING.model_copy(update={"shift": 0.07, "scale": 0.07})  # as in the study
EVERYTHING = Augmentation(
    flip=True, shift=0.1, scale=0.15, rotation=15.0, perspective=0.08,
    brightness=0.15, contrast=0.3, colour=0.3, blur=1.0, noise=0.05, cutout=0.3,
)  # fmt: skip
USUAL = {"batch": 32, "onednn": 1, "jit": False, "precision": "float32", "layout": "channels_last", "executions": STEPS}
TRIED = [
    {},
    *({"batch": batch} for batch in (8, 16, 64, 128, 256)),
    {"onednn": 0},
    {"jit": True},
    {"precision": "mixed_bfloat16"},
    {"layout": "channels_first"},
    {"executions": 1},
    {"batch": 128, "onednn": 0},
    {"batch": 128, "jit": True},
    {"batch": 128, "precision": "mixed_bfloat16"},
]


def main(part: str, *models: str) -> None:
    if part == "step":  # in a process of its own
        print(json.dumps(_step_alone(*json.loads(models[0]))))
        return
    for model in models or CASES:
        runs = _epochs(model) if part == "epochs" else _steps(model)
        files.write_json(
            Path(f"benchmarks/results/input-{part}-{model}.json"),
            {"model": model} | runs | {"machine": machine.describe()},
        )


def _epochs(name: str) -> dict:
    runs = []
    for size, channels, batch in CASES[name]:
        model = _compiled(name, size, channels, executions=STEPS)
        steps = STEPS * max(2, round(SECONDS / STEPS / _seconds_of_a_step(model, size, channels, batch, STEPS)))
        with tempfile.TemporaryDirectory() as folder:
            runs.append(_one_case(model, Path(folder) / "images.npy", (steps * batch, size, size, channels), batch))
        runs[-1] = {"image_size": size, "channels": channels, "batch": batch, "steps": steps} | runs[-1]
        print(runs[-1], flush=True)
    return {"rounds": ROUNDS, "runs": runs}


def _one_case(model, path: Path, shape: tuple[int, ...], batch: int) -> dict:
    from fingerspell.training.batches import Batches

    random = np.random.default_rng(0)
    np.save(path, random.integers(0, 256, shape, np.uint8))
    images, labels = np.load(path, mmap_mode="r"), random.integers(CLASSES, size=shape[0])
    fed = {
        key: Batches([images], labels, np.arange(len(images)), batch, 0, augment)
        for key, augment in (("plain", None), ("moved", MOVED), ("all_changes", EVERYTHING))
    }
    step = _held(model, images[:batch], labels[:batch])

    def alone() -> float:
        start = time.perf_counter()
        for _ in range(len(fed["plain"]) // STEPS):
            step()
        model.get_metrics_result()["loss"].numpy()
        return time.perf_counter() - start

    ratios, steps_alone = {key: [] for key in fed}, [alone()]
    for _ in range(ROUNDS):
        for key in random.permutation(list(fed)).tolist():
            seconds = _epoch(model, fed[key])
            steps_alone.append(alone())
            ratios[key].append(seconds / np.mean(steps_alone[-2:]))
    return {
        "seconds_of_steps_alone": round(float(np.median(steps_alone)), 3),
        "of_steps_alone": {key: round(float(np.median(found)), 3) for key, found in ratios.items()},
        "standard_errors": {key: round(_standard_error(found, random), 3) for key, found in ratios.items()},
        "preparing_seconds": {key: _preparing(batches) for key, batches in fed.items()},  # with nothing else to do
    }


def _standard_error(values: list[float], random: np.random.Generator) -> float:
    """Return that of the median."""
    return float(np.std(np.median(random.choice(values, (1000, len(values))), axis=1)))


def _epoch(model, batches) -> float:
    """Return the seconds of one epoch of `fit`, from its beginning to its end, without the set-up of `fit` itself."""
    import keras

    times = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: times.append(time.perf_counter()),
        on_epoch_end=lambda epoch, logs: times.append(time.perf_counter()),
    )
    model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[watch])
    return times[1] - times[0]


def _preparing(batches) -> float:
    start = time.perf_counter()
    for index in range(len(batches)):
        batches[index]
    return round(time.perf_counter() - start, 3)


def _steps(name: str) -> dict:
    size, channels, _ = CASES[name][-1]
    peak = _matrix_peak()
    runs = []
    for changes in TRIED:
        setting = USUAL | changes
        environment = os.environ | {"TF_ENABLE_ONEDNN_OPTS": str(setting["onednn"]), "TF_CPP_MIN_LOG_LEVEL": "3"}
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.input", "step", json.dumps([name, size, channels, setting])],
            env=environment, capture_output=True, text=True,
        )  # fmt: skip
        if answer.returncode:
            runs.append(setting | {"failed": answer.stderr.strip().splitlines()[-1][:200]})
        else:
            images_a_second, operations = json.loads(answer.stdout.splitlines()[-1])
            speed = images_a_second * operations / 1e9
            runs.append(
                setting
                | {
                    "images_per_second": round(images_a_second),
                    "gflop_per_second": round(speed, 1),
                    "of_matrix_peak": round(speed / peak, 3),
                }
            )
        print(runs[-1], flush=True)
    return {
        "image_size": size,
        "channels": channels,
        "matrix_peak_gflop_per_second": round(peak, 1),
        "mflop_per_image": round(operations / 1e6, 2),
        "runs": runs,
    }


def _step_alone(name: str, size: int, channels: int, setting: dict) -> tuple[float, int]:
    """Return images a second of steps on a batch in memory, and the floating-point operations of a step per image."""
    import keras

    keras.config.set_dtype_policy(setting["precision"])
    model = _compiled(name, size, channels, setting["jit"], setting["executions"], setting["layout"])
    batch = setting["batch"]
    seconds = min(_seconds_of_a_step(model, size, channels, batch, setting["executions"]) for _ in range(3))
    return batch / seconds, _operations(model)


def _compiled(
    name: str, size: int, channels: int, jit: bool = False, executions: int = 1, layout: str = "channels_last"
):
    from importlib import import_module

    import keras

    keras.utils.set_random_seed(0)
    model = import_module(f"fingerspell.models.{name}").build(size, channels, CLASSES, 0.3)
    if layout == "channels_first":
        layers = [type(layer).from_config(_channels_first(layer)) for layer in model.layers]
        model = keras.Sequential([keras.layers.Input((size, size, channels)), keras.layers.Permute((3, 1, 2)), *layers])
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=jit, steps_per_execution=executions
    )
    return model


def _channels_first(layer) -> dict:
    config = layer.get_config()
    changes = {"data_format": "channels_first", "axis": 1 if len(layer.output.shape) == 4 else -1}
    return config | {key: value for key, value in changes.items() if key in config}


def _held(model, images: np.ndarray, labels: np.ndarray):
    """Return a function that takes as many training steps as `fit` does at once on this batch, held in memory."""
    import tensorflow as tf

    iterator = iter(tf.data.Dataset.from_tensors((np.array(images), np.array(labels))).repeat())
    model.make_train_function()
    return lambda: model.train_function(iterator)


def _seconds_of_a_step(model, size: int, channels: int, batch: int, executions: int = 1) -> float:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (batch, size, size, channels), np.uint8)
    step = _held(model, images, random.integers(CLASSES, size=batch))
    for _ in range(3):
        step()
    model.get_metrics_result()["loss"].numpy()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS / 2:
        step()
        count += executions
    model.get_metrics_result()["loss"].numpy()
    return (time.perf_counter() - start) / count


def _operations(model) -> int:
    """Count the multiplications and additions of a training step per image: convolutions and dense layers alone.

    Forwards once; backwards once for the weights and, but for the first layer, once for what goes in.
    """
    total, first = 0, True
    for layer in model.layers:
        if not layer.weights or not hasattr(layer, "kernel"):
            continue
        places = int(np.prod(layer.output.shape[1:])) // layer.kernel.shape[-1]
        total += (2 if first else 3) * 2 * places * int(np.prod(layer.kernel.shape))
        first = False
    return total


def _matrix_peak() -> float:
    """Return the GFLOP/s of the product of two float32 matrices, the best of NumPy's and TensorFlow's."""
    import tensorflow as tf

    size, best = 4096, 0.0
    matrix = np.random.default_rng(0).random((size, size), np.float32)
    tensor = tf.constant(matrix)
    for product in (lambda: matrix @ matrix, lambda: tf.matmul(tensor, tensor).numpy()):
        for _ in range(4):
            start = time.perf_counter()
            product()
            best = max(best, 2 * size**3 / (time.perf_counter() - start) / 1e9)
    return best


if __name__ == "__main__":
    main(*sys.argv[1:])
