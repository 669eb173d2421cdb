"""An error analysis on photographs that no dataset holds: a folder with a page, pictures and all figures as JSON."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fingerspell import files
from fingerspell.datasets.class_folders import open_set
from fingerspell.errors import FingerspellError, counted
from fingerspell.evaluation.predictions import Predictions
from fingerspell.external import error_analysis, photographs
from fingerspell.external import figures as plots
from fingerspell.external.asking import Predict
from fingerspell.images import decode, to_array
from fingerspell.plots import confusion, style
from fingerspell.plots.predictions import mistakes

FIGURES = "error-analysis.json"
FILES = {
    FIGURES, "error-analysis.md", "letters.png", "confusions.png", "brightness.png", "abstention.png", "failures.png",
}  # fmt: skip
SHOWN = 128  # pixels: side of a photograph among the failures
FAILURES = 16  # of each kind
PAIRS = 20  # confusions on the page
SEED = 20


class Watch:
    """A model's `predict` that also looks at every image that it is given, and asks for its mirror image."""

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self._brightness: list[np.ndarray] = []
        self._front_light: list[np.ndarray] = []
        self._mirrored: list[np.ndarray] = []

    def __call__(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """As the model's own, to float32 (n, classes)."""
        for image in images:
            self._brightness.append(error_analysis.brightness(image[None]))
            self._front_light.append(error_analysis.front_light(image[None]))
        mirrored = [np.ascontiguousarray(image[:, ::-1]) for image in images]
        answers = np.asarray(self._predict(np.stack(mirrored) if isinstance(images, np.ndarray) else mirrored))
        # A row of zeros says that no hand was found, as in `photographs.evaluate`, which adds a class for it.
        self._mirrored.append(np.where(answers.any(axis=1), answers.argmax(axis=1), answers.shape[1]))
        return self._predict(images)

    def seen(self) -> error_analysis.Seen:
        """Return what was seen so far, in order."""
        return error_analysis.Seen(*map(np.concatenate, (self._brightness, self._front_light, self._mirrored)))


def write(out: Path, path: Path, description: Mapping[str, Any], predict: Predict) -> photographs.Evaluation:
    """Evaluate as `photographs.evaluate` does, and write the error analysis into a folder; an older one is replaced.

    Raises FingerspellError as that does, and if `out` is anything but an older one or cannot be written.
    """
    out, path = Path(out).resolve(), Path(path)
    try:
        _check(out, path.resolve())
        with files.write_aside(out) as aside:
            aside.mkdir()
            watch = Watch(predict)
            evaluation = photographs.evaluate(path, description, watch)
            _write(aside, path, description, evaluation, watch.seen())
    except OSError as error:
        raise FingerspellError(f"the report {out} cannot be written: {error.strerror or error}") from error
    return evaluation


def _check(out: Path, source: Path) -> None:
    """Whatever else is there may be somebody's own."""
    if source in out.parents:
        raise FingerspellError(f"the report {out} would lie among the photographs; name a folder outside {source}")
    if out.is_dir():
        there = {path.name for path in out.iterdir()}
        if not there or (FIGURES in there and there <= FILES):
            return
    if out.exists():
        raise FingerspellError(f"{out} is there and holds no report alone; name another folder, or delete it first")


def _write(
    folder: Path,
    path: Path,
    description: Mapping[str, Any],
    evaluation: photographs.Evaluation,
    seen: error_analysis.Seen,
) -> None:
    table, classes = evaluation.predictions, description["classes"]
    letters = dict(zip(classes, description["letters"])) | {photographs.NO_HAND: photographs.NO_HAND}
    letters = {label: letters[label] for label in table.classes}
    empty = photographs.folder_names(classes, description["letters"]).get("nothing")
    no_hand = {label for label in (empty, photographs.NO_HAND) if label in table.classes}
    name = files.shown(path.resolve().name)
    figures = {"experiment": description["experiment"], "photographs": name}
    about = f"{description['experiment']} on {_short(name)}"
    figures |= error_analysis.analyse(table, seen, letters, no_hand) | {"not_counted": photographs.left_out(evaluation)}
    blocks = _failures(table, about)
    names = [table.members[row] for _, rows in blocks.values() for row in rows]
    names += [row["typical"] for key in ("brightness", "front_light") for row in figures[key]]
    with open_set(path) as images:
        pictures = {name: to_array(decode(images.read(name)), SHOWN, description["channels"]) for name in names}

    files.write_json(folder / FIGURES, figures)
    files.write_text(folder / "error-analysis.md", page(figures, letters))
    hands = figures["mirrored"]["as_taken"]
    drawn = {
        "letters": plots.by_letter(figures["by_letter"], figures["letters"], letters, about),
        "confusions": confusion.confusion_matrix(table, letters, about),
        "brightness": plots.by_light(figures["brightness"], figures["front_light"], pictures, hands, about),
        "abstention": plots.abstention(error_analysis.curve(table, no_hand), figures["abstention"], about),
        "failures": plots.failures(blocks, pictures, table),
    }
    for name, figure in drawn.items():
        style.save(figure, folder / f"{name}.png")


def _failures(table: Predictions, about: str) -> dict[str, tuple[str, list[int]]]:
    """Return wrong answers to show: title -> (note, rows of the table)."""
    wrong = np.flatnonzero(~table.correct)
    if not len(wrong):
        of = "the one image is" if len(table) == 1 else f"all {len(table):,} images are"
        return {"Mistakes": (f"{about}: none, {of} classified correctly", [])}
    often, surest = error_analysis.frequent(table, FAILURES), mistakes(table, FAILURES)
    others = np.setdiff1d(wrong, often + surest)
    sample = np.sort(np.random.default_rng(SEED).permutation(others)[:FAILURES]).tolist()
    blocks = {
        "The most frequent mistakes": (
            f"{about}: {len(wrong):,} of {counted(len(table), 'image')} misclassified; one of each kind of mistake",
            often,
        ),
        "The surest mistakes": ("the most probable of all wrong answers first", surest),
    }
    if sample:
        blocks["Others, drawn at random"] = (f"{len(sample)} of the other {len(others):,}", sample)
    return blocks


def _short(name: str) -> str:
    """A file's name for the head of a picture, where `$` would begin a formula."""
    short = name if len(name) <= 30 else f"{name[:20]}…{name[-9:]}"
    return short.replace("$", r"\$")


def page(figures: Mapping[str, Any], letters: Mapping[str, str]) -> str:
    """Return the error analysis for people, as Markdown beside its pictures.

    figures: as `error_analysis.analyse` returns them, with `experiment`, `photographs`, `not_counted`.
    """
    mirrored, values = figures["mirrored"], figures["metrics"]
    names = {label: style.label(label, letters) for label in letters}
    parts = [
        f"# {figures['experiment']} on {figures['photographs']}",
        "Shares are of images, with 95% intervals (Wilson) that treat images as independent; photographs of one hand "
        "in one room are not, so read the intervals as too narrow.",
        _table(
            ("", "classified correctly", "images"),
            [
                ("the letters", _share(figures["letters"]), f"{figures['letters']['images']:,}"),
                ("all images", _share(figures["all"]), f"{figures['all']['images']:,}"),
            ],
        ),
        "An answer that there is no hand is an error wherever there is one. Over all images, "
        f"the true class is among the three most probable for {values['top3_accuracy']:.3f}, macro F1 is "
        f"{values['macro_f1']:.3f} and the expected calibration error {values['expected_calibration_error']:.3f}.",
        "## By letter",
        "![Recall and precision of every letter](letters.png)",
        _table(
            ("letter", "images", "recall", "recall, mirrored", "precision"),
            [
                (
                    names[row["class"]],
                    f"{row['recall']['images']:,}",
                    *(_share(row[key]) for key in ("recall", "mirrored", "precision")),
                )
                for row in figures["by_letter"]
            ],
        ),
        "## What is taken for what",
        "![Confusion matrix](confusions.png)",
        _confusions(figures["confusions"], names),
        "### Groups of letters alike",
        "Known to signers, and found in these answers: letters of which a tenth or more are taken for one another.",
        _groups(figures, names),
        "## By light",
        "![Right answers by light](brightness.png)",
        "Images of a hand in quintiles. Brightness is the mean luminance (0 to 255); the middle half is "
        "compared with what surrounds it: darker, the hand is mostly lit from behind or before something bright. Who, "
        "where and which letter differ between the quintiles too.",
        _table(
            ("", "luminance", "classified correctly"),
            [
                (name, f"{row['from']} to {row['to']}", _share(row))
                for name, key in (("brightness", "brightness"), ("middle less surroundings", "front_light"))
                for row in figures[key]
            ],
        ),
        "## Handedness",
        "A photograph does not say which hand it shows, so each image of a hand is read as it is and mirrored: "
        "a left hand in a mirror is a right hand that shows the same letter.",
        _table(
            ("", "share", "images"),
            [
                (name, _share(mirrored[key]), f"{mirrored[key]['images']:,}")
                for name, key in (
                    ("classified correctly as it is", "as_taken"),
                    ("classified correctly when mirrored", "mirrored"),
                    ("both answers the same", "agree"),
                    ("classified correctly where both are the same", "correct_where_agreed"),
                    ("classified correctly as it is where they differ", "correct_where_not"),
                )
            ],
        ),
        "## Empty scenes",
        _empty(figures["empty"]),
        "## Coverage and abstention",
        "![Right answers against answers given](abstention.png)",
        _table(
            (
                "least probability",
                "coverage: images of a hand answered",
                "of these correct",
                "empty scenes of which a sign is named",
            ),
            [
                (f"{row['threshold']:.2f}", *(_share(row[key]) for key in ("coverage", "correct", "empty_named")))
                for row in figures["abstention"]
            ],
        ),
        "## Where it fails",
        "![Frequent mistakes, the surest ones, and others drawn at random](failures.png)",
        "Under each photograph: what it shows → what the model named, and its probability.",
    ]
    if notes := figures["not_counted"]:
        parts += ["## Not counted", "\n".join(f"- {note}" for note in notes)]
    return "\n\n".join(parts) + "\n"


def _confusions(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    if not rows:
        return "Nothing is taken for anything else."
    shown = [
        (f"{names[row['one']]} – {names[row['other']]}",
         *(f"{row[key]:,}" for key in ("mistakes", "one_as_other", "other_as_one")), f"{row['share_of_mistakes']:.1%}")
        for row in rows[:PAIRS]
    ]  # fmt: skip
    more = f"\n\nand {counted(len(rows) - PAIRS, 'rarer pair')}." if len(rows) > PAIRS else ""
    return _table(("pair", "mistakes", "first as second", "second as first", "of all mistakes"), shown) + more


def _groups(figures: Mapping[str, Any], names: Mapping[str, str]) -> str:
    rows = [
        (kind, " ".join(names[label] for label in row["classes"]),
         *(_share(row[key]) for key in ("correct", "within", "outside")))
        for kind in ("known", "found")
        for row in figures[f"groups_{kind}"]
    ]  # fmt: skip
    if not rows:
        return "There are none."
    return _table(("", "letters", "correct", "taken for one another", "taken for others"), rows, left=(0, 1))


def _empty(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "There are none among the photographs, or the model knows no class for them."
    seen = found["seen_empty"]
    text = f"Of {counted(seen['images'], 'empty scene')} {_share(seen)} are seen to be empty."
    if found["named"]:
        named = ", ".join(f"{label} {count:,}" for label, count in found["named"].items())
        text += f" The others are named {named}; the median probability of these answers is "
        text += f"{found['median_probability']:.2f}."
    return text


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """Return a Markdown table; the columns numbered in `left` are of text."""
    rule = "|" + "|".join("---" if at in left else "--:" for at in range(len(header))) + "|"
    return "\n".join([f"| {' | '.join(header)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)])


def _share(one: Mapping[str, Any]) -> str:
    return "–" if one["share"] is None else f"{one['share']:.3f} ({one['low']:.3f}–{one['high']:.3f})"
