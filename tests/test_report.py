"""`fingerspell evaluate --report`: the whole way, from photographs to a page with pictures."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_external import COLOURS, MODEL, SET, by_colour, fill, picture, train

from fingerspell import cli
from fingerspell.errors import FingerspellError
from fingerspell.evaluation.predictions import Predictions
from fingerspell.external import photographs, report

pytestmark = pytest.mark.slow

NO_HAND = MODEL | {"classes": ["A", "B", "nothing"], "letters": ["A", "B", "nothing"]}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    train(folder / "colours")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def halves(left: str, right: str, size: tuple[int, int] = (32, 32)) -> np.ndarray:
    image = np.empty((*size, 3), np.uint8)
    image[:, :16], image[:, 16:] = COLOURS[left], COLOURS[right]
    return image


def by_left_half(images: np.ndarray) -> np.ndarray:
    return by_colour(np.repeat(images[:, :, :8], 2, axis=2))


def png(place: Path, image: np.ndarray) -> bytes:
    Image.fromarray(image).save(place / "one.png")
    return (place / "one.png").read_bytes()


# The whole way


def test_the_command_writes_a_report_beside_its_answer(models, tmp_path, capsys):
    photos, out = fill(tmp_path / "photos.zip", SET), tmp_path / "deep/out"
    words = ["evaluate", "--experiment", "colours", "--models", str(models), str(photos)]
    assert cli.main(words) == 0
    answer = capsys.readouterr().out
    assert cli.main([*words, "--report", str(out)]) == 0
    assert capsys.readouterr().out == answer
    first = files(out)
    assert set(first) == report.FILES
    figures = json.loads(first["error-analysis.json"])
    assert (figures["experiment"], figures["photographs"]) == ("colours", "photos.zip")
    assert (figures["all"]["hits"], figures["all"]["images"]) == (3, 4)
    assert (figures["letters"]["hits"], figures["letters"]["images"]) == (2, 3)
    assert figures["metrics"]["accuracy"] == 0.75
    assert figures["mirrored"]["agree"]["share"] == 1  # plain colours have no side
    assert figures["confusions"][0]["one_as_other"] == 1
    told = first["error-analysis.md"].decode()
    assert told.startswith("# colours on photos.zip\n")
    assert "| the letters | 0.667 (0.208–0.939) | 3 |" in told
    assert "| A – B | 1 | 1 | 0 | 100.0% |" in told
    assert "- images in folders that name no class of the model: 2, in seven (2)\n" in told
    assert "There are none among the photographs" in told
    shown = set(re.findall(r"\]\((\w+\.png)\)", told))
    assert shown == {name for name in report.FILES if name.endswith(".png")}
    for name in shown:
        with Image.open(out / name) as image:
            image.load()

    assert cli.main([*words, "--report", str(out)]) == 0
    assert files(out) == first
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_what_is_seen_belongs_to_its_image(tmp_path):
    """More images than are asked at a time, of which one cannot be read."""
    sides = {"A": ("A", "B"), "B": ("B", "del"), "del": ("del", "A")}
    photos = {
        f"{label}/{at}.png": png(tmp_path, halves(left, right))
        for label, (left, right) in sides.items()
        for at in range(photographs.BATCH // 2)
    }
    watch = report.Watch(by_left_half)
    place = fill(tmp_path / "set", photos | {"A/0.png": b"none"})
    table = photographs.evaluate(place, MODEL, watch).predictions
    seen = watch.seen()
    assert len(table) == 3 * (photographs.BATCH // 2) - 1 > photographs.BATCH
    assert table.correct.all()
    assert [table.classes[at] for at in seen.mirrored] == [sides[table.classes[at]][1] for at in table.labels]
    red, green, blue = (sum(w * v for w, v in zip((0.299, 0.587, 0.114), COLOURS[name])) for name in COLOURS)
    expected = {"A": (red + green) / 2, "B": (green + blue) / 2, "del": (blue + red) / 2}
    assert seen.brightness == pytest.approx([expected[table.classes[at]] for at in table.labels], abs=0.5)
    assert seen.front_light == pytest.approx(np.zeros(len(table)), abs=0.5)


def test_hands_not_found_and_empty_scenes(tmp_path):
    dark, half = np.zeros((32, 32, 3), np.uint8), halves("A", "B")
    half[:, :16] = 0  # no hand to be found in the left half
    photos = {
        "A/1.png": picture("A"), "A/2.png": png(tmp_path, dark), "B/1.png": png(tmp_path, half),
        "Blank/1.png": png(tmp_path, dark), "Blank/2.png": picture("B"), "Blank/3.png": picture("del"),
    }  # fmt: skip
    report.write(tmp_path / "out", fill(tmp_path / "set", photos), NO_HAND, by_left_half)
    figures = json.loads((tmp_path / "out/error-analysis.json").read_text(encoding="utf-8"))
    assert (figures["letters"]["hits"], figures["letters"]["images"]) == (1, 3)
    assert (figures["mirrored"]["as_taken"]["hits"], figures["mirrored"]["mirrored"]["hits"]) == (1, 2)
    assert figures["mirrored"]["agree"]["hits"] == 2  # as one, that there is none
    assert (figures["empty"]["seen_empty"]["hits"], figures["empty"]["named"]) == (2, {"B": 1})
    assert (figures["abstention"][0]["coverage"]["hits"], figures["abstention"][0]["coverage"]["images"]) == (1, 3)
    told = (tmp_path / "out/error-analysis.md").read_text(encoding="utf-8")
    assert "Of 3 empty scenes 0.667 (0.208–0.939) are seen to be empty. The others are named B 1;" in told
    assert "| (no hand) |" in told


@pytest.mark.parametrize(
    "photos",
    [
        {"A/1.png": "A"},  # nothing wrong
        {"A/1.png": "B"},  # nothing right
        {"nothing/1.png": "del", "nothing/2.png": "A"},  # no hands
        {"del/1.png": "del", "del/2.png": "A"},  # no letters
    ],
)
def test_a_set_may_lack_anything(tmp_path, photos):
    names = ["A", "B", "del" if "del/1.png" in photos else "nothing"]
    place = fill(tmp_path / "$\\frac$", {name: picture(label) for name, label in photos.items()})
    report.write(tmp_path / "out", place, MODEL | {"classes": names, "letters": names}, by_colour)
    assert set(files(tmp_path / "out")) == report.FILES


def test_wrong_answers_alone_are_shown_and_the_sample_is_of_the_others():
    random = np.random.default_rng(1)
    table = Predictions(
        [f"{at}.jpg" for at in range(90)], np.arange(90) % 5, random.dirichlet(np.ones(5) / 2, 90), list("ABCDE")
    )
    often, surest, sample = (rows for _, rows in report._failures(table, "anything").values())
    assert not table.correct[often + surest + sample].any()
    assert len(often) == len(surest) == len(sample) == report.FAILURES
    assert not set(sample) & set(often + surest)


def test_names_that_are_no_utf_8_are_shown(tmp_path):
    name = os.fsdecode(b"mine \xff")
    place = fill(
        tmp_path / name, {f"A/{name}.png": picture("B"), f"{name}/1.png": picture("A"), "B/1.png": picture("B")}
    )
    report.write(tmp_path / "out", place, MODEL, by_colour)
    figures = json.loads((tmp_path / "out/error-analysis.json").read_text(encoding="utf-8"))
    assert figures["photographs"] == r"mine \xff"
    assert r"in mine \xff (1)" in (tmp_path / "out/error-analysis.md").read_text(encoding="utf-8")
    assert set(files(tmp_path / "out")) == report.FILES


# Where it is written


def test_what_is_not_an_older_report_is_left_alone(tmp_path):
    photos = fill(tmp_path / "photos", {"A/1.png": picture("A")})
    mine = fill(tmp_path / "mine", {"error-analysis.json": b"{}", "diary.txt": b"dear"})
    pictures = fill(tmp_path / "pictures", {"letters.png": b"mine"})
    (tmp_path / "file").write_text("mine")
    before = files(tmp_path)

    def never(_: np.ndarray) -> np.ndarray:
        raise AssertionError("the model was asked for nothing")

    for out in (mine, pictures, tmp_path / "file", tmp_path):
        with pytest.raises(FingerspellError, match="holds no report alone; name another folder"):
            report.write(out, photos, MODEL, never)
    for out in (photos / "out", photos / "A"):
        with pytest.raises(FingerspellError, match="would lie among the photographs"):
            report.write(out, photos, MODEL, never)
    with pytest.raises(FingerspellError, match=r"the report .* cannot be written: "):
        report.write(tmp_path / "file/out", photos, MODEL, never)
    assert files(tmp_path) == before


def test_a_report_is_replaced_whole_or_stays(tmp_path):
    photos = fill(tmp_path / "photos", {"A/1.png": picture("A")})
    out = tmp_path / "out"
    out.mkdir()  # an empty folder is nobody's
    report.write(out, photos, MODEL, by_colour)
    first = files(out)

    def interrupted(images: np.ndarray) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report.write(out, photos, MODEL, interrupted)
    assert files(out) == first
    fill(photos, {"A/2.png": picture("B")})
    report.write(out, photos, MODEL, by_colour)
    assert files(out)["error-analysis.json"] != first["error-analysis.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "photos"]
