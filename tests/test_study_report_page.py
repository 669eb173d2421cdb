"""The report in a browser, opened from disk."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import made_up_study
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from fingerspell.report import gather, page

pytestmark = pytest.mark.slow

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a made-up study, one of whose experiments has not run."""
    root = made_up_study.make(tmp_path_factory.mktemp("study"))
    made_up_study.costs(root)
    (root / "metrics/asl_cnn_grouped.json").unlink()
    machine = gather.Machine("0123", {"processor": "one"}, gather.costs(root / "logs"))
    page.write(root / "report.html", gather.study(root), machine)
    return root / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        pytest.skip("no Chromium is installed; the package `chromium` of Debian brings one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(file: Path, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the report. However a test ends: nothing was asked of a network, and no script failed or was refused."""
    contexts: list[BrowserContext] = []
    strange: list[str] = []

    def open_page(place: str = "", width: int = 1280, **settings: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **settings)
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.on("request", lambda one: one.url.startswith(("file:", "data:")) or strange.append(one.url))
        context.on("weberror", lambda error: strange.append(str(error.error)))
        context.on("console", lambda one: one.type == "error" and strange.append(one.text))
        opened = context.new_page()
        opened.goto(f"{file.as_uri()}{place}")
        return opened

    yield open_page
    for context in contexts:
        context.close()
    assert not strange


def open_all(opened: Page) -> None:
    opened.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def no_violation(opened: Page, where: str) -> None:
    found = Axe().run(opened, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert found.violations_count == 0, f"{where}:\n{found.generate_report()}"


def column(opened: Page, number: int) -> list[str]:
    return opened.locator(f"#all tbody tr > :nth-child({number})").all_inner_texts()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(visit, width, scheme):
    opened = visit(width=width, color_scheme=scheme)
    no_violation(opened, "as it opens")
    open_all(opened)
    no_violation(opened, "with all parts open")
    opened.locator(".confusion button").first.click()
    expect(opened.locator("dialog")).to_be_visible()
    no_violation(opened, "with test images")


@pytest.mark.parametrize("width", [320, 360, 800])
def test_the_page_does_not_scroll_sideways_but_its_tables_do(visit, width):
    opened = visit(width=width)
    open_all(opened)
    assert opened.evaluate("() => document.documentElement.scrollWidth") <= width
    box = opened.locator(".scroll", has=opened.locator("#all"))
    if width == 360:
        assert box.evaluate("(box) => box.scrollWidth > box.clientWidth")


def test_text_in_charts_is_not_shrunk_on_a_telephone(visit):
    opened = visit(width=360)
    open_all(opened)
    charts = opened.locator("svg.chart")
    assert charts.count() > 8
    for chart in charts.all():
        assert chart.evaluate("(one) => one.getBoundingClientRect().width / one.viewBox.baseVal.width") >= 0.99


def test_a_chart_writes_nothing_outside_itself(visit):
    opened = visit()
    open_all(opened)
    outside = opened.locator("svg.chart").evaluate_all(
        """(charts) => charts.flatMap((chart) => {
          const whole = chart.getBoundingClientRect();
          return [...chart.querySelectorAll("text")].filter((text) => {
            const box = text.getBoundingClientRect();
            return box.left < whole.left - 2 || box.right > whole.right + 2 || box.bottom > whole.bottom + 2;
          }).map((text) => text.textContent);
        })"""
    )
    assert outside == []


def test_a_heading_sorts_the_table_and_says_so(visit):
    opened = visit()
    heading = opened.locator("#all thead th", has_text="accuracy")
    expect(heading).to_have_attribute("aria-sort", "none")
    heading.locator("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert column(opened, 1) == ["asl_cnn", "arasl_cnn", "asl_cnn_grouped"]  # which was not run
    heading.locator("button").press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    assert column(opened, 1) == ["arasl_cnn", "asl_cnn", "asl_cnn_grouped"]
    name = opened.locator("#all thead th").first
    name.locator("button").click()
    expect(name).to_have_attribute("aria-sort", "ascending")
    expect(heading).to_have_attribute("aria-sort", "none")
    assert column(opened, 1) == ["arasl_cnn", "asl_cnn", "asl_cnn_grouped"]


def test_numbers_are_sorted_as_numbers(visit):
    opened = visit()
    open_all(opened)
    shown = opened.locator("#comparisons tbody td.number:last-child")
    for heading in ("p", "images"):
        button = opened.locator("#comparisons thead").get_by_role("button", name=heading, exact=True)
        button.click()
        button.click()
        assert shown.all_inner_texts() == (["< 0.001", "0.040"] if heading == "p" else ["0.040", "< 0.001"])


def test_the_filter_hides_rows_and_parts_and_says_how_many_are_left(visit):
    opened = visit()
    opened.get_by_label("Filter").fill("GROUPED alphabet")
    shown = opened.locator("#all tbody tr:visible th")
    expect(shown).to_have_text(["asl_cnn_grouped"])
    expect(opened.locator("#filtered")).to_have_text("1 of 3")
    expect(opened.locator(".experiment:visible")).to_have_count(1)
    opened.get_by_label("Filter").fill("")
    expect(opened.locator(".experiment:visible")).to_have_count(3)


def test_a_cell_opens_its_pictures_by_keyboard(visit):
    opened = visit()
    details = opened.locator("#experiment-arasl_cnn")
    details.locator("summary").focus()
    opened.keyboard.press("Enter")
    buttons = details.locator(".confusion button")
    expect(buttons).to_have_count(3)
    expect(details.locator(".confusion button[tabindex='0']")).to_have_count(1)  # one stop for the Tab key
    for _ in range(8):
        opened.keyboard.press("Tab")
        if opened.evaluate("() => document.activeElement.matches('.confusion button')"):
            break
    expect(buttons.nth(0)).to_be_focused()
    expect(buttons.nth(0)).to_have_accessible_name("ain ع read as ب: 1")
    opened.keyboard.press("ArrowDown")
    expect(buttons.nth(1)).to_be_focused()  # bb read as taa
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowDown")  # nothing is there
    expect(buttons.nth(2)).to_be_focused()
    opened.keyboard.press("Enter")
    dialog = opened.get_by_role("dialog", name="taa ت read as ع")
    expect(dialog).to_be_visible()
    expect(dialog.locator("p")).to_have_text("arasl_cnn: 1 test image")
    image = dialog.get_by_alt_text("Test image taa/arasl_cnn-7.png")
    assert image.evaluate("async (one) => { await one.decode(); return one.naturalWidth; }") == 48
    expect(dialog.locator("figcaption")).to_have_text("confidence 0.83arasl_cnn-7.png")
    opened.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(buttons.nth(2)).to_be_focused()


def test_a_link_to_an_experiment_opens_it(visit):
    opened = visit("#experiment-asl_cnn")
    expect(opened.locator("#experiment-asl_cnn")).to_have_attribute("open", "")
    opened.locator("#summary a", has_text="arasl_cnn").first.click()
    expect(opened.locator("#experiment-arasl_cnn .confusion")).to_be_in_viewport()


def test_without_script_every_number_is_there(visit):
    opened = visit(java_script_enabled=False)
    expect(opened.locator("#filter")).to_be_hidden()
    expect(opened.locator("#all tbody tr")).to_have_count(3)
    opened.locator("#experiment-asl_cnn summary").click()
    expect(opened.locator("#experiment-asl_cnn .confusion td.wrong").first).to_have_text("1")
    expect(opened.locator("#experiment-asl_cnn .hint")).to_be_hidden()


def test_the_first_key_offers_to_skip_the_contents_and_the_focus_is_seen(visit):
    opened = visit()
    opened.keyboard.press("Tab")
    expect(opened.locator(".skip")).to_be_focused()
    assert opened.locator(".skip").bounding_box()["y"] >= 0
    opened.keyboard.press("Enter")
    for _ in range(12):
        opened.keyboard.press("Tab")
        drawn = opened.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert drawn == "solid", opened.evaluate("() => document.activeElement.outerHTML")
        assert opened.evaluate("() => Boolean(document.activeElement.closest('main'))")


def test_it_prints_on_white_without_what_cannot_be_pressed(visit):
    opened = visit(color_scheme="dark")
    opened.emulate_media(media="print", color_scheme="dark")
    for selector, colour in {"body": "rgb(255, 255, 255)", ".note": "rgb(242, 246, 245)"}.items():
        drawn = opened.locator(selector).first.evaluate("(one) => getComputedStyle(one).backgroundColor")
        assert drawn == colour, selector
    expect(opened.locator("nav")).to_be_hidden()
    expect(opened.locator("#filter")).to_be_hidden()
    expect(opened.locator("#summary")).to_be_visible()
    assert opened.pdf().startswith(b"%PDF")
