"""Tables: what is written comes back, whatever stands in it, and what is none of them is refused in one sentence."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fingerspell import tables
from fingerspell.errors import FingerspellError


@dataclass(frozen=True)
class Line:
    """One field of each kind."""

    name: str
    count: int
    share: float
    place: int | None
    mean: float | None


# Line ends of every system come back too; what no text file can hold is no text.
text = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.floats(allow_nan=False)
lines = st.lists(st.builds(Line, text, st.integers(), numbers, st.none() | st.integers(), st.none() | numbers))


@given(lines)
@example([Line("a\rb\r\n", 1, 1.0, None, None), Line("\n", 1, 1.0, None, None), Line("\r", 1, 1.0, None, None)])
def test_every_kind_of_field_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    tables.write(path, Line, rows)
    assert tables.read(path, Line, "table") == rows


def test_it_is_plain_csv_with_a_header_whoever_writes(tmp_path):
    path = tmp_path / "deep" / "table.csv"
    tables.write(path, Line, iter([Line('a, "b"', 1, 0.1, None, math.inf), Line("ع", -2, 3.0, 4, None)]))
    assert path.read_bytes().decode() == (
        'name,count,share,place,mean\n"a, ""b""",1,0.1,,inf\nع,-2,3.0,4,\n'
    )  # fmt: skip
    tables.write(path, Line, [])
    assert path.read_text() == "name,count,share,place,mean\n" and tables.read(path, Line, "table") == []


HEADER = "name,count,share,place,mean\n"


@pytest.mark.parametrize(
    "content, reason",
    [
        (None, "No such file or directory"),
        ("", "its columns are none"),
        ("name,count\na,1\n", "its columns are name, count"),
        ("count,name,share,place,mean\n1,a,1,1,1\n", "its columns are count, name, share, place, mean"),
        (HEADER + "a,many,1,1,1\n", "'many'"),
        (HEADER + "a,1.5,1,1,1\n", "'1.5'"),
        (HEADER + "a,1,half,1,1\n", "'half'"),
        (HEADER + "a,1,1,none,1\n", "'none'"),
        (HEADER + "a,,1,1,1\n", "invalid literal"),
        (HEADER + "a,1,1,1\n", "argument"),
        (HEADER + "a,1,1,1,1,1\n", "argument"),
        (HEADER + "\n", "argument"),
        (HEADER + 'a,1,1,1,"1\n', "unexpected end of data"),
        (b"\xff\xfe\n", "utf-8"),
    ],
)
def test_what_is_no_such_table_is_refused_in_one_sentence(tmp_path, content, reason):
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FingerspellError) as raised:
        tables.read(path, Line, "table of lines", "write it again")
    sentence = str(raised.value)
    assert sentence.startswith(f"{path} is no table of lines (") and sentence.endswith("); write it again")
    assert reason in sentence and "\n" not in sentence


def test_the_usual_remedy_is_to_make_it(tmp_path):
    with pytest.raises(FingerspellError, match=r"; run `dvc repro`$"):
        tables.read(tmp_path / "nowhere.csv", Line, "table of lines")


def test_a_row_that_cannot_be_made_leaves_the_old_table(tmp_path):
    path = tmp_path / "table.csv"
    tables.write(path, Line, [Line("a", 1, 1.0, None, None)])
    before = path.read_bytes()

    def rows():
        yield Line("b", 1, 1.0, None, None)
        raise ValueError

    with pytest.raises(ValueError):
        tables.write(path, Line, rows())
    assert path.read_bytes() == before
