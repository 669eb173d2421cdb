"""Progress in a captured log: no bar, and a line only where something takes long."""

from fingerspell import progress


def test_a_log_gets_no_bar(capsys):
    assert list(progress.progress(range(5), 5, "drawing")) == list(range(5))
    assert capsys.readouterr().err == ""


def test_a_log_gets_a_line_now_and_then_with_the_time_left(capsys, monkeypatch):
    clock = iter(range(0, 1000, 20))  # every item takes 20 s
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    assert len(list(progress.progress(range(6), 6, "drawing"))) == 6
    assert capsys.readouterr().err.splitlines() == [
        "drawing: 2 of 6 images, 01:20 left",
        "drawing: 4 of 6 images, 00:40 left",
    ]
