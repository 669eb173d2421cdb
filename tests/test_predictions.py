import numpy as np
import pytest

from fingerspell.errors import FingerspellError
from fingerspell.evaluation.predictions import Predictions

CLASSES = ("A", "B", "space")


def some() -> Predictions:
    table = [[0.7, 0.2, 0.1], [0.25, 0.5, 0.25], [1 / 3, 1 / 3, 1 / 3]]
    return Predictions(["x/A (1).jpg", 'x/a,"b".jpg', "x/ع.jpg"], np.array([0, 2, 0]), np.array(table), CLASSES)


def test_the_table_is_written_for_people_and_programs(tmp_path):
    some().write(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == (
        "member,label,A,B,space\n"
        "x/A (1).jpg,A,0.700000,0.200000,0.100000\n"
        '"x/a,""b"".jpg",space,0.250000,0.500000,0.250000\n'
        "x/ع.jpg,A,0.333333,0.333333,0.333333\n"
    )


def test_what_is_read_back_is_what_was_written(tmp_path):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    written = some()
    written.write(first)
    read = Predictions.read(first)
    read.write(second)
    assert first.read_bytes() == second.read_bytes()
    assert (read.members, read.classes) == (written.members, CLASSES)
    assert read.labels.tolist() == [0, 2, 0]
    assert read.probabilities.dtype == np.float32 and read.probabilities.shape == (3, 3)
    np.testing.assert_allclose(read.probabilities, written.probabilities, atol=5e-7)


def test_of_equally_probable_classes_the_first_is_named():
    assert some().predicted.tolist() == [0, 1, 0]
    assert some().correct.tolist() == [True, False, True]
    assert some().confidence.tolist() == [0.7, 0.5, 0.333333]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected the columns"),
        ("image,label,A,B\n", "expected the columns"),
        ("member,label,A\n", "expected the columns"),
        ("member,label,A,B\n", "no images"),
        ("member,label,A,B\nx,A,1\n", "line 2: expected 4 fields, found 3"),
        ("member,label,A,B\nx,A,1,0\ny,C,0,1\n", "line 3: the label 'C'"),
        ("member,label,A,B\nx,A,1,zero\n", "line 2: could not convert"),
        ("member,label,A,B\nx,A,0.5,0.4\n", "x: the probabilities"),
        ("member,label,A,B\nx,A,nan,1\n", "x: the probabilities"),
        ("member,label,A,B\nx,A,1.5,-0.5\n", "x: the probabilities"),
        ("member,label,A,B\nx,A,1,0\nx,B,0,1\n", "x is predicted twice"),
        ("member,label,A,A\nx,A,1,0\n", "Classes must differ"),
    ],
)
def test_a_bad_table_is_refused_by_name(tmp_path, text, complaint):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(FingerspellError, match=r"bad\.csv") as refused:
        Predictions.read(path)
    assert complaint in str(refused.value)


def test_a_missing_or_foreign_file_is_refused_by_name(tmp_path):
    with pytest.raises(FingerspellError, match=r"gone\.csv"):
        Predictions.read(tmp_path / "gone.csv")
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(FingerspellError, match=r"picture\.csv is not a table"):
        Predictions.read(tmp_path / "picture.csv")


def test_shapes_and_labels_must_fit():
    table = np.full((2, 2), 0.5)
    with pytest.raises(FingerspellError, match="shape"):
        Predictions(["x"], np.array([0]), table, ("A", "B"))
    with pytest.raises(FingerspellError, match="none of the 2 classes"):
        Predictions(["x", "y"], np.array([0, 2]), table, ("A", "B"))
