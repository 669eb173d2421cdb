"""The page around DVC's plots opens without a network."""

import re

import pytest

from tools import plots_page

pytestmark = pytest.mark.slow


def test_the_page_holds_vega_and_loads_nothing(tmp_path):
    path = tmp_path / "plots.html"
    plots_page.main(str(path))
    page = path.read_text(encoding="utf-8")
    assert "window.vegaEmbed=" in page and "{plot_divs}" in page
    assert not re.search(r"<(script|link)[^>]*\b(src|href)=", page)
    assert page.count("<script>") == page.count("</script>") == 1, "a text in it would end the script"
    assert not re.search(r"<script[^>]*module", page), "DVC's own scripts would run before it"
