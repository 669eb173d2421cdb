"""Training over several devices and several hosts: the same as on one, and the end of one is told by the others."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import torture
import yaml
from conftest import JAX, ROOT, on_jax

from fingerspell import config, files
from fingerspell.errors import FingerspellError
from fingerspell.models.common import registry
from fingerspell.preparation import prepared
from fingerspell.training import hosts
from fingerspell.training.checkpoint import CODE, recipe
from stages import environment

pytestmark = pytest.mark.slow

NAME = torture.EXPERIMENT
EPOCHS = 12
# Of weights after gradient descent in small steps: in large ones rounding soon decides which neurons are silent, as it
# does with Adam, and a change of 1e-7 in the first weights leads as far away as the devices do.
TOLERANCE = 1e-4
TRAIN, VALIDATION, TEST = 75, 33, 12  # images: no batch of 16 is the last one, none of the rests can be halved


def images() -> tuple[np.ndarray, np.ndarray]:
    """Images of which a half is bright: the left one of class 0, the right one of class 1."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, TRAIN + VALIDATION + TEST)
    pictures = random.integers(0, 120, (len(labels), 16, 16, 1), np.uint8)
    pictures[labels == 0, :, :8] += 60
    pictures[labels == 1, :, 8:] += 60
    return pictures, labels


def distance(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    return max(float(np.abs(a.astype(np.float64) - b).max()) for a, b in zip(one, other, strict=True))


# On one host: what follows runs in a process of its own, as devices are divided before TensorFlow starts.

DEVICES = """
import tensorflow as tf

processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)

import test_distribution as tests

tests.the_same_whole()
tests.the_same_of_a_backbone()
tests.the_same_after_an_interrupt()
"""


def test_two_devices_learn_what_one_learns():
    path = os.pathsep.join(["tests", str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", DEVICES],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def learnt(build: Callable, distribution: str, log=lambda line: None, checkpoint=None, epochs: int = 3, **changes):
    import keras
    from test_training import settings

    from fingerspell.config import Augmentation
    from fingerspell.training import fitting
    from fingerspell.training.batches import Batches

    keras.utils.set_random_seed(1)
    network, (pictures, labels) = build(), images()
    history = fitting.fit(
        network,
        Batches([pictures], labels, np.arange(TRAIN), 16, 3, Augmentation(flip=False, noise=0.05)),
        Batches([pictures], labels, np.arange(TRAIN, TRAIN + VALIDATION), 16, None),
        epochs,
        settings(**({"optimizer": "sgd", "distribution": distribution} | changes)),
        log,
        checkpoint,
    )
    return history, [np.asarray(variable) for variable in network.variables]


def network():
    from keras import Sequential, layers

    return Sequential(
        [
            layers.Input((16, 16, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(momentum=0.5),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(2, "softmax"),
        ]
    )


def backbone_and_head():
    """A backbone of which one layer learns, and whose normalisation is frozen."""
    from keras import Sequential, layers

    backbone = Sequential([layers.Input((16, 16, 1)), layers.Rescaling(1 / 255), layers.Conv2D(4, 3)])
    backbone.add(layers.BatchNormalization())
    backbone.add(layers.Conv2D(4, 3))
    for layer in backbone.layers[:-1]:
        layer.trainable = False
    return Sequential([backbone, Sequential([layers.Flatten(), layers.Dense(2, "softmax")])])


def the_same_whole():
    changes = {"class_weights": True, "mixup": 0.4, "swa": 0.6, "label_smoothing": 0.1}
    one, other = (learnt(network, distribution, **changes) for distribution in ("none", "mirrored"))
    assert distance(one[1], other[1]) < TOLERANCE
    for rows in zip(one[0], other[0], strict=True):
        assert rows[0] == pytest.approx(rows[1], abs=TOLERANCE)


def the_same_of_a_backbone():
    (_, one), (_, other) = (learnt(backbone_and_head, distribution) for distribution in ("none", "mirrored"))
    assert distance(one, other) < TOLERANCE


def the_same_after_an_interrupt():
    import tempfile

    from fingerspell.training.checkpoint import Checkpoint

    class Stopped(BaseException):
        pass

    def stop(line: str) -> None:
        if line.startswith("epoch 3:"):
            raise Stopped

    whole, weights = learnt(network, "mirrored", epochs=4, early_stopping=3)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Checkpoint(Path(folder) / "state.npz", "recipe")
        with pytest.raises(Stopped):
            learnt(network, "mirrored", stop, checkpoint, epochs=4, early_stopping=3)
        history, resumed = learnt(network, "mirrored", checkpoint=checkpoint, epochs=4, early_stopping=3)
    assert history == whole
    assert distance(weights, resumed) == 0


# On several hosts: each has a folder of its own, as it would have a clone.


def clone(folder: Path, distribution: str, **training: object) -> Path:
    """What the stage needs, and an experiment whose images are prepared."""
    for code in ("stages", "fingerspell"):
        shutil.copytree(ROOT / code, folder / code, ignore=shutil.ignore_patterns("__pycache__"))
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    datasets = {"arasl": params["datasets"]["arasl"]}
    torture.shrink(params)
    params["datasets"] = datasets
    experiment = params["experiments"][NAME]
    experiment |= {"model": "cnn", "channels": 1, "epochs": EPOCHS, "batch_size": 16, "dropout": 0.3}
    experiment["augment"] = {"flip": False, "shift": 0.1, "noise": 0.02}
    experiment["training"] = {
        "optimizer": "sgd", "learning_rate": 0.003, "schedule": "cosine", "distribution": distribution,
    } | training  # fmt: skip
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    pictures, labels = images()
    data = folder / "data/prepared" / NAME
    data.mkdir(parents=True)
    np.save(data / "images.npy", pictures)
    splits = np.repeat(["train", "validation", "test"], [TRAIN, VALIDATION, TEST])
    rows = [prepared.Image(f"{at}.png", "ab"[label], split) for at, (label, split) in enumerate(zip(labels, splits))]
    about = {"dataset": "arasl", "classes": ["a", "b"], "letters": ["a", "b"], "image_size": 16, "channels": 1}
    prepared.write_table(data, rows, about | {"resample": "box", "empty": None})
    return folder


def free_port() -> int:
    with socket.create_server(("", 0)) as server:
        return server.getsockname()[1]


def variables(number: int, processes: int, port: int) -> dict[str, str]:
    return dict(zip(hosts.VARIABLES, (f"127.0.0.1:{port}", str(processes), str(number))))


def begin(folder: Path, **environment: str) -> subprocess.Popen:
    # Two lines of errors are no more than a pipe holds.
    return subprocess.Popen(
        [sys.executable, "-m", "stages.train", NAME],
        cwd=folder,
        env=os.environ | {"JAX_PLATFORMS": "cpu"} | environment,
        stdout=open(folder / "out.log", "w"),
        stderr=open(folder / "errors.log", "w"),
    )


def ended(process: subprocess.Popen, folder: Path) -> tuple[int, str]:
    """Wait for the end of a training; return its status, and what it said of it."""
    status = process.wait(timeout=900)
    return status, (folder / "errors.log").read_text()


def model(folder: Path) -> list[np.ndarray]:
    found = []
    with h5py.File(folder / "models" / NAME / "model.weights.h5") as weights:
        weights["layers"].visititems(lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    return found


def written(folder: Path) -> set[str]:
    """The outputs in a folder, half-written ones too."""
    there = {path for place in ("models", "data", "plots") for path in (folder / place).rglob("*") if path.is_file()}
    return {str(path.relative_to(folder)) for path in there if "prepared" not in path.parts}


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen]]:
    processes = []
    yield processes
    for process in processes:
        process.kill()


def test_two_hosts_learn_what_one_learns_whatever_ends_between(tmp_path, started):
    if not JAX.exists():
        pytest.skip("JAX is not installed; `make test` does it")
    alone = clone(tmp_path / "alone", "none")
    assert ended(begin(alone, KERAS_BACKEND="jax", PYTHONPATH=str(JAX)), alone) == (0, "")
    first, second = folders = [clone(tmp_path / name, "multi_host") for name in ("first", "second")]

    def start() -> list[subprocess.Popen]:
        port = free_port()
        started[:] = [begin(folder, **variables(at, 2, port)) for at, folder in enumerate(folders)]
        return started

    def epochs() -> int:
        rows = first / f"plots/history/{NAME}.csv"
        return len(files.read_csv(rows)) if rows.exists() else 0

    for survivor, victim in ((0, 1), (1, 0)):
        before, processes = epochs(), start()
        while epochs() < before + 2:
            assert [process.poll() for process in processes] == [None, None], (first / "errors.log").read_text()
            time.sleep(0.01)
        processes[victim].kill()
        status, told = ended(processes[survivor], folders[survivor])
        assert status == 1
        assert told.startswith(f"train {NAME}: another process of the 2 has ended or cannot be reached")
        assert told.count("\n") == 1, "nothing else is said"
        assert not any("partial" in name or "models" in name for name in written(folders[survivor]))
    done = epochs()
    assert 4 <= done < EPOCHS
    for process, folder in zip(start(), folders):
        assert ended(process, folder) == (0, "")
    assert f"going on after epoch {done}\n" in (first / "out.log").read_text()
    assert written(second) == set(), "it ends quietly"
    assert written(first) == written(alone)
    assert distance(model(first), model(alone)) < TOLERANCE
    histories = [(folder / "models" / NAME / "history.csv").read_text().split() for folder in (first, alone)]
    assert [len(history) for history in histories] == [EPOCHS + 1] * 2
    tables = [np.loadtxt(folder / f"data/predictions/{NAME}.csv", delimiter=",", skiprows=1, usecols=(2, 3))
              for folder in (first, alone)]  # fmt: skip
    assert distance(*[[table] for table in tables]) < TOLERANCE


def test_another_training_is_not_joined(tmp_path, started):
    if not JAX.exists():
        pytest.skip("JAX is not installed; `make test` does it")
    port = free_port()
    folders = [clone(tmp_path / f"{rate}", "multi_host", learning_rate=rate) for rate in (0.003, 0.004)]
    started[:] = [begin(folder, **variables(at, 2, port)) for at, folder in enumerate(folders)]
    status, told = ended(started[1], folders[1])
    assert status == 1 and told.count("\n") == 1
    assert "code, parameters, prepared images or packages differ from those of the first process" in told
    assert ended(started[0], folders[0])[0] == 1


DIVIDED = """
import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

import jax
import keras
import numpy as np

import test_distribution as tests
from fingerspell.training.distribution import divided

with divided(tests.network(), "multi_host") as network:
    answers = jax.jit(network)(np.zeros((16, 16, 16, 1)))
    print([tuple(part.data.shape) for part in answers.addressable_shards])
    assert all(weight.value.is_fully_replicated for weight in network.weights)
"""


def test_each_device_computes_its_part():
    assert on_jax(DIVIDED) == "[(8, 2), (8, 2)]\n"


@pytest.mark.parametrize(
    "place, value, words",
    [
        ("experiments.asl_cnn", "all", ("experiments.asl_cnn.training.distribution", "'all'", "'mirrored'")),
        ("experiments.asl_reader", "mirrored", ("experiments.asl_reader.training.distribution", "hand reader")),
        ("autoencoders.asl_autoencoder", "mirrored", ("autoencoders.asl_autoencoder.training.distribution",)),
    ],
)
def test_what_cannot_be_divided_is_refused(tmp_path, place, value, words):
    values = config.read(ROOT / "params.yaml")
    section, name = place.split(".")
    values[section][name]["training"]["distribution"] = value
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(FingerspellError) as raised:
        registry.check(name, config.load(tmp_path / "params.yaml"))
    assert all(word in str(raised.value) for word in words) and "\n" not in str(raised.value)


def test_several_hosts_without_jax_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(FingerspellError, match=r"multi_host needs JAX, .* `make .venv/jax`"):
        environment.choose_engine("multi_host")


def test_two_clones_have_one_recipe(tmp_path, monkeypatch):
    found = set()
    for name in ("one", "other"):
        folder = tmp_path / name
        shutil.copytree(CODE, folder / "fingerspell", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "data").mkdir()
        (folder / "data/images.npy").write_bytes(b"1")
        monkeypatch.chdir(folder)
        monkeypatch.setattr("fingerspell.training.checkpoint.CODE", folder / "fingerspell")
        found.add(recipe(Path("data"), {}))
    assert len(found) == 1


@pytest.mark.parametrize(
    "values, words",
    [
        ({}, (hosts.VARIABLES[0], "is not set", "host:port")),
        ({0: "10.0.0.1"}, (hosts.VARIABLES[0], "'10.0.0.1'")),
        ({0: "a:1", 1: "two", 2: "0"}, (hosts.VARIABLES[1], "'two'")),
        ({0: "a:1", 1: "2", 2: "-1"}, (hosts.VARIABLES[2], "'-1'")),
        ({0: "a:1", 1: "2", 2: "2"}, (hosts.VARIABLES[2], "of 2 the last is 1")),
    ],
)
def test_a_place_that_cannot_be_is_refused(monkeypatch, values, words):
    for at, name in enumerate(hosts.VARIABLES):
        monkeypatch.delenv(name, raising=False)
        if at in values:
            monkeypatch.setenv(name, values[at])
    with pytest.raises(FingerspellError) as raised:
        hosts.place()
    assert all(word in str(raised.value) for word in words)


def test_all_addresses_may_be_given(monkeypatch):
    for name, value in zip(hosts.VARIABLES, ("10.0.0.1:12, 10.0.0.2:12", "2", "1")):
        monkeypatch.setenv(name, value)
    assert hosts.place() == hosts.Place("10.0.0.1:12", 2, 1)


def test_a_port_that_is_taken_is_told(monkeypatch):
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        for name, value in variables(0, 2, port).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(FingerspellError, match=f"port {port}, which {hosts.VARIABLES[0]} names, cannot be had"):
            hosts.together(print)
