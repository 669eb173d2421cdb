import string
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from fingerspell.evaluation import metrics
from fingerspell.evaluation.predictions import Predictions
from fingerspell.external import error_analysis, figures
from fingerspell.plots import audit, comparison, confusion, history, leakage, per_class, sheets, style
from fingerspell.plots import predictions as predictions_sheets

pytestmark = pytest.mark.slow

AMERICAN = (*string.ascii_uppercase, "del", "nothing", "space")
ARABIC = dict(
    ain="ع", al="ال", aleff="ا", bb="ب", dal="د", dha="ظ", dhad="ض", fa="ف", gaaf="ق", ghain="غ", ha="ه",
    haa="ح", jeem="ج", kaaf="ك", khaa="خ", la="لا", laam="ل", meem="م", nun="ن", ra="ر", saad="ص", seen="س",
    sheen="ش", ta="ط", taa="ت", thaa="ث", thal="ذ", toot="ة", waw="و", ya="ئ", yaa="ي", zay="ز",
)  # fmt: skip


def guesses(classes, count: int = 300, seed: int = 0, sharpness: float = 3) -> Predictions:
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(classes)
    scores = random.normal(size=(count, len(classes)))
    scores[np.arange(count), labels] += sharpness
    table = np.exp(scores)
    return Predictions([f"{at}.jpg" for at in range(count)], labels, table / table.sum(axis=1, keepdims=True), classes)


def pictures(count: int) -> list[np.ndarray]:
    """Grey and coloured ramps of several sizes and proportions."""
    shapes = [(64, 64), (64, 64, 1), (200, 200, 3), (90, 120, 3), (120, 50, 3)]
    return [
        np.linspace(10 * at, 255, np.prod(shapes[at % 5])).reshape(shapes[at % 5]).astype(np.uint8)
        for at in range(count)
    ]


def curve(epochs: int, worse: float = 0, accuracy: bool = True) -> list[dict]:
    rows = [
        {
            "epoch": at,
            "loss": 2 / at,
            "val_loss": worse + abs(at - 5) + 1,
            "accuracy": 1 - 1 / at,
            "val_accuracy": 0.5,
        }
        for at in range(1, epochs + 1)
    ]
    return rows if accuracy else [{key: row[key] for key in ("epoch", "loss", "val_loss")} for row in rows]


def side_by_side(accuracy: float) -> list[dict]:
    names = ["asl_cnn", "asl_autoencoder_logistic", "synthetic_vgg16", "arasl_cnn_undersampled"]
    sets = ["asl_alphabet", "asl_alphabet", "synthetic_asl", "arasl"]
    return [
        {"experiment": name, "dataset": dataset, "accuracy": accuracy, "accuracy_low": accuracy - 0.1,
         "accuracy_high": accuracy + 0.05}
        for name, dataset in zip(names, sets)
    ]  # fmt: skip


def under_protocols(accuracy: float) -> list[dict]:
    tried = [("asl", "random", 0.09), ("asl", "grouped", 0.0), ("arasl", "random", 0.78), ("arasl", "grouped", 0.0),
             ("arasl", "capture_order", 0.06), ("synthetic", "official", 0.01)]  # fmt: skip
    return [
        {"experiment": f"{dataset} {split}", "dataset": dataset, "split": split, "leakage": leaked,
         "accuracy": accuracy + leaked / 5, "accuracy_low": accuracy - 0.05, "accuracy_high": accuracy + 0.2}
        for dataset, split, leaked in tried
    ]  # fmt: skip


def protocols(accuracy: float):
    rows = under_protocols(accuracy)
    return leakage.protocols(rows, {row["experiment"]: row["dataset"] for row in rows})


def predicted(seed: int):
    table = guesses(AMERICAN, seed=seed)
    rows = predictions_sheets.examples(table)[:12]
    return predictions_sheets.prediction_sheet(pictures(12), table, rows)


def mistaken(seed: int):
    table = guesses(tuple(ARABIC), seed=seed, sharpness=1)
    rows = predictions_sheets.mistakes(table, 9)
    return predictions_sheets.mistakes_sheet(pictures(9), table, rows)


def f1(seed: int):
    return per_class.f1_per_class(metrics.report(guesses(tuple(ARABIC), seed=seed)), ARABIC)


LONGEST = "Arabic Alphabets Sign Language Dataset (ArASL), rendered"


def counted(seed: int):
    before = {label: 900 + 40 * at for at, label in enumerate(ARABIC)}
    after = {label: count - (at % 3) * (100 + seed) for at, (label, count) in enumerate(before.items())}
    return audit.class_counts(before, after, ARABIC, f"{LONGEST}: classes")


def sized(count: int, seed: int):
    return audit.size_distribution({(64 + at, 64): 50_000 // (1 + at) ** 4 + seed for at in range(count)}, "Sizes")


def sampled(seed: int):
    images = pictures(12)[seed:]
    return audit.class_samples(
        {label: images[:at] for at, label in enumerate(list(ARABIC)[-10:])}, ARABIC, "Samples", "all"
    )


def alike(seed: int, count: int = 7):
    images = pictures(8)
    groups = [
        audit.Like(images[at : at + 2 + at % 2], [f"NOTHIN…{at}{seed} (17)"] * 3, "differ by 2.34")
        for at in range(count)
    ]
    note = (
        "seven of many images whose outlines are far from their class, each beside the most usual image of that class; "
    )
    return audit.likes(
        groups, f"{LONGEST}: unlike their class", note + "distances in robust standard deviations", "None."
    )


def analysed_by_letter(seed: int):
    table = guesses(tuple(ARABIC), 900, seed)
    return figures.by_letter(
        error_analysis.by_letter(table, table.labels), error_analysis.share(6, 9), ARABIC, "arasl_cnn on mine.zip"
    )


def analysed_by_light(seed: int, photographs: bool = True):
    table, images = guesses(AMERICAN, seed=seed), pictures(10)
    values = np.random.default_rng(seed).normal(0, 60, (2, len(table)))
    parts = [error_analysis.in_quantiles(table, one, np.ones(len(table), bool)) for one in values]
    shown = {row["typical"]: image for row, image in zip(parts[0] + parts[1], images)}
    return figures.by_light(
        *parts, shown if photographs else {}, error_analysis.share(160 + seed, 300), "asl_cnn on mine.zip"
    )


def analysed_coverage(seed: int, no_hand: tuple[str, ...] = ("nothing",), count: int = 900):
    table = guesses(AMERICAN, count, seed)
    marked = error_analysis.abstention(table, no_hand, error_analysis.THRESHOLDS)
    return figures.abstention(error_analysis.curve(table, no_hand), marked, "asl_cnn on mine.zip")


def analysed_failures(seed: int):
    table = guesses(AMERICAN, seed=seed, sharpness=1)
    often, surest = error_analysis.frequent(table, 9), predictions_sheets.mistakes(table, 3)
    images = {table.members[row]: image for row, image in zip([*often, *surest], pictures(12))}
    images |= {table.members[row]: pictures(1)[0] for row in surest}
    return figures.failures({"Frequent": ("nine", often), "Surest": ("three", surest)}, images, table)


# Every kind of picture, drawn from data that a number chooses, and its size in pixels.
PICTURES = {
    "confusion, 29": (
        lambda seed: confusion.confusion_matrix(guesses(AMERICAN, seed=seed, sharpness=5)),
        None,
    ),
    "confusion, 32": (
        lambda seed: confusion.confusion_matrix(guesses(tuple(ARABIC), 9000, seed, 6), ARABIC),
        None,
    ),
    "confusion, 2": (
        lambda seed: confusion.confusion_matrix(guesses(("A", "B"), seed=seed, sharpness=1)),
        None,
    ),
    "history": (lambda seed: history.learning_curves(curve(9, seed)), (920, 360)),
    "history, one epoch": (lambda seed: history.learning_curves(curve(1, seed)), (920, 360)),
    "history, autoencoder": (
        lambda seed: history.learning_curves(curve(9, seed, accuracy=False)),
        (500, 360),
    ),
    "f1": (f1, (650, 811)),
    "predictions": (predicted, (883, None)),
    "mistakes": (mistaken, (883, None)),
    "no mistakes": (lambda seed: predictions_sheets.mistakes_sheet([], guesses(AMERICAN, 30 + seed), []), (560, 80)),
    "contact sheet": (
        lambda seed: sheets.contact_sheet(pictures(12), AMERICAN[17 - seed :], 5, "American"),
        None,
    ),
    "leakage": (lambda seed: protocols(0.6 + seed / 10), (750, None)),
    "class counts": (counted, None),
    "class counts, none": (lambda seed: audit.class_counts({"A": 0, "B": seed}, {}), (650, None)),
    "sizes": (lambda seed: sized(3, seed), (650, None)),
    "many sizes": (lambda seed: sized(40, seed), (650, None)),
    "samples": (sampled, None),
    "alike": (alike, None),
    "two alike": (lambda seed: alike(seed, 1), None),
    "none alike": (lambda seed: audit.likes([], f"Copies {seed}", nothing="None: no two images are alike."), (560, 80)),
    "error analysis, by letter": (analysed_by_letter, (650, None)),
    "error analysis, by light": (analysed_by_light, (920, 410)),
    "error analysis, by light, no photographs": (lambda seed: analysed_by_light(seed, False), (920, 331)),
    "error analysis, coverage": (analysed_coverage, (750, 430)),
    "error analysis, coverage, no empty scenes": (lambda seed: analysed_coverage(seed, ()), (750, 430)),
    "error analysis, coverage, few": (lambda seed: analysed_coverage(seed, count=12), (750, 430)),
    "error analysis, failures": (analysed_failures, (883, None)),
    "comparison": (lambda seed: comparison.accuracies(side_by_side(0.8 + seed / 10)), (750, None)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_whole_small_and_always_the_same(name, tmp_path, monkeypatch):
    draw, size = PICTURES[name]
    one, again, other = (tmp_path / f"{part}.png" for part in ("one", "again", "other"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph is a warning
        figure = draw(0)
        with monkeypatch.context() as watching:
            drawn = watch_texts(watching)
            style.save(figure, one)
        style.save(draw(0), again)
        style.save(draw(1), other)
    assert one.read_bytes() == again.read_bytes()
    assert one.read_bytes() != other.read_bytes()
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["again.png", "one.png", "other.png"]
    with Image.open(one) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert picture.info == {}  # no date, no name of a program
        for expected, found in zip(size or (None, None), picture.size):
            assert expected in (None, found)
        check_texts(drawn, picture.size)
    assert one.stat().st_size < 200_000


def watch_texts(monkeypatch) -> dict[Text, tuple[float, float, float, float]]:
    """Return a table that is going to hold the box of every text that is drawn."""
    drawn, draw = {}, Text.draw

    def remember(text, renderer, *others, **more):
        if text.get_visible() and text.get_text().strip():
            drawn[text] = text.get_window_extent(renderer).extents
        return draw(text, renderer, *others, **more)

    monkeypatch.setattr(Text, "draw", remember)
    return drawn


def check_texts(drawn, size) -> None:
    """No text is cut off at the edge, and none lies on another."""
    names, edges = [text.get_text() for text in drawn], np.array(list(drawn.values()))
    inside = (edges[:, :2] >= 0).all(axis=1) & (edges[:, 2:] <= size).all(axis=1)
    assert inside.all(), [name for name, ok in zip(names, inside) if not ok]
    for at, (x0, y0, x1, y1) in enumerate(edges):
        others = edges[at + 1 :]
        # Boxes include the room below the line that most letters leave empty: allow two pixels.
        overlap = (others[:, 0] < x1 - 2) & (others[:, 2] > x0 + 2)
        overlap &= (others[:, 1] < y1 - 2) & (others[:, 3] > y0 + 2)
        assert not overlap.any(), (
            names[at],
            [names[at + 1 + int(other)] for other in np.flatnonzero(overlap)],
        )


def test_drawing_leaves_matplotlib_as_it_was(tmp_path):
    before = dict(matplotlib.rcParams)
    matplotlib.rcParams["font.size"] = 31  # someone's own taste
    try:
        loud = history.learning_curves(curve(9))
        style.save(loud, tmp_path / "loud.png")
        assert matplotlib.rcParams["font.size"] == 31
    finally:
        matplotlib.rcParams.update(before)
    style.save(history.learning_curves(curve(9)), tmp_path / "plain.png")
    assert (tmp_path / "loud.png").read_bytes() == (tmp_path / "plain.png").read_bytes()


def test_the_confusion_matrix_shows_counts_and_leaves_zeros_blank():
    table = Predictions(
        ["1", "2", "3", "4"],
        np.array([0, 0, 0, 1]),
        np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]]),
        "ABC",
    )
    texts = [text for text in confusion.confusion_matrix(table).axes[0].texts if text.get_text().isdigit()]
    texts.sort(key=lambda text: text.get_position()[::-1])
    assert [text.get_text() for text in texts] == ["2", "1", "1"]  # two A as A, one A as B, one B as B
    first, second, third = (text.get_position() for text in texts)
    assert first[1] == second[1] < third[1]  # rows are actual classes
    assert first[0] < second[0] == third[0]  # columns are predicted ones


def test_the_confusion_table_is_sorted_by_class():
    table = Predictions(["2", "1", "3"], np.array([1, 0, 0]), np.array([[1, 0], [0, 1], [1, 0]]), ("b", "a"))
    assert confusion.confusion_table(table) == "actual,predicted,images\nb,b,1\nb,a,1\na,b,1\na,a,0\n"


def test_examples_come_from_every_class_whatever_the_order():
    table = guesses(AMERICAN)
    rows = predictions_sheets.examples(table)
    assert table.labels[rows].tolist() == list(range(29))
    turned = Predictions(table.members[::-1], table.labels[::-1], table.probabilities[::-1], table.classes)
    assert [turned.members[at] for at in predictions_sheets.examples(turned)] == [table.members[at] for at in rows]
    assert len(set(predictions_sheets.examples(table, 3))) == 87
    assert sorted(predictions_sheets.examples(table, 1000)) == list(range(300))


def test_mistakes_are_wrong_and_the_most_confident_come_first():
    table = guesses(AMERICAN, sharpness=1)
    rows = predictions_sheets.mistakes(table, 10)
    assert len(rows) == 10 and not table.correct[rows].any()
    confidence = table.confidence[rows]
    assert (np.diff(confidence) <= 0).all()
    assert confidence[0] == table.confidence[~table.correct].max()
    assert predictions_sheets.mistakes(guesses(AMERICAN, sharpness=50)) == []


def test_classes_without_test_images_are_named_below_the_f1_chart():
    table = guesses(AMERICAN[:26], 100)
    wide = Predictions(table.members, table.labels, np.pad(table.probabilities, ((0, 0), (0, 1))), AMERICAN[:27])
    figure = per_class.f1_per_class(metrics.report(wide))
    assert "without test images: del" in [text.get_text() for text in figure.texts]
    assert len(figure.axes[0].get_yticklabels()) == 26


def test_class_counts_tell_what_cleaning_keeps():
    figure = audit.class_counts({"A": 3000, "B": 20}, {"A": 2500, "B": 20})
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["2,500 of 3,000", "20"]
    assert any("3,020 images in 2 classes; cleaning keeps 2,520" in text.get_text() for text in figure.texts)


def test_sizes_come_with_the_commonest_first_and_the_rare_ones_together():
    figure = audit.size_distribution({(at, at): at for at in range(1, 101)})
    axes = figure.axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names[:2] == ["100 × 100", "99 × 99"] and names[-1] == "88 more sizes" and len(names) == audit.SIZES + 1
    assert axes.texts[0].get_text() == "100  (2.0%)" and axes.get_xscale() == "log"
    assert axes.texts[-1].get_text() == f"{sum(range(1, 89)):,}  (77.5%)"


def test_no_sizes_make_a_picture_too(tmp_path):
    style.save(audit.size_distribution({}), tmp_path / "sizes.png")
    style.save(audit.class_samples({}), tmp_path / "samples.png")
    assert len(list(tmp_path.iterdir())) == 2


def test_protocols_are_set_side_by_side_where_nothing_else_differs():
    def told(trainings: dict[str, str], rows: list[dict]) -> list[list[str]]:
        leaks, scores = leakage.protocols(rows, trainings).axes
        return [[text.get_text() for text in texts] for texts in (leaks.get_yticklabels(), scores.texts)]

    rows = under_protocols(0.5)
    alike = {row["experiment"]: row["dataset"] for row in rows}
    usual = told(alike, rows)
    assert usual[0] == ["asl, random", "asl, grouped", "arasl, random", "arasl, grouped", "arasl, capture_order"]
    larger = [row | {"experiment": f"{row['experiment']} larger", "accuracy": 0.9} for row in rows[2:4]]
    assert told(alike | {"arasl random larger": "a", "arasl grouped larger": "b"}, rows + larger) == usual
