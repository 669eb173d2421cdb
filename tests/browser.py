"""A browser whose camera is not real, and what every test of pages asks of it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

OPTIONS = ("--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def launcher() -> Iterator[Callable[..., Browser]]:
    """Yield what starts a browser; its options: more words of the browser's command line."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        pytest.skip("no Chromium is installed; the package `chromium` of Debian brings one")
    with sync_playwright() as playwright:
        yield lambda *more: playwright.chromium.launch(executable_path=program, args=[*OPTIONS, *more])


def no_violation(page: Page, where: str) -> None:
    """Let axe look at a page as it is."""
    page.wait_for_timeout(150)  # transitions of colours
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert found.violations_count == 0, f"{where}:\n{found.generate_report()}"


def focus(page: Page, selector: str, most: int = 40) -> None:
    """Come to an element with the Tab key alone; what has the focus on the way is marked visibly."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
    raise AssertionError(f"the Tab key does not lead to {selector}")
