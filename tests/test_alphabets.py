"""Readers beside those that come with the project: their alphabets, their text, and the commands that take them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fingerspell import cli
from fingerspell.errors import FingerspellError
from fingerspell.inference import alphabets, released
from fingerspell.inference.letters import Letter
from fingerspell.inference.words import Plain, Speller
from fingerspell.signing import film

WORDS = {"L": "hello", "O": "thank you", "W": "water"}


def reader(folder: Path, of: str = "asl_reader", **changes: object) -> Path:
    """Copy a released reader, and say other things of it."""
    shutil.copytree(released.FOLDER / of, folder)
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")
    return folder


def of_words(folder: Path, name: str = "kitchen") -> Path:
    """Return the folder of a reader that takes some letters for words."""
    about = json.loads((released.FOLDER / "asl_reader/model.json").read_text(encoding="utf-8"))
    return reader(folder, experiment=name, letters=[WORDS.get(label, label) for label in about["classes"]])


def written(*labels: str) -> list[Letter]:
    return [Letter(label, place, place + 0.5, 0.9, ((label, 0.9),)) for place, label in enumerate(labels)]


def test_a_reader_brings_its_alphabet(tmp_path):
    found = alphabets.find(of_words(tmp_path / "reader"))
    assert (found.name, found.address) == ("kitchen", str(tmp_path / "reader"))
    assert (found.like, found.language, found.direction, found.moving) == (None, "", "ltr", frozenset())
    assert found.letters["L"] == "hello" and "nothing" in found.letters and "nothing" not in found.signs
    assert isinstance(found.speller, Plain)


def test_signs_of_a_known_alphabet_have_its_words(tmp_path):
    american, arabic = (alphabets.find(name) for name in alphabets.NAMES)
    assert (american.like, american.moving, american.direction) == ("american", {"J", "Z"}, "ltr")
    assert (arabic.like, arabic.moving, arabic.direction, arabic.language) == ("arabic", frozenset(), "rtl", "ar")
    again = alphabets.find(reader(tmp_path / "again", "arasl_reader", experiment="mine"))
    assert (again.name, again.like, again.address) == ("mine", "arabic", str(tmp_path / "again"))
    assert isinstance(again.speller, Speller)


def test_text_in_the_other_direction_needs_no_known_alphabet(tmp_path):
    letters = [f"כלב{number}" for number in range(32)]
    found = alphabets.find(reader(tmp_path / "reader", "arasl_reader", letters=letters))
    assert (found.like, found.direction, found.language) == (None, "rtl", "")


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ("L O W", "hello thank you water"),
        ("A L B C", "A hello BC"),
        ("A space L space L", "A hello hello"),
        ("L del A", "A"),
        ("del L nothing B", "hello B"),
        ("rest A rest B", "AB"),
        ("", ""),
    ],
)
def test_signs_of_several_characters_stand_between_blanks(labels, text):
    plain = Plain({label: label for label in "ABC"} | WORDS, "rest")
    letters = written(*labels.split())
    assert plain.raw(letters) == text
    assert [(one.text, one.known) for one in plain.suggest(letters)] == [(text, False)] * bool(text)
    assert plain.suggest(letters, 0) == [] and plain.complete("he") == []


def test_j_is_a_sign_like_any_where_it_is_none_of_the_american_alphabet(tmp_path):
    class Shown:
        probabilities = np.float32([0.02, 0.98])
        points = np.random.default_rng(0).random((21, 2)).astype(np.float32)

    folder = reader(tmp_path / "reader")
    for like, label in (("american", "I"), (None, "J")):
        alphabet = alphabets.Alphabet("mine", folder, {"I": "I", "J": "J"}, None, like)
        letters = alphabet.stable()
        for number in range(20):
            letters.add(number / 10, Shown())
        assert [one.label for one in letters.written] == [label]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders that hold no reader."""
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    reader(Path("pixels"), "arasl_robust")
    reader(Path("damaged"), letters=["A"])
    return tmp_path


REFUSED = {
    "nowhere": "nowhere is neither an alphabet nor a folder; choose american or arabic, or name the folder of an",
    "empty": "empty holds no exported model (model.json: No such file or directory); put the whole folder there again",
    "pixels": "pixels holds a model of whole images, which finds no hands; name a reader",
    "damaged": "the model in damaged is damaged (model.json: letters are 1, but classes are 29); put the whole folder",
}


@pytest.mark.parametrize("folder", REFUSED)
@pytest.mark.parametrize("words", [["annotate", "in.mp4", "out.mp4"], ["serve", "--port", "0"]])
def test_a_folder_that_holds_no_reader_is_told_in_a_sentence(place, capsys, words, folder):
    assert cli.main([*words, "--reader", folder]) == 1
    output, errors = capsys.readouterr()
    assert output == "" and errors.startswith(f"fingerspell: {REFUSED[folder]}") and len(errors.splitlines()) == 1


def test_two_readers_of_one_name_are_told_in_a_sentence(tmp_path, capsys):
    one, two = of_words(tmp_path / "one"), of_words(tmp_path / "two")
    assert cli.main(["serve", "--port", "0", "--reader", str(one), "--reader", str(two)]) == 1
    sentence = f"fingerspell: {two} is a reader called kitchen, and so is {one}; leave one out\n"
    assert capsys.readouterr().err == sentence


def test_an_alphabet_that_is_none_is_refused():
    with pytest.raises(FingerspellError, match="klingon is neither an alphabet nor a folder; choose"):
        alphabets.find("klingon")


@pytest.mark.slow
def test_a_film_is_read_by_a_reader_of_ones_own(tmp_path, capsys):
    folder = of_words(tmp_path / "reader")
    film.write("LOW", tmp_path / "low.mp4", speed=1.0, size=(400, 300), rate=20, seed=4)
    words = ["annotate", str(tmp_path / "low.mp4"), str(tmp_path / "out.mp4"), "--reader", str(folder)]
    assert cli.main(words) == 0
    assert capsys.readouterr().out == "hello thank you water\n"
    timeline = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert timeline["alphabet"] == "kitchen" and timeline["suggestions"] == [{"text": timeline["text"], "known": False}]
    assert [one["letter"] for one in timeline["letters"]] == ["hello", "thank you", "water"]
    assert "hello thank you water\n" in (tmp_path / "out.vtt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_picture_is_read_by_a_reader_of_ones_own(tmp_path, capsys):
    folder = of_words(tmp_path / "reader")
    Image.fromarray(film.still("american", "L")).save(tmp_path / "L.png")
    assert cli.main(["predict", str(tmp_path / "L.png"), "--model", str(folder)]) == 0
    assert "  hello (L) " in capsys.readouterr().out
