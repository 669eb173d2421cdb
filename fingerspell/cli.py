"""The command `fingerspell`. What it needs is imported when a command runs: help must not wait for Keras."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.errors import FingerspellError

if TYPE_CHECKING:
    from fingerspell.external import Evaluation


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line given, by default the process's own, and return its exit status.

    A failure is one sentence on standard error and status 1; a command that is spelt wrongly has status 2.
    """
    arguments = _parser().parse_args(words)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's notes drown the messages that matter
    try:
        arguments.run(arguments)
    except FingerspellError as error:
        print(f"fingerspell: {error}", file=sys.stderr)
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

    evaluate = commands.add_parser(
        "evaluate",
        help="test a trained model on your own photographs",
        description="Let a trained model name photographs whose letters are known, and say how often it is right. "
        "The photographs lie in one folder per class, named after it: A, B, …, del, nothing, space.",
    )
    evaluate.add_argument("photographs", type=Path, metavar="FOLDER_OR_ZIP", help="a folder or zip of class folders")
    evaluate.add_argument("--experiment", required=True, metavar="NAME", help="whose model, for example asl_cnn")
    evaluate.add_argument(
        "--models", type=Path, default=Path("models"), metavar="FOLDER", help="where the models are (default: models)"
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


def _evaluate(arguments: argparse.Namespace) -> None:
    folder = arguments.models / arguments.experiment
    if not (folder / "model.json").is_file():
        there = sorted(path.parent.name for path in arguments.models.glob("*/model.json"))
        remedy = f"there are {', '.join(there)}" if there else "run `dvc repro` first, or name the folder with --models"
        raise FingerspellError(f"there is no model {arguments.experiment!r} in {arguments.models}; {remedy}")
    from fingerspell import external

    with external.open_set(arguments.photographs):
        pass  # a path that is wrong is told now, not after the seconds that Keras takes

    from fingerspell import saved
    from fingerspell.evaluation import metrics

    if arguments.report:
        from fingerspell import report

        evaluation = report.write(arguments.report, arguments.photographs, *saved.load(folder))
    else:
        evaluation = external.evaluate(arguments.photographs, *saved.load(folder))
    if arguments.json:
        print(json.dumps(metrics.compute(evaluation.predictions), indent=2))
        for note in external.left_out(evaluation):
            print(f"fingerspell: {note}", file=sys.stderr)
    else:
        print(_table(f"{arguments.experiment} on {arguments.photographs}", evaluation))


def _table(title: str, evaluation: "Evaluation") -> str:
    """Return the result for people: the figures, then every letter with its recall and what it was taken for."""
    from fingerspell import external
    from fingerspell.evaluation import metrics

    table = evaluation.predictions
    found = metrics.compute(table)
    rows = [row for row in metrics.report(table)[:-2] if row.support]
    taken: dict[str, Counter] = {row.name: Counter() for row in rows}
    for true, said in zip(table.labels[~table.correct], table.predicted[~table.correct]):
        taken[table.classes[true]][table.classes[said]] += 1
    width = max(len("letter"), *(len(row.name) for row in rows))
    lines = [
        f"{title}: {found['test_images']:,} images of {len(rows)} classes",
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
    if notes := external.left_out(evaluation):
        lines += ["", "Not counted:", *(f"- {note}" for note in notes)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
