"""What counts as the study that Git holds, run again: the same bytes, or figures as near as another machine comes."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from tools import reproduced

EXPERIMENT = {
    "accuracy": 0.85,
    "accuracy_low": 0.76,
    "accuracy_high": 0.91,
    "macro_f1": 0.84,
    "test_images": 100,
    "leakage_pixels": 0.0,
    "source": "rendered",
}
ROBUST = {
    "images": 100,
    "clean": 0.85,
    "mean": 0.5,
    "background": {"images": 50, "plain": 0.8},
    "disturbances": {"a": 0},
}
AUDIT = {"images": 200, "copies": 3, "near_images": 40, "brightness": 120.5}
RECORDED = {"metrics/cnn.json": EXPERIMENT, "metrics/robustness/cnn.json": ROBUST, "metrics/audit/asl.json": AUDIT}


def packed(files: dict[str, Any]) -> dict[str, bytes]:
    return {name: json.dumps(values).encode() for name, values in files.items()}


def faults(change: Callable[[dict[str, Any]], object], exact: bool = False) -> list[str]:
    """Return the faults of the recorded figures after a change."""
    made = copy.deepcopy(RECORDED)
    change(made)
    return reproduced.faults(packed(RECORDED), packed(made), exact)


def setting(file: str, **values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda made: made[f"metrics/{file}.json"].update(values)


def test_the_same_figures_have_no_fault():
    assert faults(lambda made: None) == faults(lambda made: None, exact=True) == []


@pytest.mark.parametrize(
    "change",
    [
        setting("cnn", accuracy=0.76, macro_f1=0.9, accuracy_low=0.6, accuracy_high=0.8),
        setting("cnn", leakage_pixels=0.05),
        setting("robustness/cnn", clean=0.8, mean=0.45, background={"images": 50, "plain": 0.7}, disturbances={"a": 1}),
        setting("audit/asl", near_images=50, brightness=125.0),
    ],
)
def test_another_machine_kind_may_come_near_but_not_to_the_same_bytes(change):
    assert faults(change) == []
    [sentence] = faults(change, exact=True)
    assert sentence.endswith(".json has other bytes than the recorded ones")


@pytest.mark.parametrize(
    "change, sentence",
    [
        (setting("cnn", accuracy=0.6), "metrics/cnn.json: accuracy is 0.6, recorded is 0.85; it should lie between 0."),
        (setting("cnn", accuracy=0.99), "metrics/cnn.json: accuracy is 0.99, recorded is 0.85; it should lie between"),
        (setting("cnn", leakage_pixels=0.3), "leakage_pixels is 0.3, recorded is 0.0; it should lie between 0 and 0."),
        (setting("cnn", macro_f1=float("nan")), "macro_f1 is nan, recorded is 0.84; it should lie"),
        (setting("cnn", test_images=99), "test_images is 99, recorded is 100; it should be the same"),
        (setting("cnn", source="original"), "source is original, recorded is rendered; it should be the same"),
        (setting("audit/asl", copies=4), "copies is 4, recorded is 3; it should be the same"),
        (setting("audit/asl", near_images=100), "near_images is 100, recorded is 40; it should lie between"),
        (setting("audit/asl", brightness=200.0), "brightness is 200.0, recorded is 120.5; it should lie between"),
        (
            setting("robustness/cnn", background={"images": 50, "plain": 0.5}),
            "metrics/robustness/cnn.json: background plain is 0.5, recorded is 0.8; it should lie between",
        ),
        (
            setting("robustness/cnn", background={"images": 40, "plain": 0.8}),
            "background images is 40, recorded is 50; it should be the same",
        ),
        (setting("robustness/cnn", background={}), "cnn.json: background has another form than the recorded one"),
        (setting("cnn", more=1), "metrics/cnn.json: has another form than the recorded one"),
        (setting("cnn", accuracy=None), "metrics/cnn.json: accuracy has another form than the recorded one"),
        (lambda made: made.pop("metrics/cnn.json"), "metrics/cnn.json is missing; run `make repro`"),
        (lambda made: made.update({"metrics/new.json": {}}), "metrics/new.json is not recorded; commit it, or delete"),
    ],
)
def test_each_figure_that_is_out_is_told_in_a_sentence(change, sentence):
    [told] = faults(change)
    assert sentence in told


def test_more_images_leave_less_room():
    (low, high), (lower, higher) = reproduced.within(0.85, 1000), reproduced.within(0.85, 100)
    assert lower < low < 0.85 < high < higher
    assert reproduced.within(1.0, 50)[1] == 1.0 and reproduced.within(0.0, 50)[0] == 0.0


def run(repository: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tools.reproduced", *words],
        cwd=repository,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_command_compares_with_the_last_commit(tmp_path):
    status, told = run(tmp_path)
    assert status == 1 and told.startswith("reproduced: Git does not tell metrics of the last commit (")
    for name, content in packed(RECORDED).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "figures"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    assert run(tmp_path, "--exact") == (0, "3 of 3 files of metrics are the recorded bytes\n")
    figures = tmp_path / "metrics/cnn.json"
    figures.write_text(json.dumps(EXPERIMENT | {"accuracy": 0.84}))
    status, told = run(tmp_path)
    assert status == 0 and told.splitlines() == [
        "2 of 3 files of metrics are the recorded bytes",
        "of the others 1 figure moved within tolerance, the farthest by 9% of it: "
        "metrics/cnn.json: accuracy is 0.84, recorded is 0.85",
    ]
    assert run(tmp_path, "--exact") == (1, "reproduced: metrics/cnn.json has other bytes than the recorded ones\n")
    figures.write_text(json.dumps(EXPERIMENT | {"accuracy": 0.5, "source": "web"}))
    status, told = run(tmp_path)
    assert status == 1 and [line.split(";")[0] for line in told.splitlines()] == [
        "reproduced: metrics/cnn.json: accuracy is 0.5, recorded is 0.85",
        "reproduced: metrics/cnn.json: source is web, recorded is rendered",
    ]


def test_the_figures_that_git_holds_can_be_compared():
    """Each is equal to itself, and every file has a figure that is compared."""
    recorded = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in ROOT.glob("metrics/**/*.json")}
    for name, content in recorded.items():
        assert reproduced.faults({name: content}, {name: content + b"\n"}) == []
        other = content.replace(b"0.", b"5.").replace(b"1.0", b"5.0")
        assert reproduced.faults({name: content}, {name: other}), f"{name} may become anything"
