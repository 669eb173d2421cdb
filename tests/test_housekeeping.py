"""House-keeping: what Git holds, under which licences, of what parts, in which package, and what a Git host runs."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from fingerspell.errors import FingerspellError
from fingerspell.files import sha256
from tools import clean_tree, licences, lock, sbom

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text(encoding="utf-8"))
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
# Put together here, so that the repository itself holds none.
PLANTED = {
    "a private key": b"-----BEGIN RSA " + b"PRIVATE KEY-----",
    "a key of AWS": b"id = AKIA" + b"ABCDEFGHIJKLMNOP",
    "a token of GitHub": b"ghp_" + b"a1" * 18,
    "a token of GitLab": b"glpat-" + b"a1" * 10,
    "a token of Slack": b"xoxb-" + b"1234567890",
    "a key of Google": b"AIza" + b"a" * 35,
    "a token of Hugging Face": b"hf_" + b"aB" * 17,
    "a token of PyPI": b"pypi-AgE" + b"a" * 60,
    "a key of Kaggle": b'{"username":"me","key"' + b':"' + b"0a" * 16 + b'"}',
    "the path of a home folder": b"see /ho" + b"me/someone/data",
}


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run targets of the Makefile in another folder, in the environment of the tests."""
    alone = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--silent", "--file", str(ROOT / "Makefile"), "--old-file", "setup", *words]
    return subprocess.run(command, cwd=folder, env=alone, capture_output=True, text=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    return tmp_path


def track(repository: Path, name: str, content: bytes) -> list[str]:
    """Let Git track a file; return the faults of the repository."""
    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    git(repository, "add", "--force", "--", name)
    return clean_tree.faults(repository)


def test_git_holds_no_large_file_no_secret_and_no_path_of_one_machine():
    assert clean_tree.faults(ROOT) == []


@pytest.mark.parametrize("what", clean_tree.FAULTS)
def test_a_planted_secret_is_found_in_its_line(repository, what):
    [fault] = track(repository, "notes/ä.txt", b"first\nsecond " + PLANTED[what] + b"\n")
    assert fault.startswith(f"notes/ä.txt holds {what} in line 2;")


def test_the_path_of_the_checkout_is_found(repository):
    [fault] = track(repository, "notes.txt", f"in {repository}/data".encode())
    assert fault.startswith("notes.txt holds the path of this checkout in line 1;")


def test_a_large_file_is_found_but_where_large_files_belong(repository):
    large = bytes(clean_tree.LARGEST + 1)
    assert track(repository, "models/released/m/model.tflite", large) == []
    assert track(repository, "data.bin", large[1:]) == []
    [fault] = track(repository, "data.bin", large)
    assert fault == "data.bin has 1,000,001 bytes, more than 1,000,000; leave it out of Git"


def test_what_git_does_not_track_or_no_longer_has_is_not_looked_at(repository):
    track(repository, "gone.txt", PLANTED["a key of AWS"])
    (repository / "gone.txt").rename(repository / "untracked.txt")
    assert clean_tree.faults(repository) == []


def test_the_command_ends_with_the_faults(repository):
    track(repository, "notes.txt", PLANTED["a private key"])
    done = subprocess.run(
        [sys.executable, "-m", "tools.clean_tree"],
        cwd=repository,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("tree: notes.txt holds a private key in line 1;")


def test_the_lock_is_read_whole():
    packages = lock.read(ROOT / lock.LOCK)
    text = (ROOT / lock.LOCK).read_text(encoding="utf-8")
    assert len(packages) == len(re.findall(r"^\S.*==", text, re.MULTILINE))
    assert sum(len(package.hashes) for package in packages) == text.count("--hash=")
    assert not [package for package in packages if not package.wanted_by]
    assert {name for package in packages for name in package.wanted_by} <= {one.name for one in packages} | {
        lock.PROJECT
    }


def test_every_licence_is_allowed():
    packages = lock.read(ROOT / lock.LOCK)
    assert set(licences.found(packages)) == {package.name for package in packages}
    assert set(licences.EXCEPTIONS) | set(licences.STATED) | set(licences.BUNDLED) <= {one.name for one in packages}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other Pythons install other versions, told in other words")
def test_the_document_of_licences_is_what_the_packages_tell():
    packages = lock.read(ROOT / lock.LOCK)
    written = (ROOT / licences.DOCUMENT).read_text(encoding="utf-8")
    assert written == licences.document(packages, licences.found(packages)), "run `make licences`"


def test_the_backport_of_metadata_tells_the_same():
    """Once a package has imported it, it answers for the standard library's, and raises for a key that is not there."""
    backport = pytest.importorskip("importlib_metadata")
    names = ("numpy", "pytest")
    assert [licences.told(backport.metadata(name)) for name in names] == [licences.licence(name) for name in names]
    assert all(licences.licence(name) for name in names)


def described(expression: str = "", line: str = "", classifiers: tuple[str, ...] = ()) -> Message:
    package = Message()
    for key, value in [("License-Expression", expression), ("License", line)]:
        if value:
            package[key] = value
    for classifier in classifiers:
        package["Classifier"] = f"License :: OSI Approved :: {classifier}"
    return package


@pytest.mark.parametrize(
    "package",
    [
        described("AGPL-3.0-only"),
        described("MIT AND (Apache-2.0 OR GPL-3.0-only)"),
        described(line="GPLv3", classifiers=("MIT License",)),
        described(classifiers=("Apache Software License", "GNU General Public License v3 (GPLv3)")),
        described(line="Licensed to\nnobody"),
        described(),
    ],
)
def test_a_licence_that_is_not_allowed_or_not_told_is_refused(monkeypatch, package):
    monkeypatch.setattr(metadata, "metadata", lambda name: package)
    with pytest.raises(FingerspellError, match=r"the licence of planted \(.+\) is not allowed here; replace"):
        licences.found([lock.Package("planted", "1", (), ())])


def test_an_exception_is_for_one_licence_alone(monkeypatch):
    python_bidi = [lock.Package("python-bidi", "1", (), ())]
    assert licences.found(python_bidi) == {"python-bidi": "LGPL"}
    monkeypatch.setattr(metadata, "metadata", lambda name: described("AGPL-3.0-only"))
    with pytest.raises(FingerspellError, match="AGPL-3"):
        licences.found(python_bidi)


def test_the_bill_of_materials_has_what_cyclonedx_asks_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / lock.LOCK).parent.mkdir()
    (tmp_path / lock.LOCK).write_bytes((ROOT / lock.LOCK).read_bytes())
    sbom.main()
    first = sbom.DOCUMENT.read_bytes()
    sbom.main()
    assert sbom.DOCUMENT.read_bytes() == first
    bom = json.loads(first)
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    components = [bom["metadata"]["component"], *bom["components"]]
    for component in components:
        assert component["type"] in {"application", "library", "machine-learning-model"}
        assert component["name"] and component["version"] and component["bom-ref"]
        for told in component["licenses"]:
            assert set(told) == {"expression"} or len(told["license"].keys() & {"id", "name"}) == 1
        for digest in component.get("hashes", []):
            assert digest["alg"] == "SHA-256" and re.fullmatch("[0-9a-f]{64}", digest["content"])
    references = [component["bom-ref"] for component in components]
    assert len(references) == len(set(references))
    for entry in bom["dependencies"]:
        assert {entry["ref"], *entry["dependsOn"]} <= set(references)
        assert len(entry["dependsOn"]) == len(set(entry["dependsOn"]))
    libraries = {one["purl"]: one for one in components if one["type"] == "library"}
    assert len(libraries) == len(lock.read(ROOT / lock.LOCK)) and all(one["hashes"] for one in libraries.values())
    asked = {entry["ref"]: entry["dependsOn"] for entry in bom["dependencies"]}
    assert any(reference.startswith("pkg:pypi/werkzeug@") for reference in asked[next(
        purl for purl in libraries if purl.startswith("pkg:pypi/flask@")
    )])  # fmt: skip
    assert {"model/asl_reader", "model/arasl_reader"} <= set(asked[lock.PROJECT])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make wheel` packs, built twice to the same bytes."""
    command = re.search(r"^wheel:.*\n\tpython (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    built = []
    for attempt in ("first", "second"):
        folder = tmp_path_factory.mktemp(attempt)
        words = [sys.executable, *command.split(), "--directory", str(folder)]
        subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
        built += folder.glob("*.whl")
    first, second = built
    assert sha256(first) == sha256(second)
    return first


@pytest.mark.slow
def test_the_package_holds_the_application_and_the_released_models_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    told = set(subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0"))
    folders = ("app/", "fingerspell/", "models/released/", "stages/")
    assert {name for name in told if name.startswith(folders)} <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {one.split("/")[0] for one in folders}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".partial"))]


@pytest.mark.slow
def test_the_package_reads_and_serves_from_any_folder(wheel, tmp_path):
    """In an environment of its own, which borrows the packages of this one, but not the project."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    install = ["uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel]
    beside = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    subprocess.run(install, check=True, env=os.environ | beside)
    [packages] = (tmp_path / "venv").glob("lib/*/site-packages")
    import numpy

    (packages / "borrowed.pth").write_text(f"{Path(numpy.__file__).parents[1]}\n")

    def run(*words: str | Path) -> str:
        alone = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        done = subprocess.run(words, cwd=tmp_path, env=alone, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    picture = ROOT / "models/released/asl_reader/samples/A.jpg"
    where = "import fingerspell, app; print(fingerspell.__file__, app.__file__)"
    assert run(python, "-c", where).split() == [str(packages / name / "__init__.py") for name in ("fingerspell", "app")]
    answer = json.loads(run(tmp_path / "venv/bin/fingerspell", "predict", "--json", picture))
    assert "A.jpg" in json.dumps(answer)
    page = "import app; print(app.create_app().test_client().get('/', base_url='http://localhost').status_code)"
    assert run(python, "-c", page).split() == ["200"]


def test_each_step_of_the_workflow_is_one_that_runs_anywhere():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = [re.sub(r"(?<==)\S*\$\{\{.*?\}\}", "", step["run"]) for step in STEPS if "run" in step]
    made = [command.split() for command in commands if command.startswith("make ")]
    assert {next(word for word in words[1:] if word.islower() and word.isalpha()) for words in made} <= targets
    others = [command for command in commands if not command.startswith("make ")]
    assert [command.split(" ${{")[0] for command in others] == ["bash .ci/run", "gh pr comment"]


def test_the_workflow_pins_actions_and_asks_for_little():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used and not [action for action in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)]
    assert WORKFLOW["permissions"] == {"contents": "read"}
    asked = {name: job["permissions"] for name, job in WORKFLOW["jobs"].items() if "permissions" in job}
    assert asked == {"differences": {"contents": "read", "pull-requests": "write"}}
    assert all(job["timeout-minutes"] <= 90 for job in WORKFLOW["jobs"].values())
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_hooks_before_a_commit_run_what_the_makefile_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for hook in hooks:
        entry = hook["entry"].removeprefix(".venv/bin/")
        assert f"\n\t{entry}\n" in makefile or re.search(rf"^{entry.removeprefix('make ')}: ", makefile, re.MULTILINE)


def test_renewals_cover_locks_and_actions():
    told = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
    assert {"github-actions", "pep621", "pip_requirements"} <= set(told["enabledManagers"])
    [pattern] = told["pip_requirements"]["managerFilePatterns"]
    locks = [path.relative_to(ROOT).as_posix() for path in (ROOT / "requirements").iterdir()]
    assert locks and all(re.search(pattern.strip("/"), name) for name in locks)


def test_a_pull_request_is_told_what_changes_in_metrics_parameters_and_plots():
    """With the study run again, and the plots of both on one page."""
    steps = WORKFLOW["jobs"]["differences"]["steps"]
    [told] = [step for step in steps if "diff" in step.get("run", "").split()]
    [kept] = [step for step in steps if step.get("uses", "").startswith("actions/upload-artifact@")]
    assert steps.index(told) < steps.index(kept) < len(steps) - 1
    assert (
        kept["with"]["path"] == "dvc_plots" and "differences.md" in told["run"] and "differences.md" in steps[-1]["run"]
    )
    assert [step["run"] for step in WORKFLOW["jobs"]["study"]["steps"] if "run" in step] == [
        "make repro",
        "make reproduced",
    ]


@pytest.mark.slow
def test_differences_are_told_in_markdown(repository):
    """In a repository of DVC with a metric, a parameter, a table that DVC draws and a picture."""
    (repository / "params.yaml").write_text("epochs: 5\n")
    (repository / "dvc.yaml").write_text("metrics: [metrics.json]\nplots: [{plots/history.csv: {x: epoch}}]\n")
    (repository / "metrics.json").write_text('{"accuracy": 0.5}')
    (repository / "plots").mkdir()
    (repository / "plots/history.csv").write_text("epoch,loss\n1,0.5\n2,0.25\n")
    (repository / "plots/sheet.png").write_bytes(b"one")
    subprocess.run(["dvc", "init", "-q"], cwd=repository, check=True)
    git(repository, "add", ".")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "before")
    (repository / "params.yaml").write_text("epochs: 7\n")
    (repository / "metrics.json").write_text('{"accuracy": 0.75}')
    (repository / "plots/history.csv").write_text("epoch,loss\n1,0.5\n2,0.125\n")
    (repository / "plots/sheet.png").write_bytes(b"other")
    done = make(repository, "diff", "BASE=HEAD", "PAGE=https://example.org")
    assert done.returncode == 0, done.stderr
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in done.stdout.splitlines() if line.startswith("| ")]
    assert ["metrics.json", "accuracy", "0.5", "0.75", "0.25"] in rows
    assert ["params.yaml", "epochs", "5", "7"] in rows
    assert "(https://example.org)" in done.stdout
    listed = [line for line in done.stdout.splitlines() if line.startswith("- ")]
    assert listed == ["- `plots/history.csv`", "- `plots/sheet.png`"]
    page = (repository / "dvc_plots/index.html").read_text(encoding="utf-8")
    assert "0.125" in page and "0.25" in page


def test_types_are_checked_strictly_and_exceptions_have_names():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert told["strict"] is True and {"fingerspell", "stages", "tools"} <= set(told["files"])
    assert not [key for key in told if key.startswith(("disallow", "ignore", "warn", "disable"))]
    for exception in told["overrides"]:
        assert "ignore_errors" not in exception and "disable_error_code" not in exception
        if exception.get("ignore_missing_imports"):
            ours = [name for name in exception["module"] if (ROOT / name.split(".")[0]).is_dir()]
            assert not ours, "our own modules have types"
    code = [path.read_text(encoding="utf-8") for folder in told["files"] for path in (ROOT / folder).rglob("*.py")]
    ignored = [line for text in code for line in text.splitlines() if "type: ignore" in line]
    assert ignored and not [line for line in ignored if not re.search(r"type: ignore\[[a-z-]+\]", line)]


def test_the_reference_is_written_from_docstrings_without_running_the_command_line(tmp_path):
    """Of a package of the library's name and layout."""
    (tmp_path / "fingerspell/cli").mkdir(parents=True)
    (tmp_path / "fingerspell/__init__.py").write_text('"""Reads signs."""\n')
    (tmp_path / "fingerspell/cli/__init__.py").write_text(
        '"""Commands."""\n\ndef main(count: int) -> None:\n    """Run `count` of them."""\n'
    )
    (tmp_path / "fingerspell/cli/__main__.py").write_text("raise SystemExit('was run')\n")
    done = make(tmp_path, "reference")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "reference/index.html\n" and (tmp_path / "reference/index.html").is_file()
    page = (tmp_path / "reference/fingerspell/cli.html").read_text(encoding="utf-8")
    assert "Run <code>count</code> of them." in page and "__main__" not in page
    assert "Reads signs." in (tmp_path / "reference/fingerspell.html").read_text(encoding="utf-8")
