"""Documents show what stands in kept files: no table is written by hand, left behind, or without a command."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from benchmarks import documents, originals, own_signs, performance, reader, report, scale
from benchmarks.documents import shown
from fingerspell.errors import FingerspellError

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
MARKER = re.compile(r"^\s*<!-- /?[\w-]+ -->\s*$", re.MULTILINE)
WITHOUT_FIGURES = ("README.md", "docs/results.md")  # but between markers
# What a measurement looks like: 0.993, 8.0%. An interval of 95% is none.
FIGURE = re.compile(r"(?<![\d.])0\.\d+\b|\b(?!95%)\d+(?:\.\d+)?\s?%")


@pytest.fixture(scope="module")
def blocks() -> dict[tuple[str, str], str]:
    """What every document is to show."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        parts = [one.blocks() for one in (originals, reader, report, own_signs, performance, scale)]
    together = {place: block for part in parts for place, block in part.items()}
    assert len(together) == sum(map(len, parts)), "two commands fill one place"
    return together


@pytest.mark.parametrize("document", [document for document, text in TEXTS.items() if MARKER.search(text)])
def test_a_document_shows_what_the_files_of_its_figures_say(blocks, document):
    """And nothing stands between markers that no command fills."""
    wanted = {name: block for (place, name), block in blocks.items() if place == document}
    assert shown(TEXTS[document]) == wanted, "run `make results`"
    assert len(MARKER.findall(TEXTS[document])) == 2 * len(wanted), "a marker has no other end"


def test_every_block_has_its_place(blocks):
    assert {document for document, _ in blocks} == {document for document, text in TEXTS.items() if shown(text)}


@pytest.mark.parametrize("document", WITHOUT_FIGURES)
def test_no_figure_is_written_by_hand(document):
    text = documents.MARKED.sub("", TEXTS[document])
    assert not [line for line in text.splitlines() if FIGURE.search(line)]


@pytest.mark.parametrize(
    "text, found", [("0.993", "0.993"), ("is 8.0% of", "8.0%"), ("78% leak", "78%"), ("95%", None)]
)
def test_a_figure_is_told_from_other_numbers(text, found):
    assert (FIGURE.search(text) or [None])[0] == found
    assert not FIGURE.search("three seeds, 80/20, 54,049 images of 64×64, Python 3.11, 127.0.0.1, 1.1 GB")


@pytest.mark.slow
def test_make_results_leaves_what_is_committed_as_it_is(tmp_path):
    """Pictures included; a copy is written, of the documents and of the files that they are made of."""
    for name in ("README.md", "params.yaml", "docs", "benchmarks/results", "metrics/landmarks", "models/released"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    outside = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--no-print-directory", "--dry-run", "results"]
    line = subprocess.check_output(command, cwd=ROOT, env=outside, text=True).splitlines()[-1]
    assert line.split() == ["python", "-m", "benchmarks.study"]
    before = contents(tmp_path)
    subprocess.run(
        [sys.executable, *line.split()[1:]], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True
    )
    after = contents(tmp_path)
    assert before.keys() == after.keys()
    assert not [path for path, data in after.items() if data != before[path]]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Writing


def test_a_block_is_put_between_its_markers_and_the_rest_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = Path("page.md")
    page.write_text("before\n<!-- one -->\nold\n<!-- /one -->\nbetween\n<!-- two -->\nkept\n<!-- /two -->\nafter\n")
    documents.write({("page.md", "one"): "1\\2\n"})
    assert page.read_text() == (
        "before\n<!-- one -->\n1\\2\n<!-- /one -->\nbetween\n<!-- two -->\nkept\n<!-- /two -->\nafter\n"
    )
    documents.write({("page.md", "one"): "", ("page.md", "two"): "| 2 |\n"})
    assert shown(page.read_text()) == {"one": "", "two": "| 2 |\n"}


def test_a_block_without_a_place_is_told_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        Path(f"{name}.md").write_text(f"<!-- {name} -->\n<!-- /{name} -->\n")
    with pytest.raises(FingerspellError, match=r"two\.md has no place for three; write <!-- three --> and"):
        documents.write({("one.md", "one"): "1\n", ("two.md", "three"): "3\n"})
    assert shown(Path("one.md").read_text()) == {"one": ""}
