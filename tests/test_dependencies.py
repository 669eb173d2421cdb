"""DVC does not see imports: every stage must declare the code that makes its outputs."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from dvc.dependency.param import ParamsDependency
from dvc.repo import Repo

from fingerspell import config
from stages import SETTINGS, settings

ROOT = Path(__file__).parent.parent
PARAMS = config.load(ROOT / "params.yaml")

# Plumbing: it carries values and messages, and what it carries is a dependency or a parameter of its own.
PLUMBING = {
    "stages/__init__.py",
    "fingerspell/config.py",
    "fingerspell/errors.py",
    "fingerspell/files.py",
    "fingerspell/progress.py",
}
# (stage, module): why the stage need not run again when that module changes.
EXCEPTIONS = {
    ("split", "fingerspell/images.py"): "audit looks at the images; split reads its table, a dependency",
    ("split", "fingerspell/datasets/published/archive.py"): "as above",
    ("split", "fingerspell/datasets/published/catalogue.py"): "as above",
    ("split", "fingerspell/duplicates.py"): "as above",
    (
        "prepare",
        "fingerspell/splits.py",
    ): "split divides; prepare reads its manifest, a dependency",
    ("prepare", "fingerspell/audit.py"): "as above",
    ("prepare", "fingerspell/duplicates.py"): "as above",
    ("sheet", "fingerspell/duplicates.py"): "audit finds near-duplicates; sheet reads its tables, dependencies",
    ("train", "fingerspell/images.py"): "preparation decodes images; training reads its arrays, a dependency",
    ("train", "fingerspell/datasets/published/archive.py"): "as above",
    ("autoencode", "fingerspell/images.py"): "as above",
    ("autoencode", "fingerspell/datasets/published/archive.py"): "as above",
    ("autoencode", "fingerspell/hands.py"): "the training of whole images names no joints",
    ("train", "fingerspell/models/autoencoder.py"): "autoencode trains it; its weights are a dependency",
    ("export", "fingerspell/models/autoencoder.py"): "it belongs to classifiers, which export refuses",
    ("export", "fingerspell/images.py"): "preparation decodes images; export reads its arrays, a dependency",
    ("export", "fingerspell/datasets/published/archive.py"): "as above",
    ("sheet", "fingerspell/evaluation/predictions.py"): "the sheet of a dataset shows no predictions",
    ("scenes", "fingerspell/evaluation/predictions.py"): "the sheet of cut-outs shows no predictions",
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


# Settings that reach a stage through its other dependencies.
IMPLIED = {
    ("split", "dataset"): "names the tables of data/audit",
    ("prepare", "dataset"): "names the folder of data/raw",
    ("prepare", "model"): "names the file of the architecture",
    ("prepare", "weights"): "names the folder of data/weights",
    ("scenes", "dataset"): "names the folder of data/raw",
    ("scenes", "scenes"): "declared key by key: another share of photographs, say, leaves the cut-outs as they are",
    ("autoencode", "image_size"): "is that of the prepared images",
    ("autoencode", "channels"): "is that of the prepared images",
}


def settings_read(script: str) -> set[str]:
    """Return the keys that a script reads from its experiment, such as `augment.flip`."""
    text = (ROOT / f"stages/{script}.py").read_text(encoding="utf-8")
    keys = re.findall(r"\bexperiment\.([a-z_]+(?:\.[a-z_]+)*)", text.replace(".model_dump()", ""))
    return {key for key in keys if (script, key) not in IMPLIED}


def settings_files() -> dict[str, list[str]]:
    """Return the files of settings with the keys that they hold."""
    return {f"{SETTINGS}/{stage}/{name}.json": keys for stage, name, keys in settings.taken(PARAMS)}


def test_every_stage_declares_the_settings_that_it_reads(stages):
    for name, stage in stages.items():
        script = name.partition("@")[0]
        files = [dependency.def_path for dependency in stage.deps]
        declared = {key for file in files for key in settings_files().get(file, [])}
        experiments = [word for word in stage.cmd.split() if word in PARAMS.experiments]
        read = {f"experiments.{one}.{setting}" for one in experiments for setting in settings_read(script)}
        if "params.seed" in (ROOT / f"stages/{script}.py").read_text(encoding="utf-8"):
            read.add("seed")
        gaps = {one for one in read if not any(f"{one}.".startswith(f"{known}.") for known in declared)}
        assert not gaps, f"{name} does not declare {', '.join(sorted(gaps))}"


def test_every_file_of_settings_is_that_of_its_stage(stages):
    declared = {
        dependency.def_path: name
        for name, stage in stages.items()
        for dependency in stage.deps
        if dependency.def_path.startswith(f"{SETTINGS}/")
    }
    assert set(declared) == set(settings_files())
    for file, name in declared.items():
        script, entry = Path(file).parent.name, Path(file).stem
        assert name in (f"{script}@{entry}", script), f"{name} depends on {file}"


def test_dvc_reads_parameters_for_one_stage_alone(stages):
    reading = [name for name, stage in stages.items() if any(isinstance(one, ParamsDependency) for one in stage.deps)]
    assert reading == ["settings"]
