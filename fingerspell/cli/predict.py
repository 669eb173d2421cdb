"""`fingerspell predict`: what the hands in pictures show."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fingerspell.errors import FingerspellError, counted

if TYPE_CHECKING:
    import numpy as np

    from fingerspell.inference.predictor import Predictor
    from fingerspell.inference.reader import Reader, Reading
    from fingerspell.inference.sources import Source


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "predict",
        help="read the letters in pictures",
        description="Find every hand in whole pictures and name the letter that it shows, with its probability and the "
        "next two.",
    )
    parser.add_argument(
        "images",
        nargs="+",
        metavar="PICTURE",
        help="an image file (JPEG, PNG, WebP, …), a folder, a pattern such as 'photos/*.jpg', or - for standard input",
    )
    parser.add_argument(
        "--model",
        metavar="NAME_OR_FOLDER",
        help="a released model, or the folder of an exported one (default: asl_reader)",
    )
    parser.add_argument("--json", action="store_true", help="answer a list as JSON, for programs")
    parser.add_argument(
        "--draw",
        type=Path,
        metavar="FOLDER",
        help="write each picture there with box, skeleton and letter of its hands",
    )
    parser.add_argument(
        "--threshold",
        type=_share,
        metavar="P",
        help="the probability below which no sign is named (default: the model's own, chosen on validation images)",
    )
    parser.set_defaults(run=run)


def _share(text: str) -> float:
    if not 0 <= (value := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no probability; give one from 0 to 1")
    return value


def run(arguments: argparse.Namespace) -> None:
    """Read the pictures and print what they show."""
    from fingerspell.inference import answers, released
    from fingerspell.inference.predictor import Predictor
    from fingerspell.inference.reader import Reader
    from fingerspell.inference.sources import sources

    pictures = list(sources(arguments.images))
    if arguments.draw:
        _make(arguments.draw)
    folder = released.find(arguments.model or released.DEFAULT)
    predictor = Predictor.open(folder)
    if predictor.reads_hands:
        with Reader(predictor.description, predictor.predict, answers.MOST_HANDS, arguments.threshold) as reader:
            _answer_all(pictures, arguments, lambda picture: _read(reader, picture, arguments.draw))
    elif arguments.draw or arguments.threshold is not None:
        raise FingerspellError(f"{folder} finds no hands, so --draw and --threshold do not go with it; name a reader")
    else:
        _answer_all(pictures, arguments, lambda picture: _name(predictor, picture))


def _answer_all(
    pictures: Sequence["Source"], arguments: argparse.Namespace, answer: Callable[["Source"], dict[str, Any]]
) -> None:
    answers, unread = [], 0
    width = max(len(picture.name) for picture in pictures)
    for picture in pictures:
        try:
            found = answer(picture)
        except FingerspellError as error:
            found, unread = {"error": str(error)}, unread + 1
            print(f"fingerspell: {picture.name}: {error}", file=sys.stderr)
        else:
            if not arguments.json:
                print(f"{picture.name:{width}}  {_told(found)}", flush=True)
        answers.append({"image": picture.name} | found)
    if arguments.json:
        print(json.dumps(answers, indent=2))
    if unread:
        raise FingerspellError(f"{unread:,} of {counted(len(answers), 'image')} could not be read")


def _read(reader: "Reader", picture: "Source", folder: Path | None) -> dict[str, Any]:
    """Return what a program is told about one picture: every hand, with its best answers."""
    from fingerspell.inference import answers
    from fingerspell.inference.reader import whole_picture

    pixels = whole_picture(picture.read())
    readings = reader.read(pixels)
    hands = answers.hands(reader, readings)
    if folder:
        _draw(pixels, readings, hands, folder / f"{Path(picture.name).stem.strip('-') or 'picture'}.png")
    return {"hands": hands}


def _draw(pixels: "np.ndarray", readings: "list[Reading]", hands: list[dict[str, Any]], path: Path) -> None:
    from PIL import Image

    from fingerspell.files import write_aside
    from fingerspell.inference.drawing import drawn

    names = [f"{hand['letter'] or '?'} {hand['probability']:.0%}" for hand in hands]
    number, free = 1, path
    while free.exists():  # pictures of one name, from several folders
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    try:
        with write_aside(free) as aside:
            Image.fromarray(drawn(pixels, readings, names)).save(aside, "PNG")
    except OSError as error:
        raise FingerspellError(f"{free} cannot be written: {error.strerror or error}") from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FingerspellError(f"{folder} cannot be made: {error.strerror}; name another folder") from error


def _name(predictor: "Predictor", picture: "Source") -> dict[str, Any]:
    """Return what a program is told about a picture that a hand fills: the best answers."""
    from fingerspell.inference import answers

    [probabilities] = predictor.predict(predictor.read(picture.read())[None])
    return {"answers": answers.best(predictor, probabilities)}


def _told(answer: dict[str, Any]) -> str:
    """Return an answer in words."""
    if "answers" in answer:
        return _ranking(answer["answers"])
    if not answer["hands"]:
        return "no hand"
    return "; ".join(
        ("" if hand["class"] is not None else "no sign recognised: ")
        + f"{_ranking(hand['answers'])} ({hand['hand']} hand, box {' '.join(f'{x:.2f}' for x in hand['box'])})"
        for hand in answer["hands"]
    )


def _ranking(answers: list[dict[str, Any]]) -> str:
    best, *others = (f"{_shown(one)} {one['probability']:.1%}" for one in answers)
    return f"{best}, then {', '.join(others)}" if others else best


def _shown(answer: dict[str, Any]) -> str:
    letter, label = answer["letter"], answer["class"]
    return letter if letter == label else f"{letter} ({label})"
