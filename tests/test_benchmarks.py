"""Benchmarks: what a figure means beside others; each is told, kept and shown, whatever happens to the rest."""

import ast
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from conftest import ROOT

from benchmarks import __main__ as bench
from benchmarks import duplicates, limits, machine, measurement, performance, pictures, running
from benchmarks.measurement import Measurement
from fingerspell import files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.rendered import draw
from fingerspell.errors import FingerspellError

MODULES = {path.stem: path.read_text(encoding="utf-8") for path in ROOT.glob("benchmarks/*.py")}
RATE = Measurement("Decode", "pictures/s", 300, 100, "one by one", 400, "libjpeg", 2, "ratio")
COST = Measurement("Decode", "ms", 20, 50, "one by one", 10, "libjpeg", 0.9, "share")


# A figure


def test_more_of_a_rate_is_better_and_less_of_a_cost():
    assert (RATE.ratio, RATE.share, RATE.met) == (3, 0.75, True)
    assert (COST.ratio, COST.share, COST.met) == (2.5, 0.5, False)


@pytest.mark.parametrize("ours, met", [(39, True), (40, True), (41, False)])
def test_a_target_can_be_a_figure_itself(ours, met):
    one = Measurement("Read", "ms", ours, target=40, aim="ours")
    assert (one.met, one.ratio, one.share) == (met, None, None)


def test_what_has_no_target_neither_meets_nor_misses_it():
    assert Measurement("Read", "ms", 1).met is None


@pytest.mark.parametrize("one", [RATE, COST, Measurement("Read, “whole”", "ms", 1.234)])
def test_a_row_read_again_is_the_same_measurement(one, tmp_path):
    files.write_csv(tmp_path / "table.csv", [measurement.row(one)])
    assert measurement.parse(files.read_csv(tmp_path / "table.csv")[0]) == one


# Which are run


def functions(source: str) -> set[str]:
    return {one.name for one in ast.parse(source).body if isinstance(one, ast.FunctionDef)}


def test_all_that_measures_speed_is_run_and_quality_says_so_in_its_first_line():
    assert {name for name, source in MODULES.items() if "measurements" in functions(source)} == set(measurement.SPEED)
    quality = {name for name, source in MODULES.items() if source.startswith('"""Quality: ')}
    assert quality >= {"advice", "originals", "own_signs", "photographs", "reader", "signing", "sweeps"}
    assert not quality & set(measurement.SPEED)


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A folder in which benchmarks run that take no time, in this process: one works, one does not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINGERSPELL_ARCHIVES", str(tmp_path))
    works, breaks = ModuleType("benchmarks.works"), ModuleType("benchmarks.breaks")
    works.measurements = lambda: iter([RATE, COST])

    def broken():
        yield RATE
        raise FingerspellError("the disk\nis full; make room")

    breaks.measurements = broken
    for module in (works, breaks):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    for module in (bench, measurement):
        monkeypatch.setattr(module, "SPEED", ("breaks", "works"))
    monkeypatch.setattr(bench, "in_processes", lambda work, tasks, workers: map(work, tasks))
    page = Path(performance.PAGE)
    page.parent.mkdir()
    page.write_text("<!-- targets -->\n<!-- /targets -->\n<!-- performance -->\n<!-- /performance -->\n")
    return tmp_path


def test_one_that_fails_is_told_in_a_sentence_and_the_others_go_on(place):
    assert bench.main() == "not measured: breaks: the disk is full; make room"
    rows = files.read_csv(machine.table())
    assert [(row["benchmark"], row["ratio"], row["share"]) for row in rows] == [
        ("works", "3.0", "0.75"),
        ("works", "2.5", "0.5"),
    ]
    assert {row["pictures"] for row in rows} == {"drawn"}
    assert all(float(row["load"]) >= 0 for row in rows)
    page = Path(performance.PAGE).read_text(encoding="utf-8")
    assert "| Decode | 300 pictures/s | 100 · one by one | × 3.00 | 400 · libjpeg | 75% | × 2 | " in page
    assert (
        "**1 of 2 targets are met.** Not met: Decode (90%). **Not measured there**, targets included: breaks." in page
    )
    assert performance.PICTURE.read_bytes().startswith(b"\x89PNG")


def test_rows_of_a_benchmark_that_is_not_run_again_or_fails_stay(place):
    former = {"benchmark": "breaks"} | measurement.row(COST) | {"load": 0.1, "pictures": "drawn", "date": "2020-01-01"}
    files.write_csv(machine.table(), [former, former | {"benchmark": "gone"}])
    bench.main()
    assert [row["benchmark"] for row in files.read_csv(machine.table())] == ["breaks", "works", "works"]
    assert bench.main("works") is None
    assert [row["benchmark"] for row in files.read_csv(machine.table())] == ["breaks", "works", "works"]


def test_an_unknown_name_is_refused_and_nothing_is_measured(place):
    assert bench.main("works", "worx") == "no benchmark is called worx; there are breaks, works"
    assert not machine.table().exists()


def begin_another(_: str) -> list[int]:
    return [*bench.in_processes(len, ["ab"], 2)]


@pytest.mark.slow
def test_the_process_of_a_benchmark_may_start_processes():
    assert [*bench.in_processes(begin_another, ["any"], 2)] == [[2]]


def test_a_process_that_was_killed_is_told_too():
    assert bench.told(BrokenProcessPool("A process was terminated abruptly")).startswith("its process ended")
    assert bench.told(KeyError()) == "KeyError"


def test_the_load_is_what_others_took_while_a_row_was_measured(monkeypatch):
    clock = iter([0.0, 10.0, 10.0, 10.1, 10.1])  # seconds: one row takes ten, the next comes with it
    others = iter([100.0, 115.0, 115.0, 116.0])
    monkeypatch.setattr(running.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(running, "_others", lambda: next(others))
    rows = running._watched(iter([RATE, COST]))
    assert [next(rows)[1], next(rows)[1]] == [1.5, 1.5]


# The page


def test_the_table_is_named_by_hardware_and_versions():
    name = machine.table().name
    assert f"{machine.os.cpu_count()}-cores" in name
    assert f"numpy-{np.__version__}" in name
    assert not set(name) & set(" /()")


def test_the_page_shows_what_was_measured_last(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "TABLES", tmp_path)
    with pytest.raises(FingerspellError, match="holds no table; measure with `make bench`"):
        performance.newest()
    for name, date in (("a", "2025-01-01"), ("b", "2026-01-01"), ("c", "2024-01-01")):
        files.write_csv(tmp_path / f"{name}.csv", [measurement.row(RATE) | {"date": date}])
    assert performance.newest().name == "b.csv"


# Pictures


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """*ASL Alphabet* as drawn, two pictures of a class."""
    return draw("asl_alphabet", 2, 1, tmp_path_factory.mktemp("archives"), workers=1)


@pytest.fixture
def at_hand(archive, monkeypatch):
    monkeypatch.setenv("FINGERSPELL_ARCHIVES", str(archive.parent))
    pictures.different.cache_clear()
    yield
    pictures.different.cache_clear()


def test_pictures_are_those_of_the_archive_at_hand(at_hand, archive):
    assert archive.name == catalogue.find(pictures.DATASET).archive
    assert pictures.origin() == "of asl_alphabet"
    assert len({data for _, data in pictures.different()}) == 2 * 29


def test_more_pictures_than_there_are_come_again_every_class_as_often(at_hand, tmp_path):
    labels = pictures.pack(tmp_path / "pictures.zip", 29 * 5)
    assert len(labels) == 29 * 5
    assert {labels.count(label) for label in labels} == {5}
    pictures.unpack(tmp_path / "pictures.zip", tmp_path / "folder")
    folders = {one.name: len(list(one.iterdir())) for one in (tmp_path / "folder").iterdir()}
    assert folders == dict.fromkeys(labels, 5)


def test_thumbnails_that_come_again_are_no_duplicates_of_those_before(at_hand, monkeypatch):
    thumbnails = pictures.thumbnails(58 * 6)
    assert (thumbnails.shape, thumbnails.dtype) == ((58 * 6, 32, 32), np.uint8)
    apart = [np.abs(np.int16(thumbnails[:58]) - thumbnails[58 * at : 58 * (at + 1)]).mean() for at in range(1, 6)]
    assert min(apart) > duplicates.THRESHOLD


@pytest.mark.slow
def test_near_duplicates_are_measured_and_checked_against_every_pair(at_hand, monkeypatch):
    monkeypatch.setattr(duplicates, "SIZES", (60, 120, 240))
    monkeypatch.setattr(duplicates, "EVERY_PAIR", 120)
    speed, growth = duplicates.measurements()
    assert speed.ours > 0 and speed.rival > 0
    assert growth.limit == pytest.approx(1.2, abs=0.1)
    monkeypatch.setattr(duplicates, "_every_pair", lambda images: -1)
    with pytest.raises(AssertionError, match="every pair compared, -1 are near"):
        next(duplicates.measurements())


# Limits


@pytest.mark.slow
def test_operations_are_those_of_convolutions_and_dense_layers():
    import keras

    small = keras.Sequential(
        [
            keras.layers.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, padding="same"),  # 2 · 8·8·4 · 3·3·3
            keras.layers.DepthwiseConv2D(3, padding="same"),  # 2 · 8·8·4 · 3·3
            keras.layers.Flatten(),
            keras.layers.Dense(10),  # 2 · 256 · 10
        ]
    )
    each = [2 * 256 * 27, 2 * 256 * 9, 2 * 256 * 10]
    assert limits.operations(small) == sum(each)
    assert limits.training_operations(small) == 3 * sum(each) - each[0]


@pytest.mark.slow
def test_limits_are_figures_of_this_machine(tmp_path, monkeypatch, at_hand):
    monkeypatch.setattr(limits, "COPIED", 2**22)
    monkeypatch.setattr(limits, "MATRIX", 128)
    (tmp_path / "file").write_bytes(bytes(3_000_000))
    assert limits.copy_bandwidth() > 1e6
    assert limits.matrix_peak() > 1e6
    assert 0 < limits.reading(tmp_path / "file") < 60
    assert 0 < limits.decoding([data for _, data in pictures.many(100)], 50) < 60
