"""Charts as SVG for a page: their colours come from its stylesheet, their text stays text.

All are 320 pixels wide, so that a telephone shows them at their size. Sizes are in pixels, from the upper left corner.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from fingerspell.errors import counted
from fingerspell.report.gather import Bin, is_arabic

WIDTH = 320
LETTER = 6.2  # pixels: the mean width of a character at the size of a chart's text
LINE = 13  # pixels: the height of a line of it
COLOURS = 6  # in the stylesheet; more curves begin with the first again
LONGEST = 26  # characters: of a name beside a curve


class Plane:
    """An area with two axes; what is drawn lands in `parts`.

    x, y: the values at the ends of the axes. log: x is logarithmic.
    """

    def __init__(
        self,
        height: int,
        x: tuple[float, float],
        y: tuple[float, float] = (0.0, 1.0),
        margins: tuple[int, int, int, int] = (10, 12, 34, 36),
        log: bool = False,
    ) -> None:
        self.height, self.x, self.y, self.log = height, x, y, log
        self.top, right, bottom, self.left = margins
        self.right, self.bottom = WIDTH - right, height - bottom
        self.parts: list[Markup] = []

    def across(self, value: float) -> float:
        """Return where a value lies on the x axis."""
        low, high = self.x
        if self.log:
            value, low, high = math.log10(value), math.log10(low), math.log10(high)
        return self.left + (self.right - self.left) * (value - low) / ((high - low) or 1)

    def down(self, value: float) -> float:
        """Return where a value lies on the y axis."""
        low, high = self.y
        return self.bottom - (self.bottom - self.top) * (value - low) / ((high - low) or 1)

    def axes(self, xs: Mapping[float, str], ys: Mapping[float, str], x_title: str, y_title: str) -> None:
        """Draw the axes with some values on them, and what they are of."""
        for value, name in ys.items():
            at = self.down(value)
            self.parts.append(element("line", class_="grid", x1=self.left, x2=self.right, y1=at, y2=at))
            self.text(self.left - 5, at + 4, name, "end")
        for value, name in xs.items():
            self.text(self.across(value), self.bottom + 15, name, "middle")
        self.text((self.left + self.right) / 2, self.height - 4, x_title, "middle", "muted")
        self.text(0, 10, y_title, "start", "muted")

    def text(self, x: float, y: float, text: str, anchor: str = "start", class_: str = "") -> None:
        """Write some text."""
        self.parts.append(element("text", written(text), x=x, y=y, text_anchor=anchor, class_=class_))

    def curve(self, points: Sequence[tuple[float, float]], series: int, dots: bool = True) -> None:
        """Draw a curve through points, broken where one is not finite."""
        drawn, pen = [], "M"
        for x, y in points:
            if not math.isfinite(y):
                pen = "M"
                continue
            drawn.append(f"{pen}{pixels(self.across(x))} {pixels(self.down(y))}")
            pen = "L"
            if dots:
                self.dot(x, y, series)
        if drawn:
            self.parts.append(element("path", d="".join(drawn), class_=f"curve s{series % COLOURS}"))

    def dot(self, x: float, y: float, series: int, title: str = "", radius: float = 2.6) -> None:
        """Draw a point."""
        told = element("title", title) if title else ""
        place = {"cx": self.across(x), "cy": self.down(y), "r": radius}
        self.parts.append(element("circle", told, **place, class_=f"dot s{series % COLOURS}"))

    def svg(self, title: str) -> Markup:
        """Return the whole chart; title: what a reader who does not see it is told."""
        return svg(WIDTH, self.height, title, self.parts)


def svg(width: int, height: int, title: str, parts: Sequence[Markup]) -> Markup:
    """Return a picture of these parts."""
    content = Markup("").join(parts)
    return element("svg", content, viewBox=f"0 0 {width} {height}", width=width, height=height, role="img",
                   class_="chart", aria_label=title)  # fmt: skip


def element(name: str, content: str | Markup = "", **attributes: object) -> Markup:
    """Return an element of SVG; numbers are rounded to a tenth of a pixel, empty attributes left out."""
    words = [
        Markup(' {}="{}"').format(
            key.rstrip("_") if key == "viewBox" else key.rstrip("_").replace("_", "-"),
            pixels(value) if isinstance(value, float) else value,
        )
        for key, value in attributes.items()
        if value != ""
    ]
    return Markup("<{0}{1}>{2}</{0}>").format(name, Markup("").join(words), content)


def pixels(value: float) -> str:
    """Return a number of pixels to a tenth, as short as it can be."""
    return f"{value:.1f}".removesuffix(".0")


def written(text: str) -> Markup:
    """Return text whose Arabic words are marked as such."""
    return Markup(" ").join(
        element("tspan", word, lang="ar", dir="rtl") if is_arabic(word) else escape(word) for word in text.split(" ")
    )


def learning(history: Sequence[Mapping[str, float]], kind: str) -> Markup:
    """Return the curves of `kind`, loss or accuracy, over the epochs, in training and validation.

    history: rows of epoch and what was measured in it, such as accuracy and val_accuracy.
    """
    curves = {
        name: [(row["epoch"], row[key]) for row in history if key in row]
        for name, key in (("training", kind), ("validation", f"val_{kind}"))
    }
    curves = {name: points for name, points in curves.items() if points}
    finite = [y for points in curves.values() for _, y in points if math.isfinite(y)]
    most = 1.0 if kind == "accuracy" else 1.05 * max(finite, default=1.0) or 1.0
    first, last = history[0]["epoch"], history[-1]["epoch"]
    plane = Plane(190, (first, last), (0.0, most), margins=(22, 74, 34, 36))
    marks = {most * part / 4: f"{most * part / 4:.2g}" for part in range(5)}
    plane.axes({first: f"{first:g}", last: f"{last:g}"}, marks, "epoch", kind)
    ends = []
    for series, (name, points) in enumerate(curves.items()):
        plane.curve(points, series, dots=len(points) <= 30)
        height = next((y for _, y in reversed(points) if math.isfinite(y)), None)
        if height is not None:
            ends.append((plane.down(height), name, series))
    _labels(plane, ends)
    told = ", ".join(f"{name} ends at {points[-1][1]:.3g}" for name, points in curves.items())
    return plane.svg(f"{kind.capitalize()} over {counted(len(history), 'epoch')}: {told}")


def bars(values: Mapping[str, float], names: Mapping[str, str]) -> Markup:
    """Return a bar of every class's value, in [0, 1], the lowest first; names: what to write for each class."""
    row, top = 17, 4
    ordered = sorted(values.items(), key=lambda one: (one[1], one[0]))
    left = 12 + LETTER * max(len(names[label]) for label in values)
    plane = Plane(top + row * len(ordered) + 4, (0.0, 1.0), margins=(0, 44, 0, math.ceil(left)))
    for at, (label, value) in enumerate(ordered):
        y = top + at * row
        plane.text(plane.left - 6.0, y + 12, names[label], "end")
        for class_, end in (("track", 1.0), ("bar s0", value)):
            width = plane.across(end) - plane.left
            plane.parts.append(element("rect", x=plane.left, y=y + 4, width=width, height=8, class_=class_))
        plane.text(plane.right + 8.0, y + 12, f"{value:.2f}")
    lowest = ", ".join(f"{label} {value:.2f}" for label, value in ordered[:3])
    return plane.svg(f"F1 of {len(ordered)} classes, the lowest first: {lowest}")


def levels(series: Mapping[str, Sequence[tuple[int, float]]], title: str) -> Markup:
    """Return accuracy over the levels of one disturbance, a curve for each experiment; level 0 is undisturbed."""
    series = {name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…": points for name, points in series.items()}
    most = max(level for points in series.values() for level, _ in points)
    room = 14 + LETTER * max(map(len, series))
    plane = Plane(190, (0, most), margins=(22, math.ceil(room), 34, 30))
    plane.axes({level: str(level) for level in range(most + 1)}, _quarters(), "level", "accuracy")
    ends = []
    for number, (name, points) in enumerate(series.items()):
        plane.curve(points, number)
        ends.append((plane.down(points[-1][1]), name, number))
    _labels(plane, ends)
    told = ", ".join(f"{name} {points[0][1]:.2f} to {points[-1][1]:.2f}" for name, points in series.items())
    return plane.svg(f"Accuracy under {title}, undisturbed to strongest: {told}")


def reliability(before: Sequence[Bin], after: Sequence[Bin]) -> Markup:
    """Return the accuracy of images over their confidence, before and after the temperature is set."""
    plane = Plane(250, (0.0, 1.0), margins=(22, 60, 34, 36))
    plane.axes(_quarters(), _quarters(), "confidence", "accuracy")
    corners: dict[str, Any] = {"x1": plane.left, "y1": plane.bottom, "x2": plane.right, "y2": plane.top}
    plane.parts.append(element("line", **corners, class_="ideal"))
    ends = []
    for series, (name, bins) in enumerate((("before", before), ("after", after))):
        points = [(one.confidence, one.accuracy) for one in bins if one.images]
        plane.curve(points, series, dots=False)
        most = max((one.images for one in bins), default=0)
        for one in bins:
            if one.images:
                sure = f"{counted(one.images, 'image')} of confidence {one.confidence:.2f}"
                told = f"{name}: {sure}, {one.accuracy:.2f} right"
                plane.dot(one.confidence, one.accuracy, series, told, 1.5 + 3.5 * math.sqrt(one.images / most))
        if points:
            ends.append((plane.down(points[-1][1]), name, series))
    _labels(plane, ends)
    return plane.svg("Reliability: accuracy over confidence, before and after temperature scaling; on the diagonal "
                     "a confidence is right as often as it says")  # fmt: skip


def scatter(points: Sequence[tuple[str, float, float]], x_title: str) -> Markup:
    """Return named points (name, x > 0, y in [0, 1]) on a logarithmic x axis; each name stands where there is room."""
    xs = [x for _, x, _ in points]
    low, high = min(xs) / 1.6, max(xs) * 1.6
    plane = Plane(300, (low, high), margins=(22, 16, 34, 36), log=True)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    digits = (1, 2, 5) if high / low < 200 else (1,)
    ticks = (digit * 10.0**power for power in decades for digit in digits)
    plane.axes({tick: f"{tick:g}" for tick in ticks if low <= tick <= high}, _quarters(), x_title, "accuracy")
    taken = [(plane.across(x) - 3, plane.down(y) - 3, plane.across(x) + 3, plane.down(y) + 3) for _, x, y in points]
    for name, x, y in points:
        _named(plane, name, plane.across(x), plane.down(y), taken)
        plane.dot(x, y, 0, f"{name}: {x:.3g}, accuracy {y:.3f}")
    told = ", ".join(f"{name} {y:.2f} at {x:.3g}" for name, x, y in points)
    return plane.svg(f"Accuracy against {x_title}: {told}")


def _named(plane: Plane, name: str, x: float, y: float, taken: list[tuple[float, float, float, float]]) -> None:
    """Write a name near a point where nothing stands, and a line to it from farther away; add its box to `taken`."""
    width = LETTER * len(name)
    for away in (0, -LINE, LINE, -2 * LINE, 2 * LINE, 3 * LINE, -3 * LINE):
        for left in (x + 7, x - 7 - width, x - width / 2):
            box = (left, y + away - 7, left + width, y + away + 6)
            inside = plane.left < box[0] and box[2] < WIDTH and plane.top - 8 < box[1] and box[3] < plane.bottom
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                if away:
                    ends: dict[str, Any] = {"x2": min(max(x, box[0]), box[2]), "y2": box[1] if away > 0 else box[3]}
                    plane.parts.append(element("line", x1=x, y1=y, **ends, class_="grid"))
                plane.text(left, y + away + 4, name)
                return


def _labels(plane: Plane, ends: Sequence[tuple[float, str, int]]) -> None:
    """Write the names of curves beside their ends, (y, name, series), moved apart where they would overlap."""
    placed = sorted(ends)
    heights = [y for y, _, _ in placed]
    for at in range(1, len(heights)):
        heights[at] = max(heights[at], heights[at - 1] + LINE)
    lowest: float = plane.bottom + 4
    for at in range(len(heights) - 1, -1, -1):
        heights[at] = min(heights[at], lowest)
        lowest = heights[at] - LINE
    for height, (_, name, series) in zip(heights, placed):
        place: dict[str, Any] = {"cx": plane.right + 7.0, "cy": height, "r": 3}
        plane.parts.append(element("circle", **place, class_=f"dot s{series % COLOURS}"))
        plane.text(plane.right + 13.0, height + 4, name)


def _quarters() -> dict[float, str]:
    return {0.0: "0", 0.25: "0.25", 0.5: "0.5", 0.75: "0.75", 1.0: "1"}


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
