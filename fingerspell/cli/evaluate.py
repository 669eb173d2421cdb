"""`fingerspell evaluate`: how often a model is right on anyone's photographs."""

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.errors import FingerspellError, counted

if TYPE_CHECKING:
    from fingerspell.external.photographs import Evaluation

MODELS = Path("models")  # where the pipeline leaves trained ones


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "evaluate",
        help="test a model on your own photographs",
        description="Let a model name photographs whose letters are known, and say how often it is right. "
        "The photographs lie in one folder per class, named after it: A, B, …, del, nothing, space.",
    )
    parser.add_argument("photographs", type=Path, metavar="FOLDER_OR_ZIP", help="a folder or zip of class folders")
    parser.add_argument(
        "--experiment",
        metavar="NAME",
        help="whose model: the released one, else the one trained here (default: asl_reader)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="look here alone, for instance in models, where the pipeline leaves what it trains",
    )
    parser.add_argument("--json", action="store_true", help="answer the metrics as JSON, for programs")
    parser.add_argument(
        "--report", type=Path, metavar="FOLDER", help="also write a page with figures and pictures into a new folder"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Ask the model about every photograph and print how often it was right."""
    folder, name = _choose(arguments.experiment, arguments.models)

    from fingerspell.datasets.class_folders import open_set
    from fingerspell.external import photographs

    with open_set(arguments.photographs):
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
    if os.path.isfile(trained / name / "model.json"):
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
    taken: dict[str, Counter[str]] = {row.name: Counter() for row in rows}
    for true, said in zip(table.labels[~table.correct], table.predicted[~table.correct]):
        taken[table.classes[true]][table.classes[said]] += 1
    width = max(len("letter"), *(len(row.name) for row in rows))
    lines = [
        f"{title}: {counted(len(table), 'image')} of {counted(len(rows), 'class', 'classes')}",
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
