"""What the documents tell people to type is what the pipeline takes, and what they link to is there."""

import re
import shlex
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import ROOT
from dvc.utils.hydra import apply_overrides

from fingerspell import config
from fingerspell.models.common import registry

pytestmark = pytest.mark.slow

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
PARAMS = ROOT / "params.yaml"


def commands() -> list[tuple[str, list[str]]]:
    """Return the page, and the overrides, of every command that sets parameters, in documents and comments."""
    found = []
    for path in [*PAGES, PARAMS]:
        if path.name == "recipes.md":  # test_recipes.py runs all that is in it
            continue
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"\\\n(\s*#)?", " ", text)
        for line in re.findall(r"dvc exp run[^`\n]*", text):
            words = shlex.split(line, comments=True)
            found.append((path.name, [value for word, value in pairwise(words) if word == "-S"]))
    return [(name, overrides) for name, overrides in found if overrides and "…" not in "".join(overrides)]


def test_commands_are_found():
    assert len(commands()) > 15


@pytest.mark.parametrize("page, overrides", commands())
def test_every_command_that_sets_parameters_gives_an_experiment_that_can_run(page, overrides, tmp_path):
    """As DVC itself writes them into the file: what it writes must be read as what was meant."""
    params = Path(shutil.copy(PARAMS, tmp_path))
    apply_overrides(params, overrides)
    loaded = config.load(params)
    for name in loaded.experiments:
        registry.check(name, loaded)


def test_what_dvc_writes_into_the_parameters_is_the_change_alone(tmp_path):
    params = Path(shutil.copy(PARAMS, tmp_path))
    apply_overrides(params, ["experiments.arasl_cnn.epochs=5"])
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (PARAMS, params))
    assert len(before) == len(after)
    changed = [(one, other) for one, other in zip(before, after) if one != other]
    assert [tuple(map(str.strip, pair)) for pair in changed] == [("epochs: 8", "epochs: 5")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target
