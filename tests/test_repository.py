"""What Git holds belongs together: settings, lock, metrics, plots, README, requirements and what CI calls."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def tracked(*places: str) -> set[str]:
    """Return the files under these places that Git holds or is about to."""
    command = ["git", "ls-files", "-z", "--", *places]
    return set(subprocess.check_output(command, cwd=ROOT, text=True).split("\0")) - {""}


def md5(path: Path) -> str:
    """Return the hash that DVC gives to a file, or to a folder by the list of its files."""
    if path.is_file():
        return hashlib.md5(path.read_bytes()).hexdigest()
    files = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    listing = json.dumps([{"md5": md5(path / file), "relpath": file} for file in files])
    return hashlib.md5(listing.encode()).hexdigest() + ".dir"


@pytest.fixture(scope="module")
def lock() -> dict:
    """The stages of dvc.lock."""
    assert "dvc.lock" in tracked("dvc.lock"), "dvc.lock is not in Git: run `make repro` and commit what it wrote"
    return yaml.safe_load((ROOT / "dvc.lock").read_text(encoding="utf-8"))["stages"]


def test_every_experiment_and_dataset_has_its_metrics_and_no_metrics_are_without_one():
    expected = {f"metrics/{name}.json" for name in PARAMS["experiments"]}
    expected |= {f"metrics/audit/{name}.json" for name in PARAMS["datasets"]}
    expected |= {f"metrics/landmarks/{name}.json" for name in PARAMS["landmarks"]}
    expected |= {f"metrics/external/{name}.json" for name in PARAMS["external"]}
    expected |= {f"metrics/cross/{name}.json" for name in PARAMS["experiments"]}
    asked = PARAMS["evidence"]
    expected |= {f"metrics/{of}/{name}.json" for of in ("robustness", "calibration") for name in asked["robustness"]}
    expected |= {f"metrics/explanations/{name}.json" for name in asked["explanations"]}
    assert tracked("metrics") == expected


def test_every_plot_in_git_is_an_output_of_a_stage_and_the_other_way_round(lock):
    outputs = {out["path"] for stage in lock.values() for out in stage["outs"] if out["path"].startswith("plots/")}
    assert {f"plots/{name}" for name in PARAMS["experiments"]} <= outputs
    plots = tracked("plots")
    owners = {file: [out for out in outputs if file == out or file.startswith(f"{out}/")] for file in plots}
    assert not [file for file, owner in owners.items() if not owner]
    assert outputs == {owner for found in owners.values() for owner in found}


def test_the_lock_holds_the_stages_of_the_pipeline(lock):
    with Repo(str(ROOT)) as repository:
        assert set(lock) == {stage.name for stage in repository.index.stages}


def test_the_lock_was_made_with_these_parameters(lock):
    for name, stage in lock.items():
        for key, value in stage.get("params", {}).get("params.yaml", {}).items():
            found = PARAMS
            for part in key.split("."):
                found = found[part]
            assert found == value, f"{name}: {key}"


def test_metrics_and_plots_are_those_of_the_lock(lock):
    for name, stage in lock.items():
        for out in stage["outs"]:
            if out["path"].startswith(("metrics/", "plots/")):
                assert md5(ROOT / out["path"]) == out["md5"], f"{name} wrote another {out['path']}"


def test_nothing_is_left_to_run(lock):
    """DVC's own judgement, code included; it ends well either way, so its words count."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro", "--dry", "--allow-missing"],
        cwd=ROOT,
        env=os.environ | {"DVC_NO_ANALYTICS": "true"},
        capture_output=True,
        text=True,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert not re.findall(r"Running stage .*", output), "run `make repro` and commit what it wrote:\n" + output


@pytest.mark.parametrize("extra", ["cpu", "gpu"])
def test_requirements_are_pinned_by_hash_and_name_no_index(extra):
    text = (ROOT / f"requirements/{extra}.lock").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert "://" not in "\n".join(lines)
    assert not [line for line in lines if line.startswith("-")], "options such as --index-url"
    requirements = "\n".join(lines).replace("\\\n", "").splitlines()
    assert len(requirements) > 50
    assert not [line for line in requirements if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)]


def test_both_ways_of_continuous_integration_run_the_same():
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert script.splitlines()[-1] == "make test"
    assert "set -e" in script
    workflow = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    assert steps == ["bash .ci/run"]


def test_make_test_checks_style_and_runs_all_tests():
    command = ["make", "--no-print-directory", "--dry-run", "--always-make", "test"]
    outside = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    planned = subprocess.check_output(command, cwd=ROOT, env=outside, text=True).splitlines()[-3:]
    assert planned[:2] == ["ruff check --quiet .", "ruff format --check --quiet ."]
    assert planned[2].startswith("python -m pytest") and "-k" not in planned[2] and "-m " not in planned[2][10:]
