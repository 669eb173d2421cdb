"""A release tells what made it, and answers as the network that it came from; nothing unfinished is released."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from miniature import NAME

from fingerspell import config
from fingerspell.datasets.published import catalogue
from fingerspell.errors import FingerspellError
from fingerspell.evaluation.predictions import Predictions
from fingerspell.files import sha256
from fingerspell.images import whole
from fingerspell.inference import export, released
from fingerspell.inference.predictor import Predictor
from fingerspell.inference.reader import Reader
from fingerspell.models.common import saved
from tools import release

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
LARGEST = 3_000_000  # bytes: what a phone is to load
FIGURES = json.loads((ROOT / "metrics/asl_resnet.json").read_text(encoding="utf-8"))
BURSTS = {"bursts": 1234, "accuracy_bursts_low": 0.111, "accuracy_bursts_high": 0.999}
STAGES = """
stages:
  export:
    foreach: [tiny]
    do: {cmd: python -m stages.export tiny, deps: [models/tiny], outs: [data/exported/tiny]}
  evaluate:
    foreach: [tiny]
    do: {cmd: python -m stages.evaluate tiny, deps: [models/tiny], metrics: [metrics/tiny.json: {cache: false}]}
  external:
    foreach: [photos-tiny]
    do: {cmd: python -m stages.external photos-tiny, deps: [models/tiny], outs: [data/external/photos-tiny.csv]}
"""


def run(folder: Path, *words: str) -> str:
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def repository(exported, tmp_path_factory) -> Path:
    """A repository in which the tiny experiment was run, all committed; tests put back what they change."""
    folder = tmp_path_factory.mktemp("release") / "repository"
    shutil.copytree(exported, folder)
    params = config.read(ROOT / "params.yaml")
    params["experiments"][NAME] = params["experiments"]["asl_resnet"] | {"image_size": 16}
    params["datasets"]["arasl"]["source"] = "original"
    params["external"] = {
        "photos-tiny": {"experiment": NAME, "path": "photos.zip"},
        "photos-other": {"experiment": "asl_cnn", "path": "photos.zip"},
        "later-tiny": {"experiment": NAME, "path": "later"},
    }
    (folder / "photos.zip").write_bytes(b"")
    (folder / "later").mkdir()
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (folder / "fingerspell").mkdir()
    (folder / "fingerspell/code.py").write_text("1\n")
    (folder / "metrics/external").mkdir(parents=True)
    (folder / "metrics/tiny.json").write_text(json.dumps(FIGURES))
    (folder / "plots/tiny").mkdir(parents=True)
    (folder / "plots/tiny/metrics.json").write_text(json.dumps(BURSTS | {"balanced_accuracy": 0.5}))
    for name, accuracy in {"photos-tiny": 0.123456, "photos-other": 0.5}.items():
        (folder / f"metrics/external/{name}.json").write_text(json.dumps(FIGURES | {"accuracy": accuracy}))
    table = Predictions(list("abc"), np.array([0, 1, 1]), np.float32([(1, 0), (1, 0), (0, 1)]), ("A", "nothing"))
    table.write(folder / "data/external/photos-tiny.csv")
    (folder / "dvc.yaml").write_text(STAGES)
    shutil.copy(ROOT / ".gitignore", folder)
    for words in ("git init -q", "dvc init -q", "dvc config core.analytics false", "dvc commit -q -f", "git add -A"):
        run(folder, sys.executable, "-m", *words.split()) if words.startswith("dvc") else run(folder, *words.split())
    run(folder, *["git", "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "x"])
    return folder


@pytest.fixture(scope="module")
def made(repository, tmp_path_factory) -> Path:
    """The folder of the release that was made of it."""
    place = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        release.main(NAME, str(repository))
    return place / "models/released" / NAME


# Every release there is, and the one made here, so that there always is one


@pytest.fixture(params=["made here", *released.names()])
def folder(request) -> Path:
    return request.getfixturevalue("made") if request.param == "made here" else released.FOLDER / request.param


def answers(folder: Path, paths: list[Path]) -> list[np.ndarray]:
    """Return what a released or exported model says about image files."""
    predictor = Predictor.open(folder)
    if not predictor.reads_hands:
        return [predictor.predict(predictor.read(path.read_bytes())[None])[0] for path in paths]
    with Reader.open(folder) as reader:
        return list(reader.probabilities(whole(path.read_bytes()) for path in paths))


def test_it_answers_to_samples_as_the_network_did_that_it_came_from(folder):
    samples = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    paths = sorted((folder / "samples").iterdir())
    assert sorted(samples) == [path.name for path in paths] and len(samples) >= 3
    for path, found in zip(paths, answers(folder, paths)):
        assert np.abs(found - samples[path.name]).max() <= export.TOLERANCE, path.name


def test_it_is_whole_and_small(folder):
    description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    assert description["experiment"] == folder.name and len(description["revision"]) == 40
    assert (folder / "model.tflite").stat().st_size == description["export"]["bytes"] <= LARGEST
    assert {"table.csv", "model.weights.h5", "model.tflite"} == set(description["sha256"])
    own = description["figures"]["own test"]
    assert own["accuracy_low"] <= own["accuracy"] <= own["accuracy_high"]
    assert description["parameters"]["experiment"]["image_size"] == description["image_size"]


def test_its_card_says_what_its_description_says(folder):
    description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "${" not in text and f"fingerspell predict --model {folder.name} " in text
    for one in description["figures"].values():
        assert f"| **{one['accuracy']:.3f}** (" in text
    datasets = [catalogue.find(name) for name in description["parameters"]["datasets"]]
    names = [one.name for dataset in datasets for one in dataset.collections or (dataset,)]
    for part in (description["revision"], *description["sha256"].values(), *names):
        assert part in text


# What the pipeline exported in this checkout, where the same training made both


def exported_here(name: str) -> Path:
    return ROOT / "data/exported" / name


def weights(folder: Path) -> str:
    return json.loads((folder / "model.json").read_text(encoding="utf-8"))["sha256"]["model.weights.h5"]


SAME = [
    name
    for name in released.names()
    if (exported_here(name) / "model.json").exists() and weights(exported_here(name)) == weights(released.FOLDER / name)
]


@pytest.mark.parametrize("name", ["made here", *SAME])
def test_it_answers_as_the_export_of_the_pipeline_does(name, made, repository):
    one, other = (
        (made, repository / "data/exported" / NAME)
        if name == "made here"
        else (released.FOLDER / name, exported_here(name))
    )
    paths = sorted((one / "samples").iterdir())
    for said, again in zip(answers(one, paths), answers(other, paths)):
        assert np.abs(said - again).max() <= export.TOLERANCE


# Making one


def test_it_records_what_made_it(made, repository):
    description = json.loads((made / "model.json").read_text(encoding="utf-8"))
    assert description["revision"] == run(repository, "git", "rev-parse", "HEAD").strip()
    assert description["sha256"]["model.tflite"] == sha256(made / "model.tflite")
    params = release.load(repository)
    assert description["parameters"] == {
        "seed": params.seed,
        "datasets": {"asl_alphabet": params.dataset("asl_alphabet").model_dump()},
        "hands": {},
        "compositions": {},
        "experiment": params.experiment(NAME).model_dump(),
    }
    assert description["figures"] == {"own test": FIGURES | BURSTS, "photos": FIGURES | {"accuracy": 0.123456}}


def test_samples_are_answered_by_the_network_itself(made, repository):
    network = saved.load(repository / "models" / NAME)[1]
    predictor = Predictor.open(made)
    for name, answer in json.loads((made / "samples.json").read_text()).items():
        assert np.allclose(network(predictor.read((made / "samples" / name).read_bytes())[None])[0], answer, atol=1e-4)


def test_the_card_names_publishers_where_their_images_were_used(made):
    description = json.loads((made / "model.json").read_text(encoding="utf-8"))
    assert "hands drawn by this project (MIT), laid out as [ASL Alphabet]" in release.card(description)
    description["parameters"]["datasets"]["asl_alphabet"]["source"] = "original"
    assert "licence: GPL-2.0. Akash Nagaraj (2018). ASL Alphabet." in release.card(description)


def test_the_card_gives_the_interval_over_bursts_where_they_are_known(made):
    description = json.loads((made / "model.json").read_text(encoding="utf-8"))
    text = release.card(description)
    assert f"| own test | **{FIGURES['accuracy']:.3f}** (0.111–0.999) |" in text
    assert "over its 1,234 bursts" in text and "The intervals treat images as independent" not in text
    one = description["figures"]["own test"]
    for key in BURSTS:
        del one[key]
    text = release.card(description)
    assert f"| own test | **{one['accuracy']:.3f}** ({one['accuracy_low']:.3f}–{one['accuracy_high']:.3f}) |" in text
    assert "The intervals treat images as independent" in text


def test_the_command_refuses_what_names_no_experiment():
    done = subprocess.run([sys.executable, "-m", "tools.release"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "release: name one experiment: make release EXPERIMENT=asl_reader\n")


def test_the_card_tells_what_training_images_were_composed_of(made):
    description = json.loads((made / "model.json").read_text(encoding="utf-8"))
    assert "cut out" not in release.card(description)
    experiment = description["parameters"]["experiment"]
    experiment |= {"composition": release.load(ROOT).experiment("asl_robust").composition.model_dump()}
    experiment["composition"]["shares"] = {"rendered": 0.5, "cut": 0.4, "photographs": 0.1}
    description["parameters"]["hands"] = {"american": {"per_class": 450, "backgrounds": 3000}}
    description["composed"] = {"rendered": 11700, "cut": 4589, "photographs": 5513, "photographs_with_a_hand": 5319}
    description["empty_scenes"] = {"own test": {"hits": 60, "images": 66}}
    description["figures"]["asl_photos_rest"] = FIGURES
    text = release.card(description)
    for said in (
        "drawn by this project (MIT), 450 of a sign, before 3,000 drawn backgrounds (50%)",
        "4,589 hands cut out of 5,319 training images, before the same backgrounds (40%)",
        "5,513 training images as they are (10%)",
        "Of images that show no sign it names as `nothing` 60 of 66 (own test).",
        "- `asl_photos_rest`: development data: the 26 letters by other people",
        "- `photos`: out-of-domain photographs",
    ):
        assert said in text, said
    description["composed"] |= {"cut": 1, "photographs_with_a_hand": 1}
    assert "; 1 hand cut out of 1 training image, before" in release.card(description)
    description["composed"]["cut"] = 0
    assert "cut out" not in release.card(description) and "backgrounds (83%)" in release.card(description)


def test_what_was_composed_and_seen_is_read_from_the_run(repository, tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    assert release.composed(tmp_path, "asl_resnet") is None and release.empty_scenes(tmp_path, "asl_robust") == {}
    with pytest.raises(FingerspellError, match=r"composition\.json is not there; run `dvc repro compose@asl_robust`"):
        release.composed(tmp_path, "asl_robust")
    (tmp_path / "data/compositions/asl_robust").mkdir(parents=True)
    (tmp_path / "data/compositions/asl_robust/composition.json").write_text('{"cut": 3}')
    assert release.composed(tmp_path, "asl_robust") == {"cut": 3}
    shutil.copytree(repository / "data/external", tmp_path / "data/predictions")
    (tmp_path / "data/predictions/photos-tiny.csv").rename(tmp_path / "data/predictions/asl_robust.csv")
    for folder, name, title in ((tmp_path, "asl_robust", "own test"), (repository, NAME, "photos")):
        found = release.empty_scenes(folder, name)
        assert list(found) == [title] and (found[title]["hits"], found[title]["images"]) == (1, 2)


def test_the_sections_of_what_was_composed_are_recorded():
    found = release.parameters(ROOT, "asl_robust")
    params = release.load(ROOT)
    assert found["compositions"] == {"asl_robust": params.composition("asl_robust").model_dump()}
    assert found["hands"] == {"american": params.drawn_hands("american").model_dump()}


def test_two_sets_of_one_name_are_told_apart(repository, tmp_path):
    params = config.read(repository / "params.yaml")
    params["external"]["again-tiny"] = {"experiment": NAME, "path": "more/photos.zip"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    for path in ("later", "more", "metrics/external"):
        (tmp_path / path).mkdir(parents=True)
    for path in (
        "photos.zip",
        "more/photos.zip",
        "metrics/external/photos-tiny.json",
        "metrics/external/again-tiny.json",
    ):
        (tmp_path / path).touch()
    assert release.external(tmp_path, NAME) == {"photos": "photos-tiny", "again-tiny": "again-tiny"}


def refused(folder: Path, tmp_path: Path, monkeypatch) -> str:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FingerspellError) as raised:
        release.main(NAME, str(folder))
    assert not list(tmp_path.rglob("*"))
    return str(raised.value)


@pytest.mark.parametrize("file", ["fingerspell/code.py", "stages/new.py", "dvc.yaml"])
def test_code_that_is_not_committed_is_refused(repository, tmp_path, monkeypatch, file):
    path = repository / file
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before}\n")
    try:
        sentence = refused(repository, tmp_path, monkeypatch)
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert "is not as committed; commit it, run `dvc repro`, then release" in sentence
    assert sentence.startswith(file.partition("/")[0])


def test_an_export_of_another_training_is_refused(repository, tmp_path, monkeypatch):
    path = repository / "models" / NAME / "model.json"
    before = path.read_text()
    path.write_text(before + " ")
    try:
        assert "is not up to date; run `dvc repro export@tiny evaluate@tiny external@photos-tiny` there" in refused(
            repository, tmp_path, monkeypatch
        )
    finally:
        path.write_text(before)


def test_what_was_not_exported_or_is_no_repository_is_refused(exported, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "work").mkdir()
    assert "holds no exported model" in refused(tmp_path / "empty", tmp_path / "work", monkeypatch)
    assert f"git does not know {exported}" in refused(exported, tmp_path / "work", monkeypatch)
