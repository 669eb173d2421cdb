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
    from fingerspell.external.photographs import Evaluation
    from fingerspell.inference.predictor import Predictor

MODELS = Path("models")  # where the pipeline leaves trained ones
SHOWN = 3  # answers to an image: the best, and the next two


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
        help="name the letters in pictures",
        description="Name the letter that the hand in each picture shows, with its probability and the next two.",
    )
    predict.add_argument("images", nargs="+", metavar="IMAGE", help="an image file: JPEG, PNG, WebP, …")
    predict.add_argument(
        "--model",
        metavar="NAME_OR_FOLDER",
        help="a released model, or the folder of an exported one (default: asl_robust)",
    )
    predict.add_argument("--json", action="store_true", help="answer a list as JSON, for programs")
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
        help="whose model: the released one, else the one trained here (default: asl_robust)",
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


class _Version(argparse.Action):
    """Look the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"fingerspell {version('fingerspell')}")
        parser.exit()


def _predict(arguments: argparse.Namespace) -> None:
    from fingerspell.inference import released
    from fingerspell.inference.predictor import Predictor

    predictor = Predictor.open(released.find(arguments.model or released.DEFAULT))
    width = max(map(len, arguments.images))
    answers = []
    for image in arguments.images:
        answers.append(answer := _answer(predictor, image))
        if "error" in answer:
            print(f"fingerspell: {image}: {answer['error']}", file=sys.stderr)
        elif not arguments.json:
            best, *others = (f"{_shown(one)} {one['probability']:.1%}" for one in answer["answers"])
            print(f"{image:{width}}  {best}, then {', '.join(others)}", flush=True)
    if arguments.json:
        print(json.dumps(answers, indent=2, ensure_ascii=False))
    if unread := sum("error" in answer for answer in answers):
        raise FingerspellError(f"{unread:,} of {counted(len(answers), 'image')} could not be read")


def _answer(predictor: "Predictor", image: str) -> dict:
    """Return what a program is told about one image: its best answers, or why there are none."""
    try:
        [probabilities] = predictor.predict(predictor.read(Path(image))[None])
    except FingerspellError as error:
        return {"image": image, "error": str(error)}
    found = zip(predictor.classes, predictor.letters, probabilities.tolist())
    best = sorted(found, key=lambda one: -one[2])[:SHOWN]
    answers = [{"class": label, "letter": letter, "probability": round(share, 6)} for label, letter, share in best]
    return {"image": image, "answers": answers}


def _shown(answer: dict) -> str:
    letter, label = answer["letter"], answer["class"]
    return letter if letter == label else f"{letter} ({label})"


def _evaluate(arguments: argparse.Namespace) -> None:
    folder, name = _choose(arguments.experiment, arguments.models)

    from fingerspell.external import photographs

    with photographs.open_set(arguments.photographs):
        pass  # a path that is wrong is told now, not after the seconds that Keras takes

    from fingerspell.evaluation import metrics

    if arguments.report:
        from fingerspell.external import report

        evaluation = report.write(arguments.report, arguments.photographs, *open_model(folder))
    else:
        evaluation = photographs.evaluate(arguments.photographs, *open_model(folder))
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


def open_model(folder: Path) -> tuple[dict, Callable]:
    """Return (`model.json`, predict) of a model's folder, exported or trained."""
    from fingerspell.inference.predictor import MODEL, Predictor

    if (folder / MODEL).is_file():
        predictor = Predictor.open(folder)
        return predictor.description, predictor.predict
    from fingerspell.models.common import saved

    return saved.load(folder)


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
