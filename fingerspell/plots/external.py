"""What remains of an accuracy out of domain: on photographs that no dataset holds."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from fingerspell.plots import style

Metrics = Mapping[str, float | int]


@style.quiet()
def own_and_out_of_domain(own: Mapping[str, Metrics], out_of_domain: Mapping[str, Metrics], title: str) -> Figure:
    """Return, for every experiment, its accuracy on its own test images and on photographs that no dataset holds.

    own, out_of_domain: name -> metrics as from `fingerspell.evaluation.metrics.compute`, the same names
    in both; they are drawn in the order of `out_of_domain`. Bars are 95% intervals.
    """
    width, top, bottom = 7.5, 0.85, 0.55
    height = top + 0.32 * len(out_of_domain) + bottom
    left = 0.35 + 0.075 * max(map(len, out_of_domain))
    figure = style.new_figure(width, height)
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - 1.3) / width, (height - top - bottom) / height)
    )
    looks = {"own test images": (own, style.GREY, "o"), "out of domain": (out_of_domain, style.BLUE, "s")}
    for place, name in enumerate(out_of_domain):
        here, there = own[name]["accuracy"], out_of_domain[name]["accuracy"]
        axes.hlines(place, min(here, there), max(here, there), color=style.FAINT, linewidth=3, zorder=1)
        for values, colour, marker in looks.values():
            one = values[name]
            axes.hlines(place, one["accuracy_low"], one["accuracy_high"], color=colour, linewidth=2.5, alpha=0.55)
            axes.plot(one["accuracy"], place, marker, color=colour, markersize=6.5)
        axes.annotate(
            f"{here:.3f} → {there:.3f}", (1, place), (8, 0), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", va="center", fontsize=8.5, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(range(len(out_of_domain)), list(out_of_domain))
    axes.set(xlim=(-0.015, 1.015), ylim=(len(out_of_domain) - 0.4, -0.6), xlabel="accuracy, 95% interval")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    keys = [axes.plot([], [], marker, color=colour, label=name)[0] for name, (_, colour, marker) in looks.items()]
    figure.legend(
        handles=keys, loc="upper left", bbox_to_anchor=(0.12 / width, 1 - 0.4 / height), ncols=2, borderaxespad=0,
        handlelength=1.2, columnspacing=1.6,
    )  # fmt: skip
    figure.text(0.12 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", va="top")
    return figure
