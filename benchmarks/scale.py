"""What the work costs an image, how it spreads over workers, what reading by range asks for, and how DVC bears many
experiments.

    python -m benchmarks.scale FOLDER [PART …] [--experiments 100]

FOLDER is a repository in which `make repro` has ended.

Wall seconds depend on what else the machine does; so does their ratio. Processor seconds hardly do: `balance` is those
of one worker alone over those of the busier of two, which is the ratio of wall seconds where each has a core of its
own. Parts are spread, ranges, costs, study; all of them, or those that are named, the others as they stand. Writes
benchmarks/results/scale.json and the tables of docs/scale.md.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, islice
from pathlib import Path

import stages.environment  # noqa: F401  # before numpy, as workers have it

import numpy as np
import psutil
import yaml

from benchmarks import documents, machine
from benchmarks.documents import Blocks
from fingerspell import cluster, config, files
from fingerspell.audit import scan
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.hands import landmarks
from fingerspell.preparation import arrays, crops

RESULT, PAGE = Path("benchmarks/results/scale.json"), "docs/scale.md"
NAME = "asl_alphabet"
TIMES = {"audit": 40, "hands": 4, "decode": 160}  # how often each image is taken: a worker is busy for half a minute
SIZE = 50  # pixels, as the CNN has them
IMAGES, EXPERIMENTS = 10_000_000, 1_000  # of the reckoning on paper
EPOCHS = 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.partition("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--experiments", type=int, default=100, help="of the study")
    told = parser.parse_args()
    result = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"loads": {}}
    for part in told.parts or PARTS:
        load = round(os.getloadavg()[0], 1)
        with tempfile.TemporaryDirectory() as aside:
            result[part] = PARTS[part](told.folder, Path(aside), told.experiments)
        result |= {"machine": machine.describe(), "loads": result["loads"] | {part: load}}
        files.write_json(RESULT, result)  # at once: the next part may be stopped
    documents.write(blocks())


# Workers


def _spread(source: Path, aside: Path, *_: int) -> dict:
    """Return for each kind of work its images, and the seconds that one and two workers take."""
    dataset = catalogue.find(NAME)
    held = source / "data/raw" / NAME / dataset.archive
    archives = {kind: _repeated(held, aside / f"{kind}.zip", times) for kind, times in TIMES.items()}
    with Archive(archives["audit"]) as archive:
        images = {kind: len(archive.names) // TIMES["audit"] * times for kind, times in TIMES.items()}

    def audit() -> None:
        with Archive(archives["audit"]) as archive:
            scan.scan(dataset, archive)

    def hands() -> None:
        with tempfile.TemporaryDirectory() as out:
            landmarks.write(dataset, archives["hands"], Path(out), Path(out, "kept"))

    def decode() -> None:
        with Archive(archives["decode"]) as archive:
            arrays.write_images(archive, archive.names, aside / "images.npy", SIZE, 3, "bilinear")

    works: dict[str, Callable[[], None]] = {"audit": audit, "hands": hands, "decode": decode}
    found: dict[str, dict] = {kind: {"images": images[kind]} for kind in works}
    for number in (1, 2):
        with _cluster(aside, number) as processes:
            list(cluster.spread(_wait, range(2 * number)))
            for kind, work in works.items():
                before, start = [_seconds(one) for one in processes()], time.monotonic()
                work()
                wall = time.monotonic() - start
                spent = [_seconds(one) - ago for one, ago in zip(processes(), before)]
                found[kind][f"workers_{number}"] = {"seconds": wall, "cpu_seconds": spent}
                print(kind, number, round(wall, 1), [round(one, 1) for one in spent], flush=True)
    for one in found.values():
        one["ratio"] = one["workers_1"]["seconds"] / one["workers_2"]["seconds"]
        one["balance"] = sum(one["workers_1"]["cpu_seconds"]) / max(one["workers_2"]["cpu_seconds"])
    return found


def _wait(task: int) -> int:
    """Let a worker import what the work needs."""
    landmarks._network()
    return task


@contextmanager
def _cluster(folder: Path, workers: int) -> Iterator[Callable[[], list[psutil.Process]]]:
    """Run a scheduler and workers, named to this process; yield what lists the processes of the workers."""
    told, dask = folder / f"scheduler-{workers}.json", [sys.executable, "-m", "dask"]
    options = ["--no-dashboard", "--scheduler-file", str(told)]
    with open(folder / "dask.log", "ab") as log:
        start = partial(subprocess.Popen, stdout=log, stderr=log)
        scheduler = start([*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *options])
        number = ["--nworkers", str(workers), "--nthreads", "1", "--preload-nanny", "stages.environment"]
        nanny = start([*dask, "worker", *number, *options])
    try:
        while not told.exists() or not told.read_text():
            time.sleep(0.1)
        os.environ[cluster.SCHEDULER] = json.loads(told.read_text())["address"]
        with cluster._scheduler() as client:
            client.wait_for_workers(workers)
            pids = sorted(client.run(os.getpid).values())
        yield lambda: [psutil.Process(pid) for pid in pids]
    finally:
        os.environ.pop(cluster.SCHEDULER, None)
        for process in (nanny, scheduler):
            process.terminate()
            process.wait()


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _repeated(archive: Path, path: Path, times: int) -> Path:
    """Write an archive of another one's training images, each as often as told, under another name every time."""
    dataset = catalogue.find(NAME)
    with Archive(archive) as opened, zipfile.ZipFile(path, "w") as target:
        names = [name for name in opened.names if (member := dataset.parse(name)) and member.part == "train"]
        for number, name in enumerate(islice(cycle(names), times * len(names))):
            place = Path(name)
            target.writestr(str(place.with_stem(f"{place.stem}-{number}")), opened.read(name))
    return path


# Ranges


class _Server(BaseHTTPRequestHandler):
    """A file by range; counts what is sent."""

    protocol_version = "HTTP/1.1"
    data = b""
    sent = 0
    requests = 0

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        body, whole = self.data, "Range" not in self.headers
        if not whole:
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            body = self.data[int(first) : int(last) + 1]
        self.send_response(200 if whole else 206)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            _Server.sent, _Server.requests = _Server.sent + len(body), _Server.requests + 1
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _ranges(source: Path, *_: object) -> dict:
    """Return what reading by range asks for: to open, to audit a tenth and all; beside the bytes of a copy."""
    dataset = catalogue.find(NAME)
    path = source / "data/raw" / NAME / dataset.archive
    _Server.data = path.read_bytes()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found: dict = {"copy_bytes": len(_Server.data)}

    def asked(kind: str, work: Callable[[], int]) -> None:
        _Server.sent = _Server.requests = 0
        start = time.process_time()
        images = work()
        spent = time.process_time() - start
        found[kind] = {"images": images, "bytes": _Server.sent, "requests": _Server.requests, "cpu_seconds": spent}

    with Archive(path) as near:
        names = near.names
    url = f"http://127.0.0.1:{server.server_port}/set.zip"

    def opened() -> int:
        Archive(url).close()
        return 0

    def decoded(where: Path | str, wanted: list[str]) -> int:
        with Archive(where) as archive, tempfile.TemporaryDirectory() as out:
            arrays.write_images(archive, wanted, Path(out, "images.npy"), SIZE, 3, "bilinear")
        return len(wanted)

    asked("open", opened)
    asked("tenth", lambda: decoded(url, names[::10]))
    asked("all", lambda: decoded(url, names))
    asked("near", lambda: decoded(path, names))
    server.shutdown()
    server.server_close()
    return found


# Costs


def _costs(source: Path, *_: object) -> dict:
    """Return bytes an image that the stages leave, and processor seconds an image of those that `_spread` lacks."""
    params = config.load(source / "params.yaml")
    experiment = params.experiment("asl_cnn")
    raw = source / "data/raw" / NAME
    rows = len(files.read_csv(source / f"data/audit/{NAME}.csv"))
    found = landmarks.Landmarks.open(source / "data/landmarks/american")
    dataset = catalogue.held(source / "data/raw/american")
    bytes_ = {
        "archive": _bytes(raw / catalogue.held(raw).archive) / rows,
        "audit": sum(_bytes(source / f"data/audit/{NAME}{end}") for end in (".csv", ".npy")) / rows,
        "landmarks": _bytes(source / "data/landmarks/american") / len(found.rows),
        "prepared": SIZE * SIZE * 3,
        "crops": (2 + params.crops["asl_reader"].views) * 1280 * 2,
    }
    with Archive(source / "data/raw/american" / dataset.archive) as archive:
        some = [
            (row.member, "train", np.array(points)) for row, points in zip(found.rows[:48], found.points) if row.found
        ]
        task = archive.reference, some, params.crops["asl_reader"].views, 0
        crops._photographed((archive.reference, some[:1], 1, 0))
        start = time.process_time()
        crops._photographed(task)
        crop = (time.process_time() - start) / len(some)
    log = json.loads((source / "logs/train-asl_cnn.json").read_text(encoding="utf-8"))
    trained = sum(row["split"] == "train" for row in files.read_csv(source / "data/splits/asl_cnn.csv"))
    return {
        "bytes": bytes_,
        "crop_cpu_seconds": crop,
        "train": {"cpu_seconds": log["cpu_seconds"], "images": trained, "epochs": experiment.epochs},
        "thumbnail_bytes": scan.SIDE**2 + 4 * scan.EDGE * 3,
    }


def _bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())


# Many experiments


def _study(source: Path, aside: Path, wanted: int) -> dict:
    """Return the seconds of `dvc status` and of a `dvc repro` that has nothing to do: as the study is, and with copies
    of one experiment, of its outputs and of its entries in dvc.lock, `wanted` experiments in all."""
    place = aside / "study"
    shutil.copytree(source, place, ignore=shutil.ignore_patterns(".venv", "tmp", "logs"), symlinks=True)
    present = len(yaml.safe_load((place / "params.yaml").read_text(encoding="utf-8"))["experiments"])
    found = {}
    for number in (present, wanted):
        if number > present:
            _multiply(place, number - present)
            _dvc(place, "commit", "--force", "--quiet", "compare", "report")
        stages = len(re.findall(r"^  [\w@/-]+:$", (place / "dvc.lock").read_text(encoding="utf-8"), re.MULTILINE))
        _dvc(place, "status")  # which reads all files once, and keeps their hashes
        status, repro = _dvc(place, "status"), _dvc(place, "repro")
        assert "up to date" in str(status["told"]) and "up to date" in str(repro["told"]), (status, repro)
        found[str(number)] = {
            "stages": stages,
            **{
                name: {key: one[key] for key in ("seconds", "cpu_seconds")}
                for name, one in (("status", status), ("repro", repro))
            },
        }
        print(number, found[str(number)], flush=True)
    return found


def _multiply(place: Path, copies: int) -> None:
    """Add experiments that are copies of the first one, as if they had run."""
    params, lock = (place / name for name in ("params.yaml", "dvc.lock"))
    values, held = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in (params, lock))
    name = "asl_cnn"
    mine = re.compile(rf"(?<=[/.]){name}(?=$|[/.])")
    own = {stage: entry for stage, entry in held["stages"].items() if stage.endswith(f"@{name}")}
    for number in range(copies):
        copy = f"{name}_{number:03d}"
        values["experiments"][copy] = values["experiments"][name]
        for stage, entry in own.items():
            renamed = yaml.safe_load(yaml.safe_dump(entry))
            renamed["cmd"] = entry["cmd"].replace(f" {name}", f" {copy}")
            for one in [*renamed.get("deps", []), *renamed.get("outs", [])]:
                target = mine.sub(copy, one["path"])
                if target != one["path"] and not (place / target).exists():
                    there = place / one["path"]
                    (shutil.copytree if there.is_dir() else shutil.copy)(there, place / target)
                one["path"] = target
            for file, known in renamed.get("params", {}).items():
                renamed["params"][file] = {mine.sub(copy, key): value for key, value in known.items()}
            held["stages"][f"{stage.partition('@')[0]}@{copy}"] = renamed
    for path, content in ((params, values), (lock, held)):
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _dvc(place: Path, *words: str) -> dict[str, float | str]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([sys.executable, "-m", "dvc", *words], cwd=place, capture_output=True, text=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - start
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": wall, "cpu_seconds": spent, "told": done.stdout[-2000:] + done.stderr[-2000:]}


# Documents


def blocks() -> Blocks:
    """Return the tables of docs/scale.md, once there are results."""
    if not RESULT.exists():
        return {}
    told = json.loads(RESULT.read_text(encoding="utf-8"))
    tables = {"spread": _spread_table, "ranges": _ranges_table, "study": _study_table}
    found = {(PAGE, part): table(told) if part in told else "" for part, table in tables.items()}
    return found | {(PAGE, "paper"): _paper_table(told) if PARTS.keys() <= told.keys() else ""}


def _spread_table(told: dict) -> str:
    lines = [
        "| | images | wall s: 1 worker; 2 | ratio | processor s: 1 worker; each of 2 | balance |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    titles = {"audit": "Audit", "hands": "Finding hands", "decode": f"Decoding to {SIZE} px"}
    for kind, one in told["spread"].items():
        first, second = one["workers_1"], one["workers_2"]
        each = ", ".join(f"{seconds:.1f}" for seconds in second["cpu_seconds"])
        wall = f"{first['seconds']:.1f}; {second['seconds']:.1f} | × {one['ratio']:.2f}"
        spent = f"{sum(first['cpu_seconds']):.1f}; {each} | × {one['balance']:.2f}"
        lines.append(f"| {titles[kind]} | {one['images']:,} | {wall} | {spent} |")
    about = told["machine"]
    where = f"{about['processor']}, {about['cores']} cores for two workers, the scheduler and the stage itself."
    return "\n".join([*lines, "", where, ""])


def _ranges_table(result: dict) -> str:
    told = result["ranges"]
    rows = {
        "open": "Open: the end, the directory",
        "tenth": "Open and decode every tenth image",
        "all": "Open and decode all",
    }
    lines = ["| by range | images | requests | bytes | of the archive |", "|---|--:|--:|--:|--:|"]
    for kind, title in rows.items():
        one = told[kind]
        share = one["bytes"] / told["copy_bytes"]
        lines.append(f"| {title} | {one['images']:,} | {one['requests']:,} | {one['bytes']:,} | {share:.1%} |")
    far, near = (told[kind]["cpu_seconds"] / told["all"]["images"] * 1e3 for kind in ("all", "near"))
    tell = f"An image costs {far:.1f} ms of a processor by range (both ends, on loopback), {near:.1f} ms from a copy."
    return "\n".join([*lines, "", tell, ""])


def _study_table(result: dict) -> str:
    told = result["study"]
    lines = [
        "| experiments | stages | `dvc status` | `dvc repro`, nothing to do |",
        "|--:|--:|--:|--:|",
    ]
    for number, one in told.items():
        costs = [f"{one[key]['cpu_seconds']:.0f} s ({one[key]['seconds']:.0f} s)" for key in ("status", "repro")]
        lines.append(f"| {number} | {one['stages']} | {' | '.join(costs)} |")
    return "\n".join([*lines, "", "Processor seconds; in brackets wall seconds.", ""])


def _paper_table(told: dict) -> str:
    """Reckon what `IMAGES` images and `EXPERIMENTS` experiments would need."""
    costs = told["costs"]
    per = {kind: sum(one["workers_1"]["cpu_seconds"]) / one["images"] for kind, one in told["spread"].items()}
    train = costs["train"]
    step = train["cpu_seconds"] / train["images"] / train["epochs"]
    rows = [
        ("Archive", None, costs["bytes"]["archive"]),
        ("Audit", per["audit"], costs["bytes"]["audit"]),
        ("Finding hands", per["hands"], costs["bytes"]["landmarks"]),
        (f"Decoding to {SIZE} px, an experiment", per["decode"], costs["bytes"]["prepared"]),
        ("Crops with two changed views, an experiment", costs["crop_cpu_seconds"], costs["bytes"]["crops"]),
        (f"Training the CNN, {EPOCHS} epochs and its start, an experiment", EPOCHS * step, None),
    ]
    lines = [
        f"| | an image: processor ms | bytes | {IMAGES / 1e6:.0f} million: core hours | GB |",
        "|---|--:|--:|--:|--:|",
    ]
    for title, seconds, size in rows:
        spent = ("", "") if seconds is None else (f"{seconds * 1e3:.2f}", f"{seconds * IMAGES / 3600:,.0f}")
        kept = ("", "") if size is None else (f"{size:,.0f}", f"{size * IMAGES / 1e9:,.0f}")
        lines.append(f"| {title} | {spent[0]} | {kept[0]} | {spent[1]} | {kept[1]} |")
    *_, most = told["study"].items()
    number, one = int(most[0]), most[1]
    each = [one[key]["cpu_seconds"] / number for key in ("status", "repro")]
    memory = costs["thumbnail_bytes"] * IMAGES / 1e9
    status, repro = (seconds * EXPERIMENTS / 60 for seconds in each)
    tell = (
        f"Thumbnails and edges of the audit, in memory: {memory:.0f} GB. {EXPERIMENTS:,} experiments, if the seconds "
        f"grow with their number, and they grow faster: `dvc status` {status:.0f} minutes, `dvc repro` with nothing to "
        f"do {repro:.0f}, of a processor."
    )
    return "\n".join([*lines, "", tell, ""])


PARTS: dict[str, Callable[..., dict]] = {"spread": _spread, "ranges": _ranges, "costs": _costs, "study": _study}


if __name__ == "__main__":
    main()
