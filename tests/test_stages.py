"""What a user can do wrong and what can go wrong: one sentence, nothing lost and nothing half-written.

The real scripts run in a real folder, on archives in the published layout that are made here.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from stages.environment import CPU
from stages.places import archives

import numpy as np
import psutil
import pytest
from conftest import ROOT, Repository
from PIL import Image

from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.files import sha256

pytestmark = pytest.mark.slow

ARASL = DATASETS["arasl"]
PER_CLASS = 6
CORRUPT = "ArASL_Database_54K_Final/dal/DAL (3).jpg"
OUTPUTS = ("data", "models", "metrics", "plots")


def member(label: str, number: int) -> str:
    return f"ArASL_Database_54K_Final/{label}/{label.upper()} ({number}).jpg"


def jpeg(side: int, seed: int) -> bytes:
    stream = BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (5, 5), np.uint8)
    Image.fromarray(pixels).resize((side, side)).save(stream, "JPEG")
    return stream.getvalue()


def pack(path: Path, labels=ARASL.classes, side: int = 20) -> Path:
    """Write an archive as ArASL publishes it, with one image that is cut short."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for at, label in enumerate(labels):
            data = jpeg(side, at)  # all of a class alike, so that large ones are quickly made
            for number in range(1, PER_CLASS + 1):
                name = member(label, number)
                archive.writestr(name, data[:200] if name == CORRUPT else data + bytes([number]))
    return path


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """ArASL in miniature, up to the arrays that `arasl_cnn` is trained on."""
    repository = Repository(tmp_path_factory.mktemp("stages") / "fingerspell")
    pack(repository.folder / "data/archives" / ARASL.archive)

    def shrink(params: dict) -> None:
        params["datasets"]["arasl"]["source"] = "original"
        params["experiments"]["arasl_cnn"].update(image_size=16, epochs=2)

    repository.change(shrink)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FINGERSPELL_ARCHIVES", raising=False)
        for stage, name in (("download", "arasl"), ("audit", "arasl")):
            repository.stage(stage, name)
        for stage in ("split", "prepare"):
            repository.stage(stage, "arasl_cnn")
    return repository


@pytest.fixture
def study(prepared: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """The same, with the parameters put back after the test."""
    monkeypatch.delenv("FINGERSPELL_ARCHIVES", raising=False)
    params = prepared.folder / "params.yaml"
    before = params.read_text(encoding="utf-8")
    yield prepared
    params.write_text(before, encoding="utf-8")


def outputs(study: Repository) -> dict[str, str]:
    """Return all files that stages write, hidden ones too, with their hashes."""
    files = (path for name in OUTPUTS for path in (study.folder / name).rglob("*") if path.is_file())
    return {str(path.relative_to(study.folder)): sha256(path) for path in files}


def whats_in(folder: Path) -> dict[str, str]:
    """Return the files of a folder, with their hashes."""
    return {path.name: sha256(path) for path in folder.iterdir()}


def sentence(output: str, what: str) -> str:
    """Return the one sentence of ours in what a stage printed."""
    assert "Traceback" not in output, output
    lines = (line.strip() for line in output.splitlines())  # before ours a cut-off bar may leave blanks
    ours = [line for line in lines if line.startswith(f"{what}: ") and "/s]" not in line]
    assert len(ours) == 1, output
    return ours[0].removeprefix(f"{what}: ")


def failure(study: Repository, *words: str) -> str:
    """Run a stage that must fail and leave all outputs as they were; return its sentence."""
    before = outputs(study)
    output = study("python", "-m", f"stages.{words[0]}", *words[1:], status=1)
    assert outputs(study) == before
    return sentence(output, " ".join(words))


def setting(study: Repository, name: str, key: str, value: object) -> None:
    study.change(lambda params: params["experiments"][name].update({key: value}))


@pytest.mark.skipif(not CPU.exists() or " avx2 " not in CPU.read_text(), reason="the kernels need Linux and AVX2")
def test_every_processor_adds_in_the_same_order():
    """Else the same seed draws other pixels on another generation of processors."""
    look = (
        "import stages.runner, numpy, scipy.linalg; from threadpoolctl import threadpool_info; print(threadpool_info())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    done = subprocess.run([sys.executable, "-c", look], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert re.findall(r"'architecture': '(\w+)'", done.stdout) == ["Haswell", "Haswell"], done.stderr


# What stands in params.yaml and on the command line


@pytest.mark.parametrize(
    "stage, key, value, words",
    [
        (
            "split",
            "epoch",
            3,
            ("params.yaml", "experiments.arasl_cnn.epoch ", "remove it or mend its spelling"),
        ),
        ("split", "batch_size", "many", ("params.yaml", "experiments.arasl_cnn.batch_size", "'many'")),
        ("split", "dataset", "asl", ("experiments.arasl_cnn.dataset", "'asl'", "arasl")),
        ("split", "classes", ["ain", "alif"], ("classes", "'alif'", "ain")),
        ("prepare", "image_size", 8, ("experiments.arasl_cnn.image_size", "8", "at least 16")),
        ("prepare", "model", "lenet", ("'lenet'", "arasl_cnn")),
        ("train", "grid", {"C": [1]}, ("experiments.arasl_cnn.grid", "null")),
        ("train", "epochs", None, ("experiments.arasl_cnn.epochs", "must be set")),
        ("train", "grid", {"C": []}, ("params.yaml", "experiments.arasl_cnn.grid.C is []", "at least 1 item")),
    ],
)
def test_a_wrong_parameter_is_named(study, stage, key, value, words):
    setting(study, "arasl_cnn", key, value)
    found = failure(study, stage, "arasl_cnn")
    assert all(word in found for word in words), found


@pytest.mark.parametrize(
    "change, words",
    [
        ({"model": "lenet"}, ("experiments.arasl_cnn.model is 'lenet'", "choose one of")),
        ({"dataset": "asl"}, ("experiments.arasl_cnn.dataset is 'asl'", "has only")),
        ({"trains_on": "compositions"}, ("experiments.arasl_cnn.composition must be set",)),
        ({"weights": "imagenet"}, ("experiments.arasl_cnn.weights is 'imagenet'", "add it there")),
        ({"model": "autoencoder_forest"}, ("experiments.arasl_cnn.", "must")),
    ],
)
def test_what_dvc_would_look_for_in_vain_is_named_before(study, change, words):
    study.change(lambda params: params["experiments"]["arasl_cnn"].update(change))
    found = failure(study, "check", "arasl_cnn")
    assert all(word in found for word in words), found


def test_an_experiment_that_names_no_autoencoder_is_refused(study):
    setting(study, "asl_autoencoder_forest", "weights", "none")
    found = failure(study, "check", "asl_autoencoder_forest")
    assert "experiments.asl_autoencoder_forest.weights must name an autoencoder" in found
    assert "asl_autoencoder" in found


def test_a_misspelt_path_of_photographs_is_refused(study):
    photos = {"experiment": "arasl_cnn", "path": "photos.zip"}
    study.change(lambda params: params["external"].update(mine=photos))
    assert "external.mine.path is 'photos.zip', which is not there" in failure(study, "split", "arasl_cnn")


def test_an_unknown_dataset_section_is_named(study):
    section = {"source": "rendered", "path": "fingerspell", "images_per_class": 1}
    study.change(lambda params: params["datasets"].update(bsl=section))
    assert "'bsl'" in failure(study, "download", "bsl")


def test_a_file_that_is_no_yaml_is_named(study):
    (study.folder / "params.yaml").write_text("seed: [")
    assert "params.yaml is not valid YAML" in failure(study, "split", "arasl_cnn")


@pytest.mark.parametrize("stage", ["split", "prepare", "train"])
def test_an_unknown_experiment_is_named_with_the_known_ones(study, stage):
    found = failure(study, stage, "arasl_cmn")
    assert "'arasl_cmn'" in found and "arasl_cnn" in found


def test_an_autoencoder_that_cannot_take_a_setting_is_refused_before_it_is_trained(study):
    study.change(lambda params: params["autoencoders"]["asl_autoencoder"]["training"].update(mixup=0.2))
    found = failure(study, "autoencode", "asl_autoencoder")
    assert "autoencoders.asl_autoencoder.training.mixup must be left out" in found


@pytest.mark.parametrize("words", [("split",), ("split", "arasl_cnn", "more"), ("autoencode",), ("compare", "x")])
def test_a_wrong_command_line_is_told_the_right_one(study, words):
    assert f"python -m stages.{words[0]}" in failure(study, *words)


def test_another_folder_is_told_from_a_study(study, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "stages.split", "arasl_cnn"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "params.yaml is not here" in sentence(done.stderr, "split arasl_cnn")


@pytest.mark.parametrize(
    "words, place",
    [
        (("audit", "asl_alphabet"), "data/raw/asl_alphabet"),
        (("split", "asl_cnn"), "data/audit/asl_alphabet.csv"),
        (("prepare", "asl_cnn"), "data/splits/asl_cnn.csv"),
        (("train", "asl_cnn"), "data/prepared/asl_cnn"),
        (("evaluate", "asl_cnn"), "models/asl_cnn"),
        (("compare",), "data/predictions/asl_cnn.csv"),
    ],
)
def test_a_stage_whose_input_is_missing_names_it(study, words, place):
    assert place in failure(study, *words)


@pytest.mark.parametrize(
    "words, place",
    [
        (("gallery", "arasl"), "data/audit/arasl.json"),
        (("split", "arasl_cnn"), "data/audit/arasl.npy"),
        (("train", "arasl_cnn"), "data/prepared/arasl_cnn/images.npy"),
    ],
)
def test_a_stage_that_misses_one_of_its_files_names_it(study, words, place):
    path = study.folder / place
    aside = path.rename(path.with_suffix(".aside"))
    try:
        found = failure(study, *words)
    finally:
        aside.rename(path)
    assert f"{place} is not there" in found and "run `dvc repro`" in found


def test_arrays_that_are_cut_short_are_named(study):
    path = study.folder / "data/prepared/arasl_cnn/images.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    try:
        found = failure(study, "train", "arasl_cnn")
    finally:
        path.write_bytes(whole)
    assert "images.npy is damaged" in found and "delete data/prepared/arasl_cnn" in found


# Archives and images


def test_a_truncated_archive_is_named(study, tmp_path, monkeypatch):
    whole = pack(tmp_path / ARASL.archive)
    whole.write_bytes(whole.read_bytes()[:5000])
    monkeypatch.setenv("FINGERSPELL_ARCHIVES", str(tmp_path))
    found = failure(study, "download", "arasl")
    assert str(whole) in found and "cut short" in found and "download it again" in found


def test_a_foreign_archive_is_named(study, tmp_path, monkeypatch):
    path = tmp_path / ARASL.archive
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holiday/beach.jpg", jpeg(20, 0))
    monkeypatch.setenv("FINGERSPELL_ARCHIVES", str(tmp_path))
    found = failure(study, "download", "arasl")
    assert str(path) in found and "is not the archive of" in found and ARASL.page in found


def test_a_missing_class_folder_is_named(study, tmp_path, monkeypatch):
    path = pack(tmp_path / ARASL.archive, labels=[label for label in ARASL.classes if label != "meem"])
    monkeypatch.setenv("FINGERSPELL_ARCHIVES", str(tmp_path))
    found = failure(study, "download", "arasl")
    assert str(path) in found and "meem" in found


def test_a_member_never_names_a_path_on_disk(study, tmp_path, monkeypatch):
    path = pack(tmp_path / "in" / ARASL.archive)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../ArASL_Database_54K_Final/ain/AIN (999).jpg", jpeg(20, 0))
    monkeypatch.setenv("FINGERSPELL_ARCHIVES", str(path.parent))
    study.stage("download", "arasl")
    study.stage("audit", "arasl")
    audit = json.loads((study.folder / "data/audit/arasl.json").read_text())
    assert audit["refused"] == 1
    assert audit["images"] == len(ARASL.classes) * PER_CLASS
    assert not list(tmp_path.rglob("AIN*")) and not list(study.folder.rglob("AIN*"))
    monkeypatch.delenv("FINGERSPELL_ARCHIVES")
    study.stage("download", "arasl")
    study.stage("audit", "arasl")


def test_a_corrupt_image_is_left_out_and_counted(study):
    folder = study.folder / "data"
    audit = json.loads((folder / "audit/arasl.json").read_text())
    assert audit["unreadable"] == 1
    assert f"unreadable,{CORRUPT}," in (folder / "audit/arasl-findings.csv").read_text()
    summary = json.loads((folder / "splits/arasl_cnn.json").read_text())
    assert summary["left_out"]["unreadable"] == 1
    manifest = (folder / "splits/arasl_cnn.csv").read_text()
    assert CORRUPT not in manifest
    assert manifest.count(".jpg") == len(ARASL.classes) * PER_CLASS - 1
    assert len(np.load(folder / "prepared/arasl_cnn/images.npy")) == manifest.count(".jpg")


def test_an_image_that_has_gone_bad_since_the_audit_is_named(study):
    raw = study.folder / "data/raw/arasl" / ARASL.archive
    whole = raw.read_bytes()
    at = whole.index(member("ain", 1).encode()) + 100
    raw.write_bytes(whole[:at] + bytes(20) + whole[at + 20 :])
    try:
        found = failure(study, "prepare", "arasl_cnn")
    finally:
        raw.write_bytes(whole)
    assert member("ain", 1) in found and ARASL.archive in found


@pytest.mark.parametrize("kind", ["standalone", "celery"])
def test_temporary_and_queued_runs_share_the_archives_of_their_repository(tmp_path, monkeypatch, kind):
    copy = tmp_path / ".dvc/tmp/exps" / kind / "tmp1234"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    assert archives() == tmp_path / "data/archives"
    monkeypatch.chdir(tmp_path)
    assert archives() == Path("data/archives")


# A training without validation


def test_without_validation_everything_runs(study):
    def change(params: dict) -> None:
        params["experiments"]["arasl_cnn"]["split"]["validation"] = 0.0
        encoder = params["autoencoders"]["asl_autoencoder"]
        encoder.update(split="arasl_cnn", dataset="arasl", channels=1, image_size=16, epochs=1)
        encoder["training"]["early_stopping"] = 0

    study.change(change)
    for stage in ("split", "prepare", "train", "evaluate"):
        study.stage(stage, "arasl_cnn")
    study.stage("autoencode", "asl_autoencoder")
    history = (study.folder / "plots/history/arasl_cnn.csv").read_text().splitlines()
    assert history[0] == "epoch,loss,accuracy" and len(history) == 3
    assert (study.folder / "plots/arasl_cnn/learning.png").is_file()
    assert (study.folder / "data/weights/asl_autoencoder/encoder.weights.h5").is_file()


# A disk that is full. What a limit on the size of files does is the same, and needs no disk.


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
@pytest.mark.parametrize(
    "words, room",
    [
        (("download", "arasl"), 4),
        (("hands", "american"), 4),
        (("audit", "arasl"), 4),
        (("audit", "arasl"), 100),  # for its tables, not for its arrays
        (("gallery", "arasl"), 4),
        (("split", "arasl_cnn"), 4),
        (("prepare", "arasl_cnn"), 4),
        (("train", "arasl_cnn"), 100),
    ],
)
def test_a_full_disk_ends_in_a_sentence(study, words, room):
    before = outputs(study)
    limit = f"ulimit -f {room}; exec python -m stages.{words[0]} {words[1]}"  # KiB
    output = study("bash", "-c", limit, status=1)
    assert "make room" in sentence(output, " ".join(words))
    assert "Warning" not in output, output
    assert outputs(study) == before


# What is told where it cannot be told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no file that is always full")
def test_a_full_standard_output_is_told_on_the_other(study):
    output = study("bash", "-c", "python -m stages.download arasl > /dev/full", status=1)
    found = sentence(output, "download arasl")
    assert found == "No space left on device: standard output; make room, then run again"


def test_a_path_that_is_no_utf_8_is_shown(study, tmp_path, monkeypatch):
    folder = tmp_path / os.fsdecode(b"mine \xff")
    pack(folder / ARASL.archive)
    monkeypatch.setenv("FINGERSPELL_ARCHIVES", str(folder))
    assert r"mine \udcff" in study.stage("download", "arasl")


def test_a_standard_output_that_nobody_reads_is_told_on_the_other(study):
    output = study("bash", "-c", "python -m stages.download arasl > >(exec true)", status=1)
    assert sentence(output, "download arasl").startswith("nobody reads standard output any more")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_log_that_cannot_be_written_is_a_warning(study, kind):
    logs, log = study.folder / "logs", study.folder / "logs/split-arasl_cnn.json"
    shutil.rmtree(logs, ignore_errors=True)
    if kind == "file":
        logs.write_text("mine")
    else:
        log.mkdir(parents=True)
    try:
        output = study.stage("split", "arasl_cnn")
    finally:
        logs.unlink() if kind == "file" else log.rmdir()
    assert sentence(output, "split arasl_cnn").startswith("done, but logs cannot be written: ")


# Interrupts


class Running:
    """A stage that runs in the background."""

    def __init__(self, study: Repository, *words: str, options: tuple[str, ...] = ()) -> None:
        self.what = " ".join(words)
        self.process = subprocess.Popen(
            [sys.executable, *options, "-m", f"stages.{words[0]}", *words[1:]],
            cwd=study.folder,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "CUDA_VISIBLE_DEVICES": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A shell starts background work with interrupts ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.output = ""

    def until_printed(self, text: str) -> None:
        for line in self.process.stdout:
            self.output += line
            if text in line:
                return
        raise AssertionError(f"{self.what} ended without {text!r}:\n{self.output}")

    def until_it_has(self, count: int) -> None:
        """Wait for so many processes that it has started."""
        while len(psutil.Process(self.process.pid).children()) < count:
            assert self.process.poll() is None, f"{self.what} ended too soon:\n{self.process.stdout.read()}"
            time.sleep(0.005)

    def until_written(self, path: Path, size: int) -> None:
        end = time.monotonic() + 60
        while not (path.is_file() and path.stat().st_size >= size):
            assert self.process.poll() is None, f"{self.what} ended too soon:\n{self.process.stdout.read()}"
            assert time.monotonic() < end, f"{self.what} did not begin with {path}"
            time.sleep(0.005)

    def send(self, number: signal.Signals) -> int:
        """Send a signal to the stage and all processes that it has started, as a terminal does; return its status."""
        os.killpg(self.process.pid, number)
        self.output += self.process.stdout.read()
        return self.process.wait()


@pytest.fixture
def slow(study: Repository) -> Iterator[Repository]:
    """The same with images so large that preparing them takes seconds."""
    raw = study.folder / "data/raw/arasl" / ARASL.archive
    small = raw.read_bytes()
    pack(raw, side=1600)
    yield study
    raw.write_bytes(small)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_preparation_leaves_nothing_half_written(slow, number):
    setting(slow, "arasl_cnn", "image_size", 64)
    before = outputs(slow)
    running = Running(slow, "prepare", "arasl_cnn")
    running.until_written(slow.folder / "data/prepared/.arasl_cnn.partial/images.npy", size=1)
    status = running.send(number)
    if number == signal.SIGKILL:  # leaves its leavings, but not under the output's name
        assert status == -signal.SIGKILL
        assert {path: sha for path, sha in outputs(slow).items() if ".partial/" not in path} == before
    else:
        assert status == 130
        assert sentence(running.output, running.what).startswith("interrupted; nothing half-written is left")
        assert outputs(slow) == before
    if number != signal.SIGTERM:
        slow.stage("prepare", "arasl_cnn")
        assert np.load(slow.folder / "data/prepared/arasl_cnn/images.npy").shape[1:] == (64, 64, 1)
        assert not list(slow.folder.rglob("*.partial"))
        setting(slow, "arasl_cnn", "image_size", 16)
        slow.stage("prepare", "arasl_cnn")


@pytest.mark.parametrize("pause", [0, 0.5])  # seconds: as they start, and while they import
@pytest.mark.parametrize("words", [("download", "asl_alphabet"), ("hands", "american")])
def test_an_interrupt_while_processes_that_draw_begin_is_told_in_a_sentence(study, words, pause):
    def change(params: dict) -> None:
        params["datasets"]["asl_alphabet"] = {"source": "rendered", "path": "fingerspell", "images_per_class": 20}
        params["hands"]["american"] = {"per_class": 20, "backgrounds": 1}

    study.change(change)
    before = outputs(study)
    running = Running(study, *words)
    running.until_it_has(2)
    time.sleep(pause)
    assert running.send(signal.SIGINT) == 130
    assert sentence(running.output, running.what).startswith("interrupted; nothing half-written is left")
    assert outputs(study) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_training_goes_on_to_the_same_bytes(study, number):
    """Two seeds, interrupted in the second: what is finished is not trained again."""
    setting(study, "arasl_cnn", "epochs", 4)
    setting(study, "arasl_cnn", "seeds", 2)
    study.stage("train", "arasl_cnn")
    model = study.folder / "models/arasl_cnn"
    files = {"model.json", "model.weights.h5", "history.csv"}
    files |= {"model-21.weights.h5", "history-21.csv", "predictions-21.csv"}
    whole = whats_in(model)
    assert set(whole) == files
    assert whole["model.weights.h5"] != whole["model-21.weights.h5"]
    shutil.rmtree(model)
    running = Running(study, "train", "arasl_cnn")
    running.until_printed("epoch 4:")
    running.until_printed("epoch 2:")
    assert running.send(number) in (130, -signal.SIGKILL)
    assert not model.exists()
    followed = (study.folder / "plots/history/arasl_cnn.csv").read_bytes()
    assert hashlib.sha256(followed).hexdigest() == whole["history.csv"], "what dvc plots shows meanwhile"
    output = study.stage("train", "arasl_cnn")
    first, second = re.findall(r"^going on after epoch (\d)", output, re.MULTILINE)
    assert first == "4" and second in "12"
    assert whats_in(model) == whole
    assert not (study.folder / "data/checkpoints/arasl_cnn").exists()


def test_an_interrupted_fine_tuning_goes_on_to_the_same_bytes(study):
    """Interrupted in the second phase: the head is not trained again, and the backbone goes on from where it was."""

    def change(params: dict) -> None:
        second = {"from_layer": "block5_conv3", "epochs": 4, "learning_rate": 0.0001}
        params["experiments"]["arasl_cnn_undersampled"].update(
            model="vgg16", channels=3, epochs=2, augment={"flip": True}, fine_tune=second
        )

    name = "arasl_cnn_undersampled"
    study.change(change)
    for words in ("weights", "none"), ("split", name), ("prepare", name), ("train", name):
        study.stage(*words)
    whole = whats_in(study.folder / "models" / name)
    shutil.rmtree(study.folder / "models" / name)
    running = Running(study, "train", name)
    running.until_printed("epoch 2:")
    running.until_printed("epoch 2:")
    assert running.send(signal.SIGINT) == 130
    output = study.stage("train", name)
    first, second = re.findall(r"^going on after epoch (\d)", output, re.MULTILINE)
    assert first == "2" and second in "123"
    assert whats_in(study.folder / "models" / name) == whole


def test_an_interrupted_autoencoder_goes_on_to_the_same_bytes(study):
    encoder = {"split": "arasl_cnn", "dataset": "arasl", "image_size": 16, "channels": 1, "epochs": 6}
    study.change(lambda params: params["autoencoders"]["asl_autoencoder"].update(encoder))
    study.stage("split", "arasl_cnn")
    study.stage("autoencode", "asl_autoencoder")
    folder = study.folder / "data/weights/asl_autoencoder"
    whole = whats_in(folder)
    assert {"encoder.weights.h5", "history.csv", "reconstructions.npz"} <= set(whole)
    shutil.rmtree(folder)
    running = Running(study, "autoencode", "asl_autoencoder")
    running.until_printed("epoch 2:")
    assert running.send(signal.SIGINT) == 130
    assert not folder.exists()
    output = study.stage("autoencode", "asl_autoencoder")
    [after] = re.findall(r"^going on after epoch (\d)", output, re.MULTILINE)
    assert after in "12345"
    assert whats_in(folder) == whole
    assert not (study.folder / "data/checkpoints/asl_autoencoder").exists()


def test_an_interrupted_drawing_leaves_nothing_half_written(study):
    before = outputs(study)
    running = Running(study, "download", "synthetic_asl")
    running.until_written(study.folder / "data/raw/.synthetic_asl.partial/.synthetic-asl-alphabet.zip.partial", 0)
    assert running.send(signal.SIGINT) == 130
    assert sentence(running.output, running.what).startswith("interrupted; nothing half-written is left")
    assert outputs(study) == before


@pytest.mark.parametrize("module", ["stages", "stages.environment", "numpy._core", "numpy", "fingerspell.config"])
def test_an_interrupt_before_the_work_begins_is_no_traceback(study, module):
    running = Running(study, "train", "arasl_cnn", options=("-X", "importtime"))
    running.until_printed(f" {module}\n")  # packages that it needs are still to be imported
    assert running.send(signal.SIGINT) == 130
    assert running.output.count("interrupted; nothing half-written is left") == 1
    assert "Traceback" not in running.output


@pytest.mark.parametrize("words", [("split", "arasl_cnn"), ("train", "arasl_cnn")])
def test_an_interrupt_at_any_moment_is_no_traceback(study, words):
    before = outputs(study)
    for pause in np.linspace(0, 1, 8):  # seconds, in which one ends, and the other begins
        running = Running(study, *words, options=("-X", "importtime"))
        running.until_printed(" stages\n")
        time.sleep(pause)
        status = running.send(signal.SIGINT)
        assert status == 130 or (words[0], status) == ("split", 0), running.output
        assert "Traceback" not in running.output and "Exception ignored" not in running.output
        assert ("interrupted; nothing half-written is left" in running.output) == (status == 130)
        assert outputs(study) == before
