"""docs/recipes.md: every command as it stands, in order, on a small study; and what DVC says where one fails."""

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import torture
import yaml
from conftest import ROOT, Repository
from dvc.repo import Repo

pytestmark = pytest.mark.slow

GUIDE = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
SECTIONS = {title: text for title, text in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", GUIDE, re.MULTILINE)}
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REMOTE, CHANGE, COMPARE, GRID, KEEP, SHARE, FAILS = SECTIONS
EXPERIMENT = "asl_cnn"
COPIES = ".dvc/tmp/exps"
EDIT = "# an edit\n"
LIMIT = 600  # seconds of any wait
IDENTITY = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
NOBODY = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
NOBODY |= {name: "/nowhere" for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")}


def shrink(params: dict) -> None:
    """Cut the parameters down to one experiment on few images."""
    dataset, experiment = params["datasets"]["asl_alphabet"], params["experiments"][EXPERIMENT]
    torture.shrink(params)
    params["hands"] = {}
    params["datasets"] = {"asl_alphabet": dataset | {"images_per_class": 4}}
    params["experiments"] = {EXPERIMENT: experiment | {"classes": ["A", "B", "C"], "epochs": 1}}


def base(repository: Repository) -> None:
    """Make a repository small: its parameters, and its flow, which ends with the evaluation."""
    repository.change(shrink)
    path = repository.folder / "dvc.yaml"
    flow = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name in ("gallery", "cross", "compare", "report"):
        del flow["stages"][name]
    path.write_text(yaml.safe_dump(flow, sort_keys=False), encoding="utf-8")


@dataclass
class Study:
    """A small study in `folder`, and what else the recipes make beside it."""

    folder: Path
    keys: dict[str, str]
    told: dict[str, str] = field(default_factory=dict)  # by heading

    def run(self, command: str, status: int = 0, place: str = "fingerspell", **variables: str) -> str:
        """Run a shell's commands and return what they printed; the last must end with `status`, the others with 0."""
        with tempfile.TemporaryFile("w+") as out:  # through a pipe it would wait for the workers that a command leaves
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command],
                cwd=self.folder.parent / place,
                env=torture.environment() | IDENTITY | NOBODY | self.keys | variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            out.seek(0)
            output = out.read()
        assert done.returncode == status, f"{command}\nended with {done.returncode}:\n{output}"
        return output

    def at(self, commit: str, path: str) -> dict:
        """Return what a file of YAML or JSON holds in a commit, or in a run by its name."""
        return yaml.safe_load(self.text(commit, path))

    def text(self, commit: str, path: str) -> str:
        return self.run(f"git show '{self.runs().get(commit, commit)}:{path}'")

    def runs(self) -> dict[str, str]:
        """Return the commits of the runs by their names."""
        told = self.run("git for-each-ref --format '%(refname) %(objectname)' refs/exps")
        return dict(re.findall(r"^refs/exps/[0-9a-f]{2}/[0-9a-f]{38}/(\S+) (\S+)$", told, re.MULTILINE))

    def queue(self) -> dict[str, str]:
        """Return the status of each task by its name."""
        with Repo(str(self.folder)) as repository:
            return {one["name"]: one["status"] for one in repository.experiments.celery_queue.status()}

    def processes(self, word: str) -> list[psutil.Process]:
        """Return the processes that work in the repository or below it, and have a word in their command."""
        there = [one for one in psutil.process_iter(["cwd", "cmdline"]) if one.info["cwd"] and one.info["cmdline"]]
        below = [one for one in there if Path(one.info["cwd"]).is_relative_to(self.folder)]
        return [one for one in below if word in " ".join(one.info["cmdline"])]

    def wait(self) -> dict[str, str]:
        """Wait for the end of all tasks and return how they ended."""
        end = time.monotonic() + LIMIT
        while {"Queued", "Running"} & set((status := self.queue()).values()):
            assert time.monotonic() < end, self.run(f"cat {COPIES}/celery/*.out")
            if not self.processes("queue-worker"):  # one that reads a message half-written dies: treeverse/dvc#10673
                self.run("dvc queue start --jobs 2")
            time.sleep(0.5)
        return status


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    """A server of object storage that knows one bucket and one key: the variables that name them."""
    import boto3
    import requests
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    url = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    anyone = {"endpoint_url": url, "region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
    boto3.client("s3", **anyone).create_bucket(Bucket="fingerspell")
    iam = boto3.client("iam", **anyone)
    iam.create_user(UserName="member")
    may = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="member", PolicyName="all", PolicyDocument=json.dumps(may))
    key = iam.create_access_key(UserName="member")["AccessKey"]
    requests.post(f"{url}/moto-api/reset-auth", data="0", timeout=60)  # from here on it asks who is there
    yield {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    server.stop()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, bucket: dict[str, str]) -> Iterator[Study]:
    """A study on which all commands of the guide have been run."""
    repository = Repository(tmp_path_factory.mktemp("recipes") / "fingerspell")
    base(repository)
    made = Study(repository.folder, bucket)
    made.run("dvc repro; git add .; git commit --quiet --message Study")
    try:
        for title, text in SECTIONS.items():
            made.told[title] = ""
            for block in BLOCK.findall(text):
                before = made.run("git status --porcelain")
                if "git add" in block:  # of edits that are not committed, one in what Git knows
                    made.run(f"echo -n '{EDIT}' >> fingerspell/models/cnn.py")
                made.told[title] += made.run(block)
                if "dvc queue start" in block:
                    assert set(made.wait().values()) == {"Success"}
                    assert made.run("git status --porcelain") == before, "it runs elsewhere"
        yield made
    finally:
        for one in made.processes(""):
            one.kill()


def stages_run(output: str) -> list[str]:
    return re.findall(r"^Running stage '([^']+)'", output, re.MULTILINE)


def test_all_of_the_guide_is_run(study):
    assert len(BLOCK.findall(GUIDE)) == GUIDE.count("```") / 2 > 8
    assert set(study.told) == set(SECTIONS)


def test_a_changed_parameter_runs_what_depends_on_it(study):
    assert stages_run(study.told[CHANGE]) == [f"train@{EXPERIMENT}", f"evaluate@{EXPERIMENT}"]
    assert study.at("five-epochs", "params.yaml")["experiments"][EXPERIMENT]["epochs"] == 5


def test_differences_are_told(study):
    told = " ".join(study.told[COMPARE].split())
    assert f"params.yaml experiments.{EXPERIMENT}.epochs 1 5" in told
    assert re.search(rf"metrics/{EXPERIMENT}.json expected_calibration_error [\d.]+ [\d.]+ -?[\d.]+", told)
    assert "fingerspell/dvc_plots/index.html" in told and (study.folder / "dvc_plots/index.html").exists()
    columns = f"Experiment accuracy experiments.{EXPERIMENT}.image_size experiments.{EXPERIMENT}.epochs"
    assert columns in told and re.search(r"\[five-epochs\] [\d.]+ 50 5", told)


def test_two_workers_run_a_grid(study):
    for number, size in enumerate((32, 50, 64), 1):
        name = f"size-{number}"
        assert study.at(name, "params.yaml")["experiments"][EXPERIMENT]["image_size"] == size
        entry = study.at(name, "dvc.lock")["stages"][f"prepare@{EXPERIMENT}"]
        assert entry["params"]["params.yaml"][f"experiments.{EXPERIMENT}.image_size"] == size
        assert study.at(name, f"metrics/{EXPERIMENT}.json")["test_images"] == 3
    for worker in (1, 2):
        assert "received" in (study.folder / COPIES / f"celery/dvc-exp-worker-{worker}.out").read_text()


def test_edits_that_are_not_committed_run_along(study):
    edited, new = (study.text("mine", f"fingerspell/models/{name}.py") for name in ("cnn", "my_cnn"))
    assert edited == new and edited.endswith(EDIT)
    assert not study.text("size-1", "fingerspell/models/cnn.py").endswith(EDIT)
    entry = study.at("mine", "dvc.lock")["stages"][f"train@{EXPERIMENT}"]
    assert entry["params"]["params.yaml"][f"experiments.{EXPERIMENT}.model"] == "my_cnn"


def test_runs_are_kept(study):
    assert study.at("larger-images", "params.yaml")["experiments"][EXPERIMENT]["image_size"] == 64
    assert "up to date" in study.told[KEEP] and not stages_run(study.told[KEEP])
    applied = study.run("git log --format=%H --grep 'five epochs'").strip()
    assert study.at(applied, "params.yaml")["experiments"][EXPERIMENT]["epochs"] == 5
    assert study.run("git status --porcelain --untracked-files=no") == ""


def test_a_fresh_clone_has_the_models_without_training(study):
    assert study.told[SHARE].count("up to date.") == 2 and not stages_run(study.told[SHARE])
    for path in (f"models/{EXPERIMENT}", f"data/predictions/{EXPERIMENT}.csv"):
        assert study.run(f"diff --recursive '{study.folder / path}' {path}", place="another") == ""
    assert study.run("git status --porcelain", place="another") == ""


def test_a_run_is_shared_with_its_model(study):
    description = json.loads((study.folder.parent / f"colleague/models/{EXPERIMENT}/model.json").read_text())
    assert description["image_size"] == 32
    assert study.run("git status --porcelain", place="colleague") == ""


def test_a_run_that_does_not_know_the_remote_is_told(study):
    told = study.run("dvc remote add --quiet late ../late; dvc exp push --remote late team size-1", status=255)
    assert "remote 'late' doesn't exist" in told
    study.run("git restore .dvc/config")


def test_a_folder_that_is_gone_is_told_and_pulled_from_when_it_is_back(study):
    storage = study.folder.parent / "storage"
    study.run("rm -rf again; git clone --quiet team.git again", place=".")
    away = storage.rename(storage.with_name("away"))
    told = study.run("dvc pull", status=1, place="again")
    assert "Missing cache files" in told and "Is your cache up to date?" in told
    assert "files pushed" in study.run("dvc push"), "into a folder that DVC makes anew"
    shutil.rmtree(storage)
    away.rename(storage)
    assert "files fetched" in study.run("dvc pull", place="again")


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.5)


def mounts() -> bool:
    command = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return shutil.which("unshare") is not None and subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.skipif(not mounts(), reason="mounts no disk of its own")
def test_a_full_disk_and_one_that_is_read_only_are_told_and_pushed_to_later(study):
    script = """
    mkdir ../disk; mount -t tmpfs -o size=64k tmpfs ../disk
    dvc remote add --local small ../disk
    dvc push --remote small || echo status $?
    mount -o remount,size=100m,ro ../disk
    dvc push --remote small || echo status $?
    mount -o remount,rw ../disk
    find ../disk -name ".*.tmp" -delete
    dvc push --remote small
    """
    assert "find ../storage -name '.*.tmp' -delete" in SECTIONS[FAILS]
    told = study.run(f"unshare --map-root-user --mount bash -euc '{script}'")
    assert "No space left on device" in told and re.search(r"failed to push data .* files failed to upload", told)
    assert "Read-only file system" in told
    assert told.count("status ") == 2 and told.endswith("files pushed\n")


def test_storage_that_refuses_is_told_and_pushed_to_when_it_does_not(study):
    study.run("dvc remote add --local asked s3://fingerspell; dvc remote add --local wrong s3://nobodys")
    for said, remote, variables in [
        ("Forbidden", "asked", {"AWS_SECRET_ACCESS_KEY": "wrong"}),
        ("Unable to locate credentials", "asked", NOBODY),
        ("The specified bucket does not exist", "wrong", {}),
        ("Could not connect to the endpoint URL", "asked", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}),
    ]:
        assert f"`{said}`" in SECTIONS[FAILS]
        told = study.run(f"dvc push --remote {remote}", status=255, **variables)
        assert said in told and "Traceback" not in told
    assert re.search("files pushed|up to date", study.run("dvc push --remote asked"))


def test_a_failing_task_and_a_killed_worker_stop_no_other(study):
    study.run("dvc queue remove --all")
    queue = f"dvc exp run --queue evaluate@{EXPERIMENT} -S experiments.{EXPERIMENT}.epochs"
    study.run(f"{queue}=10000 --name long; {queue}=0 --name wrong; dvc queue start")
    until(lambda: study.processes("stages.train"))
    for worker in study.processes("queue-worker"):
        worker.kill()
    assert "0 active, 0 idle" in study.run("dvc queue status")
    assert study.queue() == {"long": "Running", "wrong": "Queued"}

    def failed() -> bool:
        study.run("dvc queue kill long")
        return study.queue()["long"] == "Failed"

    until(failed)
    assert not study.processes("stages.train")
    study.run(f"dvc queue remove long; {queue}=1 --name long; dvc queue start --jobs 2")  # one that has been run
    assert study.wait() == {"wrong": "Failed", "long": "Success"}
    told = study.run("dvc queue logs wrong")
    assert f"\ntrain {EXPERIMENT}: params.yaml: experiments.{EXPERIMENT}.epochs is 0" in told
    assert "Traceback" not in told


def test_a_copy_lacks_what_git_does_not_track_unless_it_is_named(study):
    (study.folder / "data/own/photos/A").mkdir(parents=True)
    section = "'+external.photos={experiment: asl_cnn, path: data/own/photos}'"
    told = study.run(f"dvc exp run --temp -S {section} check_external@photos", status=255)
    assert "external.photos.path is 'data/own/photos', which is not there" in told
    told = study.run(f"dvc exp run --temp --copy-paths data/own -S {section} check_external@photos")
    assert stages_run(told) == ["check_external@photos"]


def test_a_grid_asks_for_the_queue(study):
    told = study.run("dvc exp run -S 'experiments.asl_cnn.epochs=1,2'", status=255)
    assert "Sweep overrides can't be used without" in told
