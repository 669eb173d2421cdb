"""DVC sees neither imports nor reads of `params.yaml`: every stage must declare the code and parameters it uses."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from dvc.dependency.param import ParamsDependency
from dvc.repo import Repo

from fingerspell import config

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PARAMS = config.load(ROOT / "params.yaml")

# Plumbing: it carries values and messages, and what it carries is a dependency or a parameter of its own.
PLUMBING = {
    "stages/__init__.py",
    "stages/environment.py",
    "stages/failures.py",
    "stages/guard.py",
    "stages/places.py",
    "stages/runner.py",
    "fingerspell/cluster.py",
    "fingerspell/config.py",
    "fingerspell/errors.py",
    "fingerspell/files.py",
    "fingerspell/interrupts.py",
    "fingerspell/processes.py",
    "fingerspell/progress.py",
    "fingerspell/quiet.py",
    "fingerspell/tables.py",
}
# (stage, module): why the stage need not run again when that module changes.
EXCEPTIONS = {
    (
        "prepare",
        "fingerspell/models/autoencoder.py",
    ): "where it changes autoencode runs, and its weights do",
    ("train", "fingerspell/models/autoencoder.py"): "as above",
    ("evaluate", "fingerspell/models/autoencoder.py"): "evaluate builds no model",
    ("autoencode", "fingerspell/datasets/hands.py"): "the training of whole images knows no keypoints",
    ("prepare", "fingerspell/hands/layout.py"): "it builds no reader",
    ("export", "fingerspell/images.py"): "preparation decodes images; export reads its arrays, a dependency",
}


def module_file(dotted: str) -> str | None:
    """Return the file of a module or package of the project, relative to its root."""
    path = dotted.replace(".", "/")
    for file in (f"{path}.py", f"{path}/__init__.py"):
        if (ROOT / file).is_file():
            return file
    return None


@cache
def parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


@cache
def imports(file: str) -> frozenset[str]:
    """Return the project's files that a file imports, wherever in it, with the packages that hold them."""
    modules = set()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import, which this test does not follow"
            modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    packages = {".".join(name.split(".")[:end]) for name in modules for end in range(1, name.count(".") + 1)}
    return frozenset(
        found
        for name in modules | packages
        if name.split(".")[0] in ("stages", "fingerspell") and (found := module_file(name))
    )


def reached(start: list[str]) -> set[str]:
    """Return the files imported from `start` on, these included, without those that hold but a docstring."""
    found: set[str] = set()
    ahead = list(start)
    while ahead:
        file = ahead.pop()
        if file not in found:
            found.add(file)
            ahead += imports(file)
    return {file for file in found if len(parsed(file).body) > 1}


@pytest.fixture(scope="module")
def stages() -> dict:
    """The stages of dvc.yaml as DVC resolves them, by name."""
    with Repo(str(ROOT)) as repository:
        return {stage.name: stage for stage in repository.index.stages}


def code_of(name: str) -> set[str]:
    script, _, key = name.partition("@")
    # The registry imports the experiment's model by its name.
    model = [f"fingerspell/models/{PARAMS.experiment(key).model}.py"] if key in PARAMS.experiments else []
    return reached([f"stages/{script}.py", *(model if script in ("prepare", "train", "export") else [])])


def undeclared(name: str, stage) -> set[str]:
    declared = {dependency.def_path for dependency in stage.deps}
    return {
        file
        for file in code_of(name) - PLUMBING
        if not any(file == path or file.startswith(f"{path}/") for path in declared)
    }


def test_every_stage_declares_the_code_that_it_runs(stages):
    gaps = {
        f"{name} does not declare {file}"
        for name, stage in stages.items()
        for file in undeclared(name, stage)
        if (name.partition("@")[0], file) not in EXCEPTIONS
    }
    assert not gaps, "\n".join(sorted(gaps))


def test_no_exception_is_out_of_date(stages):
    used = {(name.partition("@")[0], file) for name, stage in stages.items() for file in undeclared(name, stage)}
    assert not set(EXCEPTIONS) - used


def test_no_stage_declares_code_that_it_never_runs(stages):
    """Such a dependency would train again for nothing. All experiments may declare what one of them runs."""
    run: dict[str, set[str]] = {}
    for name in stages:
        run.setdefault(name.partition("@")[0], set()).update(code_of(name))
    for name, stage in stages.items():
        for path in (dependency.def_path for dependency in stage.deps):
            if path.startswith(("stages", "fingerspell")):
                used = run[name.partition("@")[0]]
                assert any(file == path or file.startswith(f"{path}/") for file in used), f"{name}: {path}"


def parameters_read(script: str) -> set[str]:
    """Return the keys that a script reads from its experiment, such as `augment.flip`."""
    text = (ROOT / f"stages/{script}.py").read_text(encoding="utf-8")
    return set(re.findall(r"\bexperiment\.([a-z_]+(?:\.[a-z_]+)*)", text.replace(".model_dump()", "")))


def parameters_declared(stage) -> set[str]:
    return {key for dependency in stage.deps if isinstance(dependency, ParamsDependency) for key in dependency.params}


# What library functions read of the experiment that a stage hands them.
HANDED_ON = {
    "split": {"classes", "clean", "split", "sample_size", "undersample"},
    "prepare": {"model", "precision", "augment.flip", "image_size", "channels"},
    "train": {"training", "epochs", "batch_size", "augment", "fine_tune", "tta_scales", "tta_rotations", "grid"},
}


def test_every_stage_declares_the_parameters_that_it_reads(stages):
    for name, stage in stages.items():
        script, _, key = name.partition("@")
        read = set()
        if key in PARAMS.experiments:
            keys = parameters_read(script) | HANDED_ON.get(script, set())
            read = {f"experiments.{key}.{one}" for one in keys}
        if "params.seed" in (ROOT / f"stages/{script}.py").read_text(encoding="utf-8"):
            read.add("seed")
        declared = parameters_declared(stage)
        gaps = {one for one in read if not any(f"{one}.".startswith(f"{known}.") for known in declared)}
        assert not gaps, f"{name} does not declare {', '.join(sorted(gaps))}"


def test_all_of_an_experiment_is_a_parameter_of_a_stage(stages):
    """A key that no stage declares would change and nothing would run."""
    declared = set().union(*(parameters_declared(stage) for name, stage in stages.items() if name != "compare"))
    for name in PARAMS.experiments:
        for key in config.Experiment.model_fields:
            assert f"experiments.{name}.{key}" in declared, key
