"""What accuracy costs: the frontier by hand, and a picture of whatever ran."""

from benchmarks import sweeps


def test_the_frontier_holds_what_no_other_beats_in_both():
    points = [(10, 0.5), (5, 0.3), (20, 0.5), (8, 0.2), (5, 0.25), (30, 0.9)]
    assert sweeps.frontier(points) == [(5, 0.3), (10, 0.5), (30, 0.9)]
    assert sweeps.frontier([]) == []


def test_every_swept_parameter_has_a_panel_with_its_values():
    rows = [
        {"swept": swept, "value": str(value), "accuracy": "0.5", "accuracy_low": "0.4", "accuracy_high": "0.6",
         "train_images": str(100 * (at + 1)), "train_cpu_seconds": str(3 + at)}
        for swept, values in sweeps.SWEPT.items()
        for at, value in enumerate(values)
    ]  # fmt: skip
    figure = sweeps.picture(rows)
    labels = {axes.get_xlabel(): [text.get_text() for text in axes.get_xticklabels()] for axes in figure.axes}
    assert labels["side of an image, pixels"] == ["16", "32", "48", "64"]
    assert labels["training images"] == ["100", "200", "300", "400", "500"]
    assert "processor seconds of training" in labels
