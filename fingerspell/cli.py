"""The command `fingerspell`. What it needs is imported when a command runs: help must not wait for Keras."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.errors import FingerspellError, counted

if TYPE_CHECKING:
    import numpy as np

    from fingerspell.external.photographs import Evaluation
    from fingerspell.inference.predictor import Predictor
    from fingerspell.inference.reader import Reader
    from fingerspell.inference.sources import Source

MODELS = Path("models")  # where the pipeline leaves trained ones
SHOWN = 3  # answers to a hand: the best, and the next two
MOST_HANDS = 10  # looked for in a picture


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line given, by default the process's own, and return its exit status.

    A failure is one sentence on standard error and status 1; a command that is spelt wrongly has status 2.
    """
    arguments = _parser().parse_args(words)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notes drown the messages that matter
    try:
        arguments.run(arguments)
    except FingerspellError as error:
        print(f"fingerspell: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain as it ends
        return 1
    except KeyboardInterrupt:
        print("fingerspell: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fingerspell", description="Recognise the letters of sign-language alphabets in pictures."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and stop")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    predict = commands.add_parser(
        "predict",
        help="read the letters in pictures",
        description="Find every hand in whole pictures and name the letter that it shows, with its probability and the "
        "next two.",
    )
    predict.add_argument(
        "images",
        nargs="+",
        metavar="PICTURE",
        help="an image file (JPEG, PNG, WebP, …), a folder, a pattern such as 'photos/*.jpg', or - for standard input",
    )
    predict.add_argument(
        "--model",
        metavar="NAME_OR_FOLDER",
        help="a released model, or the folder of an exported one (default: asl_reader)",
    )
    predict.add_argument("--json", action="store_true", help="answer a list as JSON, for programs")
    predict.add_argument(
        "--draw",
        type=Path,
        metavar="FOLDER",
        help="write each picture there with box, skeleton and letter of its hands",
    )
    predict.add_argument(
        "--threshold",
        type=_share,
        metavar="P",
        help="the probability below which no sign is named (default: the model's own, chosen on validation images)",
    )
    predict.set_defaults(run=_predict)

    evaluate = commands.add_parser(
        "evaluate",
        help="test a model on your own photographs",
        description="Let a model name photographs whose letters are known, and say how often it is right. "
        "The photographs lie in one folder per class, named after it: A, B, …, del, nothing, space.",
    )
    evaluate.add_argument("photographs", type=Path, metavar="FOLDER_OR_ZIP", help="a folder or zip of class folders")
    evaluate.add_argument(
        "--experiment",
        metavar="NAME",
        help="whose model: the released one, else the one trained here (default: asl_reader)",
    )
    evaluate.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="look here alone, for instance in models, where the pipeline leaves what it trains",
    )
    evaluate.add_argument("--json", action="store_true", help="answer the metrics as JSON, for programs")
    evaluate.add_argument(
        "--report", type=Path, metavar="FOLDER", help="also write a page with figures and pictures into a new folder"
    )
    evaluate.set_defaults(run=_evaluate)
    return parser


def _share(text: str) -> float:
    if not 0 <= (value := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no probability; give one from 0 to 1")
    return value


class _Version(argparse.Action):
    """Look the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"fingerspell {version('fingerspell')}")
        parser.exit()


def _predict(arguments: argparse.Namespace) -> None:
    from fingerspell.inference import released
    from fingerspell.inference.predictor import Predictor
    from fingerspell.inference.reader import Reader
    from fingerspell.inference.sources import sources

    pictures = list(sources(arguments.images))
    if arguments.draw:
        _make(arguments.draw)
    folder = released.find(arguments.model or released.DEFAULT)
    predictor = Predictor.open(folder)
    if predictor.reads_hands:
        with Reader(predictor.description, predictor.predict, MOST_HANDS, arguments.threshold) as reader:
            _answer_all(pictures, arguments, lambda picture: _read(reader, picture, arguments.draw))
    elif arguments.draw or arguments.threshold is not None:
        raise FingerspellError(f"{folder} finds no hands, so --draw and --threshold do not go with it; name a reader")
    else:
        _answer_all(pictures, arguments, lambda picture: _name(predictor, picture))


def _answer_all(
    pictures: Sequence["Source"], arguments: argparse.Namespace, answer: Callable[["Source"], dict]
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
        print(json.dumps(answers, indent=2, ensure_ascii=False))
    if unread:
        raise FingerspellError(f"{unread:,} of {counted(len(answers), 'image')} could not be read")


def _read(reader: "Reader", picture: "Source", folder: Path | None) -> dict:
    """Return what a program is told about one picture: every hand, with its best answers."""
    from fingerspell.inference.reader import whole_picture

    pixels = whole_picture(picture.read())
    readings = reader.read(pixels)
    hands = []
    for reading in readings:
        answers = _best(reader, reading.probabilities)
        hand = reading.hand
        hands.append({
            "class": reading.sign,
            "letter": answers[0]["letter"] if reading.sign is not None else None,
            "probability": answers[0]["probability"],
            "answers": answers,
            "box": [round(value, 4) for value in hand.box],
            "hand": hand.side,
            "score": round(hand.score, 4),
            "found": hand.found,
            "landmarks": [[round(value, 4) for value in point] for point in hand.landmarks.tolist()],
        })  # fmt: skip
    if folder:
        _draw(pixels, readings, hands, folder / f"{Path(picture.name).stem.strip('-') or 'picture'}.png")
    return {"hands": hands}


def _draw(pixels: "np.ndarray", readings: list, hands: list[dict], path: Path) -> None:
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


def _name(predictor: "Predictor", picture: "Source") -> dict:
    """Return what a program is told about a picture that a hand fills: the best answers."""
    [probabilities] = predictor.predict(predictor.read(picture.read())[None])
    return {"answers": _best(predictor, probabilities)}


def _best(model: "Predictor | Reader", probabilities: "np.ndarray") -> list[dict]:
    found = zip(model.classes, model.letters, probabilities.tolist())
    best = sorted(found, key=lambda one: -one[2])[:SHOWN]
    return [{"class": label, "letter": letter, "probability": round(share, 6)} for label, letter, share in best]


def _told(answer: dict) -> str:
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


def _ranking(answers: list[dict]) -> str:
    best, *others = (f"{_shown(one)} {one['probability']:.1%}" for one in answers)
    return f"{best}, then {', '.join(others)}" if others else best


def _shown(answer: dict) -> str:
    letter, label = answer["letter"], answer["class"]
    return letter if letter == label else f"{letter} ({label})"


def _evaluate(arguments: argparse.Namespace) -> None:
    folder, name = _choose(arguments.experiment, arguments.models)

    from fingerspell.external import photographs

    with photographs.open_set(arguments.photographs):
        pass  # a path that is wrong is told now, not after the seconds that Keras takes

    from fingerspell.evaluation import metrics
    from fingerspell.external import asking

    with asking.opened(folder) as model:
        if arguments.report:
            from fingerspell.external import report

            evaluation = report.write(arguments.report, arguments.photographs, *model)
        else:
            evaluation = photographs.evaluate(arguments.photographs, *model)
    if arguments.json:
        print(json.dumps(metrics.compute(evaluation.predictions), indent=2))
        for note in [f"asked {name}", *photographs.left_out(evaluation)]:
            print(f"fingerspell: {note}", file=sys.stderr)
    else:
        print(_table(f"{name} on {arguments.photographs}", evaluation))


def _choose(experiment: str | None, models: Path | None) -> tuple[Path, str]:
    """Return the folder of the model to evaluate, and what to call it: a released one is always said to be so.

    An experiment is looked for among the released, then where it was trained; in a folder that is given, there alone.
    """
    from fingerspell.inference import released

    name, trained = experiment or released.DEFAULT, models or MODELS
    if not models and (not experiment or name in released.names()):
        return released.find(name), f"{name} (released)"
    if (trained / name / "model.json").is_file():
        return trained / name, name
    there = sorted(path.parent.name for path in trained.glob("*/model.json"))
    remedy = f"there are {', '.join(there)}" if there else "run `dvc repro` first, or name the folder with --models"
    raise FingerspellError(f"there is no model {name!r} in {trained}; {remedy}")


def _table(title: str, evaluation: "Evaluation") -> str:
    """Return the result for people: the figures, then every letter with its recall and what it was taken for."""
    from fingerspell.evaluation import metrics
    from fingerspell.external import photographs

    table = evaluation.predictions
    found = metrics.compute(table)
    rows = [row for row in metrics.report(table)[:-2] if row.support]
    taken: dict[str, Counter] = {row.name: Counter() for row in rows}
    for true, said in zip(table.labels[~table.correct], table.predicted[~table.correct]):
        taken[table.classes[true]][table.classes[said]] += 1
    width = max(len("letter"), *(len(row.name) for row in rows))
    lines = [
        f"{title}: {counted(found['test_images'], 'image')} of {counted(len(rows), 'class', 'classes')}",
        "",
        f"accuracy  {found['accuracy']:.3f}  (95% interval {found['accuracy_low']:.3f}–{found['accuracy_high']:.3f})",
        f"macro F1  {found['macro_f1']:.3f}",
        f"top 3     {found['top3_accuracy']:.3f}",
        "",
        f"{'letter':{width}}  images  recall  most often taken for",
    ]
    for row in rows:
        wrong = ", ".join(f"{name} {count}" for name, count in taken[row.name].most_common(3))
        lines.append(f"{row.name:{width}}  {row.support:6,}  {row.recall:6.0%}  {wrong}".rstrip())
    if notes := photographs.left_out(evaluation):
        lines += ["", "Not counted:", *(f"- {note}" for note in notes)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
