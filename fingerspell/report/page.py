"""The page: one HTML file with all that it needs inside, so that it opens from disk and asks nothing of a network."""

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fingerspell import config, files
from fingerspell.errors import counted
from fingerspell.report import drawing, gather, pictures, tables, words

STEPS = 5  # of a confusion matrix's colours
KINDS = {"rendered": "drawn", "original": "published", "own": "our own", "external": "other people's"}
MAPS = {
    "scenes": "scenes of which it is known where the hand is",
    "right": "what spoke for right answers",
    "wrong": "what spoke for wrong answers",
    "nearest": "mistakes, and the training image that is nearest to each",
}
FOLDER = resources.files("fingerspell.report")


def write(path: Path, study: gather.Study, machine: gather.Machine | None = None) -> None:
    """Write the report of a study; machine: what is told of this run alone, which no two runs have in common.

    Without `machine` the same study gives the same bytes. Raises FingerspellError where a test image cannot be read.
    """
    files.write_text(path, render(study, machine))


def render(study: gather.Study, machine: gather.Machine | None = None) -> str:
    """Return the report as HTML; see `write`."""
    script, style = ((FOLDER / name).read_text(encoding="utf-8") for name in ("report.js", "report.css"))
    environment = Environment(
        loader=PackageLoader("fingerspell.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "counted": counted,
        "share": share,
        "three": three,
        "letter": letter,
        "marked": words.marked,
        "points": points,
    }
    environment.globals |= {
        "alphabets": words.alphabets(study),
        "code": words.link,
        "drawing": drawing,
        "embedded": pictures.embedded,
        "heat": heat,
        "interval": words.interval,
        "kinds": KINDS,
        "labels": labels,
        "maps": MAPS,
        "settings": settings,
        "spoken": words.spoken,
        "titled": words.titled,
        "tables": tables,
        "words": words,
    }
    # Only this script may run, and nothing be asked of a network, whatever the names of files and classes are.
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        study=study,
        machine=machine,
        mistakes=pictures.mistakes(study.done),
        packages=packages(study),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'",
        script=Markup(script),
        style=Markup(style),
    )


def share(value: float) -> str:
    """Return a share as a percentage."""
    return f"{value:.1%}"


def three(value: float) -> str:
    """Return a number to three decimals."""
    return f"{value:.3f}"


def letter(label: str, letters: Mapping[str, str]) -> Markup:
    """Return the letter that a class stands for, Arabic ones marked as such, or its label where that is no letter."""
    text = letters[label]
    return Markup('<bdi lang="ar" dir="rtl">{}</bdi>' if gather.is_arabic(text) else "{}").format(text)


def labels(run: gather.Run) -> dict[str, str]:
    """Return what a chart writes for each class: its label, and its letter where that says more."""
    return {label: label if letter == label else f"{label} {letter}" for label, letter in run.letters.items()}


def heat(count: int, support: int) -> int:
    """Return which of STEPS colours a cell has: by the root of its share, so that rare mistakes can be seen too."""
    return math.ceil(STEPS * math.sqrt(count / support))


def points(rows: Sequence[Any], name: str, x: str) -> list[tuple[str, float, float]]:
    """Return (name, x, accuracy) of each row, as `drawing.scatter` takes them."""
    return [(getattr(row, name), getattr(row, x), row.accuracy) for row in rows]


def settings(experiment: config.Experiment) -> list[tuple[str, str]]:
    """Return the parameters that an experiment's section names, as its keys below it; what is off is left out."""
    return _flat("", experiment.model_dump(exclude_unset=True))


def packages(study: gather.Study) -> dict[str, dict[str, list[str]]]:
    """Return package → version → the experiments whose models were made with it."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in study.done:
        for package, version in one.ran.packages.items():
            found.setdefault(package, {}).setdefault(version, []).append(one.name)
    return found


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [one for key, inner in value.items() for one in _flat(f"{prefix}.{key}" if prefix else key, inner)]
    if isinstance(value, list):
        return [(prefix, ", ".join(map(str, value)))]
    return [(prefix, "true" if value is True else str(value))] if value else []
