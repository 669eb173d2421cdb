"""Work that a Dask scheduler spreads gives the bytes of one machine, whatever becomes of its workers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fingerspell import cluster
from fingerspell.audit import scan
from fingerspell.config import Crops
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.rendered import draw
from fingerspell.errors import FingerspellError
from fingerspell.hands import landmarks
from fingerspell.preparation import arrays, crops
from fingerspell.preparation.prepared import Image, Prepared, write_table
from fingerspell.processes import in_processes, in_threads
from stages import audit

pytestmark = pytest.mark.slow

NAME = "asl_photos"


def started(folder: Path, *words: str) -> subprocess.Popen:
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parent),  # for the work below
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    }
    command = [sys.executable, "-m", "dask", *words, "--no-dashboard", "--scheduler-file", "scheduler.json"]
    with open(folder / "dask.log", "ab") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


@contextmanager
def scheduler(folder: Path) -> Iterator[subprocess.Popen]:
    """Run a scheduler in a folder; yield its process, whose `address` tells where it is."""
    process = started(folder, "scheduler", "--host", "127.0.0.1", "--port", "0")
    try:
        told = folder / "scheduler.json"
        while not told.exists() or not told.read_text():
            assert process.poll() is None, (folder / "dask.log").read_text()
            time.sleep(0.05)
        process.address = json.loads(told.read_text())["address"]
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def workers(folder: Path, *words: str) -> Iterator[None]:
    process = started(folder, "worker", "--preload-nanny", "stages.environment", *words)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Where workers run: with an archive of drawn hands, its landmarks, and a prepared table."""
    place = tmp_path_factory.mktemp("cluster")
    raw = place / "data/raw" / NAME
    raw.mkdir(parents=True)
    archive = draw(NAME, 5, 3, raw, workers=1)
    with Archive(archive) as opened:
        seen = scan.scan(catalogue.find(NAME), opened).rows[::4]
    for folder in ("landmarks", "prepared"):
        (place / folder).mkdir()
    splits = ("train", "validation", "test")
    rows = [Image(row.member, row.label, splits[at % 3]) for at, row in enumerate(seen)]
    write_table(place / "prepared", rows, {"classes": sorted({row.label for row in rows})})
    landmarks.write(catalogue.find(NAME), archive, place / "landmarks", place / "kept", 1)
    return place


@pytest.fixture(scope="module")
def two(place) -> Iterator[str]:
    """The address of a scheduler with two workers, as a person starts them."""
    with scheduler(place) as process, workers(place, "--nworkers", "2", "--nthreads", "1"):
        yield process.address


@pytest.fixture
def named(two, place, monkeypatch) -> str:
    monkeypatch.setenv(cluster.SCHEDULER, two)
    monkeypatch.chdir(place)
    return two


@pytest.fixture
def alone(place, tmp_path_factory, monkeypatch):
    """Another scheduler, without workers."""
    folder = tmp_path_factory.mktemp("alone")
    with scheduler(folder) as process:
        monkeypatch.setenv(cluster.SCHEDULER, process.address)
        yield folder


# The bytes of one machine


def opened() -> Archive:
    return Archive(Path("data/raw") / NAME / catalogue.find(NAME).archive)


def audited(folder: Path) -> None:
    Path("data/audit").mkdir(exist_ok=True)
    audit.main(NAME)
    Path("data/audit").rename(folder / "audit")


def decoded(folder: Path) -> None:
    with opened() as archive:
        arrays.write_images(archive, archive.names[::-1], folder / "images.npy", 24, 3, "bilinear")


def found(folder: Path) -> None:
    with opened() as archive:
        path = archive.path
    landmarks.write(catalogue.find(NAME), path, folder, folder / "kept")


def cropped(folder: Path) -> None:
    settings = Crops(dataset=NAME, hands="none", joints=0, views=1)
    with opened() as archive:
        path = archive.path
    crops.write(Prepared.open(Path("prepared")), path, Path("landmarks"), None, settings, 3, folder)


def drawn(folder: Path) -> None:
    draw(NAME, 2, 3, folder)


@pytest.mark.parametrize("work", [audited, decoded, found, cropped, drawn])
def test_two_workers_leave_the_files_of_one_machine(named, work: Callable[[Path], None], tmp_path, monkeypatch):
    files = {}
    for kind in ("spread", "alone"):
        folder = tmp_path / kind
        folder.mkdir()
        work(folder)
        files[kind] = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}
        monkeypatch.delenv(cluster.SCHEDULER, raising=False)
        monkeypatch.setattr(cluster, "spread", None)
    assert files["spread"] and files["spread"].keys() == files["alone"].keys()
    for path, data in files["spread"].items():
        assert data == files["alone"][path], path


def process(task: int) -> tuple[int, int]:
    return task, os.getpid()


def test_both_workers_work_and_few_tasks_are_on_their_way(named):
    class Counted(list):
        def __iter__(self):
            for task in list.__iter__(self):
                self.taken = task
                yield task

    tasks = Counted(range(100))
    done = in_processes(process, tasks, None)
    first = next(done)
    assert first[0] == 0 and tasks.taken <= 2 * cluster.AHEAD
    rest = list(done)
    assert [task for task, _ in rest] == list(range(1, 100)), "in their order"
    assert len({pid for _, pid in rest}) == 2 and os.getpid() not in {pid for _, pid in rest}


def test_a_number_of_workers_means_this_machine(named):
    assert {pid for _, pid in in_processes(process, range(3), 1)} == {os.getpid()}
    assert {pid for _, pid in in_threads(process, range(3), 2)} == {os.getpid()}


def test_without_a_scheduler_dask_is_not_imported():
    script = "import sys; from fingerspell.processes import in_threads; list(in_threads(len, ['a'], None)); "
    script += "assert 'distributed' not in sys.modules and 'dask' not in sys.modules"
    environment = {key: value for key, value in os.environ.items() if key != cluster.SCHEDULER}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


# What goes wrong


def refuse(task: int) -> None:
    raise FingerspellError(f"task {task} is damaged")


def test_what_work_raises_ends_all_and_names_the_worker(named):
    with pytest.raises(FingerspellError, match=r"^task 0 is damaged \(so the worker tcp://127\.0\.0\.1:\d+\)$"):
        list(in_processes(refuse, range(50), None))


def die_once(task: tuple[int, str]) -> int:
    number, marker = task
    if number == 3 and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_worker_that_is_killed_midway_costs_nothing(named, tmp_path):
    tasks = [(number, str(tmp_path / "killed")) for number in range(40)]
    assert list(in_processes(die_once, tasks, None)) == list(range(40))
    assert (tmp_path / "killed").exists()


def die(task: int) -> int:
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def test_a_task_that_kills_every_worker_ends_in_a_sentence(named):
    told = r"2 workers ended at the same task, the last one tcp://127\.0\.0\.1:\d+; look into its log"
    with pytest.raises(FingerspellError, match=told):
        list(in_processes(die, range(10), None))


def test_a_scheduler_without_workers_is_told(alone, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with pytest.raises(FingerspellError, match=r"scheduler at tcp://.* has no worker; start one, `python -m dask wor"):
        list(in_processes(process, range(3), None))


def wait_for(marker: str | None) -> None:
    while marker and not Path(marker).exists():
        time.sleep(0.02)


def die_when_told(marker: str | None) -> None:
    wait_for(marker)
    if marker:
        os.kill(os.getpid(), signal.SIGKILL)


def test_the_last_worker_that_ends_is_told(alone, monkeypatch):
    with workers(alone, "--nworkers", "1", "--nthreads", "1", "--no-nanny", "--preload", "stages.environment"):
        done = in_processes(die_when_told, [None, str(alone / "now")], None)
        assert next(done) is None
        monkeypatch.setattr(cluster, "PATIENCE", 0.5)
        (alone / "now").touch()
        with pytest.raises(FingerspellError, match=r"has no worker; start one"):
            next(done)


def test_workers_of_several_threads_are_refused(alone):
    with (
        workers(alone, "--nworkers", "1", "--nthreads", "2"),
        pytest.raises(FingerspellError, match=r"has several threads, .*; start it anew .*--nthreads 1"),
    ):
        list(in_processes(process, range(3), None))


def test_workers_of_other_code_are_refused(named, monkeypatch):
    monkeypatch.setattr(cluster, "_kind", lambda: "other")
    with pytest.raises(FingerspellError, match=r"runs other code, packages or kernels; start it anew from"):
        list(in_processes(process, range(3), None))


def test_an_archive_that_a_worker_has_not_is_told(named, tmp_path, monkeypatch):
    """Workers read it at the path that it has here, from where they were started."""
    monkeypatch.chdir(tmp_path)
    draw("asl_photos", 2, 3, tmp_path / "elsewhere", workers=1)
    with (
        Archive(Path("elsewhere/asl-photos.zip")) as archive,
        pytest.raises(FingerspellError, match=r"elsewhere/asl-photos\.zip cannot be opened.*\(so the worker tcp"),
    ):
        scan.scan(catalogue.find(NAME), archive)


def test_no_scheduler_at_the_address_is_told(monkeypatch):
    monkeypatch.setenv(cluster.SCHEDULER, "tcp://127.0.0.1:9")
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "1")
    import dask

    dask.config.refresh()
    with pytest.raises(FingerspellError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9, which DASK_SCHED"):
        list(in_processes(process, range(3), None))


def test_a_scheduler_that_ends_midway_is_told(tmp_path, monkeypatch):
    with scheduler(tmp_path) as process, workers(tmp_path, "--nworkers", "1", "--nthreads", "1"):
        monkeypatch.setenv(cluster.SCHEDULER, process.address)
        done = in_processes(wait_for, [None, str(tmp_path / "never")], None)
        assert next(done) is None
        process.kill()
        with pytest.raises(FingerspellError, match=r"the Dask scheduler at tcp://.* ended; start it anew"):
            next(done)
