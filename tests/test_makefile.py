"""The Makefile: an environment that a copied checkout brought along is built anew."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose set-up is up to date."""
    folder = tmp_path / "a checkout"
    for name in ("Makefile", "pyproject.toml", "requirements/cpu.lock", "tools/plots_page.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/activate").write_text(f'VIRTUAL_ENV="{folder}/.venv"\nexport VIRTUAL_ENV\n')
    (folder / ".venv/installed-cpu").touch()
    return folder


def planned(folder: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(["make", "-n", "setup"], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_environment_of_its_own_is_kept(checkout):
    assert "Nothing to be done for 'setup'" in planned(checkout)


def test_an_environment_of_another_folder_is_built_anew(checkout):
    for place in (checkout.with_name("moved"), checkout.parent / "a"):  # the second one's name begins the first's
        checkout = checkout.rename(place)
        assert "belongs to another folder; it is built anew" in planned(checkout)
        assert "rm -rf .venv" in planned(checkout)
