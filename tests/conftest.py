"""Fixtures shared by the tests: a real repository in a temporary folder, with the project's own code and settings."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import stages.runner  # noqa: F401  # before numpy, whose kernels it chooses: those of the processes that stages start

import pytest
import yaml
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
JAX = ROOT / ".venv/jax"  # beside the environment, not in it: see pyproject.toml
CODE = ("stages", "fingerspell", "dvc.yaml", "params.yaml", ".gitignore", ".dvcignore")

# No test asserts a time: other work on the machine fails none.
settings.register_profile("timeless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeless")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files whose tests are slow: one worker takes each, and the quick ones fill the time."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def on_jax(script: str) -> str:
    """Run a script of Python on Keras's JAX backend, where the tests' modules can be imported; return its output."""
    if not JAX.exists():
        pytest.skip("JAX is not installed; `make test` does it")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ
        | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(["tests", str(JAX)])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Repository:
    """A Git and DVC repository that holds a copy of the project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for name in CODE:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        self("git", "init", "-q")
        self("dvc", "init", "-q")
        shutil.copytree(ROOT / ".dvc/plots", folder / ".dvc/plots")
        for key in ("analytics", "check_update"):
            self("dvc", "config", f"core.{key}", "false")

    def __call__(self, *command: str, status: int = 0) -> str:
        """Run a command in the repository and return what it printed; it must end with `status`."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ
            | {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "PYTHONDONTWRITEBYTECODE": "1",
                "CUDA_VISIBLE_DEVICES": "",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        output = done.stdout + done.stderr
        assert done.returncode == status, f"{' '.join(command)} ended with {done.returncode}:\n{output}"
        return output

    def stage(self, name: str, *words: str, status: int = 0) -> str:
        """Run one stage's script without DVC."""
        return self("python", "-m", f"stages.{name}", *words, status=status)

    def change(self, edit: Callable[[dict], None]) -> None:
        """Rewrite params.yaml after `edit` has changed its contents in place."""
        path = self.folder / "params.yaml"
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        edit(values)
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


# One experiment of each kind: what the others do differently has tests of its own.
KINDS = (
    "asl_cnn",
    "asl_resnet50",
    "asl_autoencoder_forest",
    "asl_autoencoder_logistic",
    "synthetic_vgg16",
    "arasl_cnn",
    "arasl_cnn_grouped",
    "asl_robust",
    "asl_reader",
)


def shrink(params: dict) -> None:
    """Cut the real parameters down to the least that still runs every stage, and every kind of experiment."""
    # As many as leave every class three capture bursts, which is what a grouped split asks for.
    for name, images in {"asl_alphabet": 12, "synthetic_asl": 6, "arasl": 18, "american": 6}.items():
        params["datasets"][name]["images_per_class"] = images
    del params["datasets"]["asl_photos"]
    params["experiments"] = {name: params["experiments"][name] for name in KINDS}
    for experiment in params["experiments"].values():
        if experiment["trains_on"] != "crops":
            experiment["image_size"] = 32
        if experiment["split"]["method"] == "first":
            experiment["split"]["test_images"] = 3
        if experiment["grid"]:
            experiment["grid"] = {key: values[:1] for key, values in experiment["grid"].items()}
        else:
            experiment.update(epochs=1, batch_size=32)
            experiment["training"].pop("warmup", None)  # takes an epoch before the one that counts
        if experiment["composition"]:
            experiment["composition"]["images"] = 64
            experiment["composition"]["shares"]["cut"] = 0.3
    params["experiments"]["asl_autoencoder_forest"]["grid"]["n_estimators"] = [5]
    params["autoencoders"]["asl_autoencoder"].update(image_size=32, epochs=1)
    params["compositions"] = {"asl_robust": {"hands": "american", "segmenter_steps": 2}}
    params["hands"] = {"american": {"per_class": 2, "backgrounds": 20}}
    params["landmarks"] = ["american"]
    params["crops"] = {"asl_reader": {"dataset": "american", "hands": "american", "joints": 4, "views": 1}}
    params["exports"] = {"asl_robust": "prepared", "asl_reader": "crops"}
    params["evidence"] = {
        "comparisons": [["asl_cnn", "asl_resnet50"], ["arasl_cnn", "arasl_cnn_grouped"]],
        "images": 6,
        "robustness": ["asl_cnn", "asl_reader"],
        "explanations": ["asl_robust"],
    }
    second = {"from_layer": "conv5_block3_1_conv", "epochs": 1, "learning_rate": 0.0001}
    params["experiments"]["asl_resnet50"]["fine_tune"] = second
    params["experiments"]["arasl_cnn_grouped"]["seeds"] = 2
    params["experiments"]["synthetic_vgg16"]["precision"] = "mixed_bfloat16"


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The whole study, tiny, reproduced once; tests that change it put it back."""
    repository = Repository(tmp_path_factory.mktemp("study") / "fingerspell")
    repository.change(shrink)
    (repository.folder / "first.log").write_text(repository("dvc", "repro"))
    return repository


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with a tiny experiment, trained, and exported by the stage itself; tests do not change it."""
    import miniature

    from stages import export

    place = tmp_path_factory.mktemp("exported")
    miniature.make(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        export.main(miniature.NAME)
    return place
