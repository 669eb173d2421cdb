"""Sentences from the numbers of a study, as HTML. Where there are no numbers there is no sentence."""

from collections.abc import Iterator, Sequence
from statistics import mean, median

from markupsafe import Markup, escape

from fingerspell.errors import counted
from fingerspell.report.gather import Accuracy, Experiment, Part, Run, Study, Sweep

TITLES = {"american": "American alphabet", "arabic": "Arabic alphabet"}
SOURCES = {"rendered": "drawn", "original": "published", "own": "our own"}
PARTS = {"train": "training", "validation": "validation", "test": "test"}
SPLITS = {
    "random": "images divided at random",
    "grouped": "whole capture bursts held out",
    "capture_order": "the end of every recording held out",
    "first": "the first images of every class held out",
    "official": "the publisher's own test part",
}
Finding = tuple[str, Markup]  # what it is about, and the sentence


def summary(study: Study) -> list[Finding]:
    """Return what the study found, the most important first."""
    return [*best(study), *hidden(study), *across(study), *broken(study), *calibrated(study), *looked(study)]


def source(study: Study) -> Markup:
    """Return what the images of the experiments that ran are, and so what their figures can say."""
    drawn = [one.name for one in study.done if one.ran.metrics.source == "rendered"]
    if not drawn:
        return Markup("All images are published photographs and renderings.")
    whose = "all experiments" if len(drawn) == len(study.done) else listed(map(link, drawn))
    return Markup(
        "The images of {} are hands that the project draws itself. Their figures show how models and protocols differ; "
        "they say nothing of how well real hands are read."
    ).format(whose)


def alphabets(study: Study) -> dict[str, str]:
    """Return the alphabets of the study -> their titles; signs of one's own are an alphabet of their name."""
    return TITLES | {one.alphabet: one.alphabet for one in study.experiments if one.alphabet not in TITLES}


def best(study: Study) -> Iterator[Finding]:
    """Yield for each alphabet the best experiment, and the best of those that learnt from nothing like its test."""
    for alphabet, title in alphabets(study).items():
        ran = [one for one in study.done if one.alphabet == alphabet]
        if not ran:
            continue
        first = max(ran, key=_accuracy)
        told = Markup("Of {}, {} reads most of its own test images: {}").format(
            counted(len(ran), "experiment"), link(first.name), interval(first.ran.measured)
        )
        leakage = first.ran.metrics.leakage_pixels
        if leakage is None:
            told += "."
        elif leakage == 0:
            told += ". It learnt from no near-duplicate of them."
        else:
            told += Markup(". But of {:.1%} of them it learnt from a near-duplicate.").format(leakage)
            honest = [one for one in ran if one.ran.metrics.leakage_pixels == 0]
            if honest:
                second = max(honest, key=_accuracy)
                told += Markup(" Of {} that did not, {} is best: {}.").format(
                    counted(len(honest), "experiment"), link(second.name), interval(second.ran.measured)
                )
        yield title, told


def hidden(study: Study) -> Iterator[Finding]:
    """Yield what random splits hide: experiments that differ in nothing but how their images are divided."""
    told = []
    trainings = [(one, one.settings.model_dump_json(exclude={"split", "clean"})) for one in study.done]
    for one, training in trainings:
        if one.settings.split.method != "random":
            continue
        others = [other for other, same in trainings if same == training and other.settings.split.method != "random"]
        if others:
            told.append(
                Markup("The same network scores <strong>{:.3f}</strong> with {} ({}), but {}.").format(
                    _accuracy(one), SPLITS["random"], link(one.name), listed([_honest(one, other) for other in others])
                )
            )
    if told:
        yield "What random splits hide", Markup(" ").join(told)


def across(study: Study) -> Iterator[Finding]:
    """Yield what becomes of accuracies on sets of images that nothing was learnt from."""
    rows = []
    for one in study.experiments:
        asked = [(found, found.accuracy) for found in one.cross.sets if found.accuracy is not None] if one.cross else []
        own = [accuracy for found, accuracy in asked if found.own]
        others = [(found, accuracy) for found, accuracy in asked if not found.own]
        if own and others:
            rows.append((one, mean(own), others))
    if not rows:
        return
    every = [(one, own, found, accuracy) for one, own, others in rows for found, accuracy in others]
    far = [accuracy for *_, accuracy in every]
    told = Markup(
        "{} read images of their own dataset with a median accuracy of <strong>{:.3f}</strong>, and those of datasets "
        "that they did not learn from with <strong>{:.3f}</strong>."
    ).format(counted(len(rows), "experiment"), median(own for _, own, _ in rows), median(far))
    one, usual, found, accuracy = max(every, key=lambda row: row[1] - row[3])
    if usual > accuracy:
        told += Markup(" {} loses most: {:.3f} becomes {:.3f} on <code>{}</code>.").format(
            link(one.name), usual, accuracy, found.set
        )
    if len(rows) > 1:
        firm, _, elsewhere = max(rows, key=lambda row: mean(accuracy for _, accuracy in row[2]))
        told += Markup(" Best elsewhere is {}, with {:.3f} in the mean.").format(
            link(firm.name), mean(accuracy for _, accuracy in elsewhere)
        )
    yield "Across datasets", told


def broken(study: Study) -> Iterator[Finding]:
    """Yield what disturbances do to accuracies: which does most, and who stands them best."""
    tested = [(one, one.robustness) for one in study.experiments if one.robustness and one.robustness.disturbances]
    if not tested:
        return
    lost: dict[str, list[float]] = {}
    for _, found in tested:
        for kind, levels in found.disturbances.items():
            lost.setdefault(kind, []).append(found.clean - levels[-1].accuracy)
    worst = max(lost, key=lambda kind: mean(lost[kind]))
    if mean(lost[worst]) > 0:
        told = Markup(
            "Of {}, {} costs most: <strong>{:.1f} points</strong> at its strongest, in the mean of {}"
        ).format(
            counted(len(lost), "disturbance"),
            spoken(worst),
            100 * mean(lost[worst]),
            counted(len(lost[worst]), "experiment"),
        )
    else:
        told = Markup("None of {} costs accuracy").format(counted(len(lost), "disturbance"))
    if len(tested) > 1:
        firm, found = max(tested, key=lambda one: one[1].mean)
        told += Markup(". Under all of them {} still reads most: {:.3f}, undisturbed {:.3f}").format(
            link(firm.name), found.mean, found.clean
        )
    scenes = [found.background for _, found in tested if found.background]
    if scenes:
        change = 100 * mean(one.scenes - one.plain for one in scenes)
        told += Markup(". Before drawn places, not plain grey, the same hands are read {:.1f} points {} often").format(
            abs(change), "more" if change > 0 else "less"
        )
    yield "Disturbed images", told + "."


def calibrated(study: Study) -> Iterator[Finding]:
    """Yield how far confidences can be believed, before and after their temperature is set."""
    errors = [one.calibration.expected_calibration_error for one in study.experiments if one.calibration]
    both = [(one.before, one.after) for one in errors if one.after is not None]
    if both:
        before, after = mean(one for one, _ in both), mean(one for _, one in both)
        told = Markup(
            "They are off by <strong>{:.3f}</strong> as they come, in the mean of {}, and by <strong>{:.3f}</strong> "
            "after temperature scaling."
        )
        yield "Confidences", told.format(before, counted(len(both), "experiment"), after)


def looked(study: Study) -> Iterator[Finding]:
    """Yield how much of what decides lies on the hand."""
    shown = [(one, one.explanation) for one in study.experiments if one.explanation]
    if shown:
        parts = [Markup("<strong>{:.0%}</strong> in {}").format(found.on_hand, link(one.name)) for one, found in shown]
        area = mean(found.hand_area for _, found in shown)
        told = Markup("Of what decides there lies on the hand, which covers {:.0%} of a scene, {}.")
        yield "Where models look", told.format(area, listed(parts))


def described(one: Experiment) -> Markup:
    """Return in a sentence what an experiment is: its model, what that sees, and how images are divided."""
    settings, images = one.settings, one.ran.images
    divided = [f"{images[part]:,} for {what}" for part, what in PARTS.items() if part in images]
    return Markup("<code>{}</code> on {} pixels of <code>{}</code>, {}; {}{}.").format(
        settings.model,
        f"{settings.image_size}×{settings.image_size} {'grey' if settings.channels == 1 else 'coloured'}",
        settings.dataset,
        SPLITS[settings.split.method],
        "images: " if divided else "",
        listed(divided) or counted(one.ran.metrics.test_images, "test image"),
    )


def certain(run: Run) -> str:
    """Return the intervals of an accuracy in a sentence: over bursts, and as if images were independent."""
    found, over = run.metrics, run.details
    images = f"{found.accuracy_low:.3f} to {found.accuracy_high:.3f} if images were independent"
    if over is None:
        return f"95% interval {images}."
    bursts = f"{over.accuracy_bursts_low:.3f} to {over.accuracy_bursts_high:.3f}"
    return f"95% interval {bursts} over {counted(over.bursts, 'capture burst')}; {images}."


def name(text: str) -> Markup:
    """Return a name that may be broken behind its underscores."""
    return Markup("_<wbr>").join(escape(part) for part in text.split("_"))


def link(experiment: str) -> Markup:
    """Return the name of an experiment as a link to what stands about it."""
    return Markup('<a href="#experiment-{}"><code>{}</code></a>').format(experiment, name(experiment))


def marked(text: str) -> Markup:
    """Return text in which backticks enclose code, as Markdown has them."""
    parts = text.split("`")
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(name(part)) if at % 2 else escape(part) for at, part in enumerate(parts))


def interval(one: Accuracy | Sweep) -> Markup:
    """Return an accuracy with its 95% interval."""
    return Markup("<strong>{:.3f}</strong> ({:.3f}–{:.3f})").format(one.accuracy, one.accuracy_low, one.accuracy_high)


def listed(parts: Sequence[str | Markup] | Iterator[Markup]) -> Markup:
    """Return words as a list in a sentence: one, one and two, or one, two and three."""
    parts = [escape(part) for part in parts]
    if len(parts) < 2:
        return Markup("").join(parts)
    return Markup(", ").join(parts[:-1]) + " and " + parts[-1]


def spoken(key: str) -> str:
    """Return a key as words."""
    return key.replace("_", " ").replace("jpeg", "JPEG")


def titled(text: str) -> str:
    """Return words with a capital letter first."""
    return text[:1].upper() + text[1:]


def lightness(part: Part) -> str:
    """Return the lightness of skins, from and to."""
    assert part.lightness is not None  # a part by skin
    low, high = (f"{end:.0f}" for end in part.lightness)
    return f"L* {low}" if low == high else f"L* {low}–{high}"


def _honest(one: Experiment, other: Experiment) -> Markup:
    change = 100 * (_accuracy(other) - _accuracy(one))
    points = f"{abs(change):.1f} points {'more' if change > 0 else 'less'}"
    return Markup("<strong>{:.3f}</strong> with {} ({}), {}").format(
        _accuracy(other), SPLITS[other.settings.split.method], link(other.name), points
    )


def _accuracy(one: Experiment) -> float:
    return one.ran.metrics.accuracy
