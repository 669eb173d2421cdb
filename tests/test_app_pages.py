"""The pages, in a browser. What the API would take long to answer is answered here, in its own form."""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from browser import focus, launcher, no_violation
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from werkzeug.serving import make_server

from app import create_app, language
from fingerspell.inference import released
from fingerspell.signing import film

pytestmark = pytest.mark.slow

STATIC = Path(language.__file__).parent / "static"
PAGES = ("", "video", "live", "sign", "read", "about")
POINTS = [[0.5, 0.9, 0.0]] + [
    [0.3 + 0.1 * finger, 0.8 - 0.12 * joint, 0.0] for finger in range(5) for joint in range(1, 5)
]
BOX = [0.3, 0.3, 0.7, 0.9]
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SESSION = "/sessions/s1"


def hand(label: str | None = "L", letter: str | None = "L", probability: float = 0.97, side: str = "right") -> dict:
    """One hand of a picture, as the API tells it; no label: nothing likely enough."""
    best = {"class": label or "D", "letter": letter or "D", "probability": probability}
    others = [{"class": one, "letter": one, "probability": 0.01} for one in ("G", "space")]
    return {
        "class": label,
        "letter": letter,
        "probability": probability,
        "answers": [best, *others],
        "box": BOX,
        "hand": side,
        "score": 0.9,
        "found": "picture",
        "landmarks": POINTS,
        "seen": PIXEL,
    }


def frame(**changes: object) -> dict:
    """What the API tells of a frame."""
    seen = {"box": BOX, "landmarks": POINTS, "side": "right"}
    told = {"state": "gathering", "hand": seen, "leading": None, "current": None, "locked": [], "text": ""}
    return told | {"suggestions": [], "why": None, "advice": []} | changes


def locked(label: str) -> list[dict]:
    return [{"label": label, "letter": label, "time": 1.0, "probability": 0.97}]


def video(state: str = "done", **changes: object) -> dict:
    """What the API tells of a video."""
    letters = [
        {"time": 0.5 * place, "end": 0.5 * place + 0.4, "label": letter, "letter": letter, "probability": 0.97}
        for place, letter in enumerate("HI")
    ]
    told = {"id": "v1", "state": state, "progress": 0.0, "seconds_left": None, "message": None, "text": ""}
    done = {
        "text": "HI",
        "letters": letters,
        "suggestions": [{"text": "HI", "known": True}, {"text": "HIS", "known": True}],
    }
    return told | {"letters": [], "suggestions": []} | (done if state == "done" else {}) | changes


@dataclass
class Api:
    """Answers requests; `asked` holds them. What is not in `answers` goes to the real application."""

    asked: list[Request] = field(default_factory=list)
    answers: dict[str, object] = field(default_factory=dict)  # "METHOD /path": JSON, bytes, (status, JSON) or function

    def __call__(self, route: Route) -> None:
        request = route.request
        self.asked.append(request)
        answer = self.answers.get(f"{request.method} {path(request)}")
        if callable(answer):
            answer = answer(request)
        if answer is None:
            route.continue_()
        elif isinstance(answer, bytes):
            send(route, answer)
        elif isinstance(answer, tuple):
            route.fulfill(status=answer[0], json=answer[1])
        elif answer == "":
            route.fulfill(status=204)
        else:
            route.fulfill(json=answer)

    def of(self, what: str) -> list[Request]:
        return [one for one in self.asked if f"{one.method} {path(one)}" == what]


def send(route: Route, data: bytes) -> None:
    """Answer with a file; films in ranges, without which browsers cannot jump in them."""
    kinds = {b"\x1aE\xdf\xa3": "video/webm", b"WEBV": "text/vtt", b"data": "text/event-stream"}
    kind, headers, status = kinds[data[:4]], {}, 200
    if found := re.match(r"bytes=(\d+)-", route.request.headers.get("range", "")):
        first = int(found[1])
        headers, status = {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"}, 206
        data = data[first:]
    route.fulfill(status=status, body=data, content_type=kind, headers={"Accept-Ranges": "bytes"} | headers)


def path(request: Request) -> str:
    return request.url.partition("/api/v1")[2].partition("?")[0]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The application, served; its address."""
    server = make_server("127.0.0.1", 0, create_app({"TESTING": True}), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Browser]]:
    with launcher() as start:
        yield start


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def spelt(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small film of the drawn hand, WebM."""
    target = tmp_path_factory.mktemp("film") / "hi.webm"
    film.write("HI", target, size=(160, 120), rate=10)
    return target.read_bytes()


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn hand that shows L."""
    target = tmp_path_factory.mktemp("picture") / "L.png"
    Image.fromarray(film.still("american", "L")).save(target)
    return target


@pytest.fixture
def api(spelt: bytes) -> Api:
    return Api(
        answers={
            "POST /readings": {"width": 360, "height": 360, "hands": [hand()]},
            "POST /sessions": (201, {"id": "s1"}),
            f"POST {SESSION}/frames": frame(),
            f"PUT {SESSION}/target": {},
            f"DELETE {SESSION}": "",
            "GET /signing": spelt,
            "GET /practice/word": {"text": "lamp"},
            "POST /videos": (202, video("waiting")),
            "GET /videos/v1/events": b"data: " + json.dumps(video()).encode() + b"\n\n",
            "GET /videos/v1": video(),
            "GET /videos/v1/video": spelt,
            "GET /videos/v1/subtitles": b"WEBVTT\n\n00:00.000 --> 00:01.000\nHI\n",
            "DELETE /videos/v1": "",
        }
    )


@pytest.fixture
def visit(site: str, browser: Browser, api: Api) -> Iterator[Callable[..., Page]]:
    """Open pages. However a test ends: nothing was asked of another server, and no script failed."""
    contexts: list[BrowserContext] = []
    strange: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((f"{site}/", "data:", "blob:")):
            strange.append(f"asked {request.url}")

    def open_page(name: str = "", script: str | None = None, **settings: object) -> Page:
        context = browser.new_context(permissions=["camera", "clipboard-read", "clipboard-write"], **settings)
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.on("request", note)
        context.on("weberror", lambda error: strange.append(str(error.error)))
        context.on(
            "console", lambda one: "Content Security" in one.text and one.type == "error" and strange.append(one.text)
        )
        context.route("**/api/v1/**", api)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.goto(f"{site}/{name}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not strange


def said(page: Page) -> list[str]:
    """What the live region said since `listen`."""
    return page.evaluate("() => window.said")


def listen(page: Page) -> None:
    page.evaluate(
        """() => {
          window.said = [];
          const region = document.getElementById("announce");
          new MutationObserver(() => window.said.push(region.textContent.trim())).observe(region, { childList: true });
        }"""
    )


def started(page: Page) -> None:
    page.locator("#start").click()
    expect(page.locator("#stop")).to_be_visible()


# All pages


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tongue", ["en", "ar"])
def test_axe_finds_nothing(visit, api, site, picture, tongue, scheme):
    """On any page, as it opens and with its results."""
    unsure = hand(None, None, 0.4, "left")
    api.answers["POST /readings"] = {"width": 360, "height": 360, "hands": [hand(), unsure]}
    advice = [{"text": "Bend the index finger more.", "joints": [6]}]
    leading = {"label": "L", "letter": "L", "progress": 0.6}
    api.answers[f"POST {SESSION}/frames"] = frame(
        text="HEL", leading=leading, advice=advice, why="moving", suggestions=[{"text": "HELLO", "known": True}]
    )
    page = visit(f"?lang={tongue}", color_scheme=scheme, viewport={"width": 1280, "height": 900})
    for name in (*PAGES, "nowhere"):
        page.goto(f"{site}/{name}")
        assert page.locator("html").get_attribute("lang") == tongue
        no_violation(page, name)
        if name == "":
            page.locator("#file").set_input_files(picture)
            expect(page.locator(".hand")).to_have_count(2)
        elif name == "video":
            page.locator("#file").set_input_files(picture)
            expect(page.locator("#result")).to_be_visible()
        elif name in ("live", "sign"):
            page.locator(".tips summary").click()
            started(page)
            expect(page.locator("#gauge")).to_be_visible()
        elif name == "read":
            page.locator("#begin").click()
            page.locator("#show").click()
            expect(page.locator("#answer")).to_be_visible()
        no_violation(page, f"{name}, at work")
    page.set_viewport_size({"width": 360, "height": 800})
    page.locator(".menu summary").click()
    no_violation(page, "the menu")


@pytest.mark.parametrize("tongue", ["en", "ar"])
def test_no_page_is_wider_than_320_pixels(visit, api, site, picture, tongue):
    """Which is also a window of 640 at a zoom of 200%."""
    page = visit(f"?lang={tongue}", viewport={"width": 320, "height": 640})
    for name in PAGES:
        page.goto(f"{site}/{name}")
        if name in ("", "video"):
            page.locator("#file").set_input_files(picture)
            expect(page.locator("#result")).to_be_visible()
        if name in ("live", "sign"):
            started(page)
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= 320, f"{name} is {wide} pixels wide"


def test_arabic_is_written_from_right_to_left(visit, site):
    page = visit("?lang=ar", viewport={"width": 1280, "height": 900})
    assert page.locator("html").get_attribute("dir") == "rtl"
    tabs = page.locator(".tabs a")
    assert tabs.nth(0).bounding_box()["x"] > tabs.nth(5).bounding_box()["x"]
    assert page.locator(".brand").bounding_box()["x"] > 640
    page.goto(f"{site}/live")  # the choice is kept
    stage, card = page.locator(".stage").bounding_box(), page.locator(".card").bounding_box()
    assert stage["x"] > card["x"]
    page.locator(".languages a").click()
    assert page.url.endswith("/live?lang=en")
    assert page.locator("html").get_attribute("dir") == "ltr"


def test_text_is_written_as_its_alphabet_is_whatever_the_page(visit, api):
    api.answers[f"POST {SESSION}/frames"] = frame(text="سلام")
    page = visit("live?lang=en&alphabet=arabic")
    started(page)
    expect(page.locator("#text")).to_have_text("سلام")
    assert (page.locator("#text").get_attribute("dir"), page.locator("#text").get_attribute("lang")) == ("rtl", "ar")
    assert api.of("POST /sessions")[0].post_data_json["alphabet"] == "arabic"


def test_the_alphabet_that_was_chosen_is_kept(visit, site, api, picture):
    page = visit()
    page.locator("#alphabet input[value=arabic]").check()
    page.goto(f"{site}/")
    assert page.locator("#alphabet input[value=arabic]").is_checked()
    page.locator("#file").set_input_files(picture)
    expect(page.locator(".hand")).to_be_visible()
    assert b'name="alphabet"\r\n\r\narabic' in api.of("POST /readings")[0].post_data_buffer


def test_the_menu_of_small_screens_works_without_script(visit):
    page = visit("about", java_script_enabled=False, viewport={"width": 320, "height": 640})
    links = page.locator(".menu nav a")
    assert links.count() == 6
    expect(links.first).to_be_hidden()
    expect(page.locator("noscript .note")).to_be_visible()
    page.locator(".menu summary").click()
    links.nth(1).click()
    assert page.url.endswith("/video")


def test_the_first_key_offers_to_skip_the_menu(visit):
    page = visit()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#choose")).to_be_focused()


def test_whatever_has_the_focus_shows_it(visit):
    page = visit("live")
    for _ in range(14):
        page.keyboard.press("Tab")
        drawn = page.evaluate(
            """() => [document.activeElement, document.activeElement.parentElement].some((one) => {
              const style = getComputedStyle(one);
              return style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2;
            })"""
        )
        assert drawn, page.evaluate("() => document.activeElement.outerHTML")


def test_a_page_that_is_not_there_is_said_kindly(visit):
    page = visit("nowhere?lang=ar")
    expect(page.locator("h1")).to_have_text("لا توجد صفحة كهذه")
    page.locator("main a").click()
    expect(page.locator("#drop")).to_be_visible()


def test_about_tells_the_figures_of_the_models_own_files(visit):
    text = visit("about").locator("main").inner_text()
    for name in ("asl_reader", "arasl_reader"):
        about = json.loads((released.find(name) / "model.json").read_text(encoding="utf-8"))
        for figure in about["figures"].values():
            assert f"{100 * figure['accuracy']:.1f}%" in text
            assert f"{figure['test_images']:,}" in text
    assert "Deaf" in text


def test_messages_are_the_same_in_both_languages():
    english, arabic = language.messages("en"), language.messages("ar")
    assert english.keys() == arabic.keys()
    for key, sentence in english.items():
        assert sorted(re.findall(r"{\w+}", sentence)) == sorted(re.findall(r"{\w+}", arabic[key])), key


def test_scripts_say_only_what_there_are_messages_for():
    for script in STATIC.glob("js/*.js"):
        for key in re.findall(r'\bt\("([\w.]+)"', script.read_text(encoding="utf-8")):
            assert f"js.{key}" in language.messages("en"), f"{script.name}: {key}"


def test_nothing_on_the_pages_comes_from_elsewhere():
    """Not even where no test looks."""
    for file in (*STATIC.rglob("*.*"), *STATIC.parent.glob("templates/*")):
        found = re.findall(r"""(?:https?:)?//[\w.-]+\.\w+[^\s"')]*""", file.read_text(encoding="utf-8"))
        assert {one for one in found if "//www.w3.org/" not in one} == set(), file


# Read a picture


def test_a_picture_is_read_with_the_keyboard_alone(visit, api, picture):
    page = visit()
    listen(page)
    page.on("filechooser", lambda chooser: chooser.set_files(picture))
    focus(page, "#choose")
    page.keyboard.press("Enter")
    expect(page.locator("#result-title")).to_be_focused()
    expect(page.locator(".great")).to_have_text("L")
    expect(page.locator(".words")).to_have_text("Almost certain")
    expect(page.locator(".hand .hint").first).to_have_text("97%")
    assert page.locator(".candidates b").all_inner_texts() == ["L", "G", "Space"]
    assert said(page) == ["L, 97%"]
    assert len(page.locator("#drawn line").all()) == 2 * 21
    assert page.locator(".seen img").evaluate("image => image.naturalWidth") == 1
    [request] = api.of("POST /readings")
    assert len(request.headers["x-csrftoken"]) > 20


def test_a_drawn_hand_is_read_by_the_real_reader(visit, api):
    """The whole way: the picture of a sign, the reader, the result."""
    del api.answers["POST /readings"]
    page = visit()
    page.locator("#example").click()
    expect(page.locator(".great")).to_have_text("L", timeout=60_000)
    square = page.locator(".seen img").evaluate("image => [image.complete, image.naturalWidth]")
    assert square[0] and square[1] > 50


def dropped(page: Page, event: str, file: Path, kind: str = "image/png") -> None:
    data = base64.b64encode(file.read_bytes()).decode()
    page.evaluate(
        """([event, data, kind]) => {
          const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], "../../hand.png", { type: kind }));
          const settings = { bubbles: true, cancelable: true };
          const made = event === "paste"
            ? new ClipboardEvent("paste", { clipboardData: transfer, ...settings })
            : new DragEvent(event, { dataTransfer: transfer, ...settings });
          document.querySelector("h1").dispatchEvent(made);
        }""",
        [event, data, kind],
    )


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_picture_can_be_dropped_or_pasted_anywhere(visit, picture, event):
    page = visit()
    if event == "drop":
        dropped(page, "dragenter", picture)
        expect(page.locator("#drop")).to_have_class(re.compile("over"))
    dropped(page, event, picture)
    expect(page.locator(".great")).to_have_text("L")
    expect(page.locator("#drop")).not_to_have_class(re.compile("over"))
    colours = page.evaluate(
        """() => { const canvas = document.getElementById("canvas");
          return [...canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]; }"""
    )
    there = np.asarray(Image.open(picture))[180, 180]
    assert np.abs(np.array(colours[:3]) - there).max() < 12  # the picture itself lies below the drawing


def test_a_hand_that_rests_shows_no_letter(visit, api, picture):
    api.answers["POST /readings"] = {"width": 360, "height": 360, "hands": [hand("nothing", "nothing")]}
    page = visit()
    page.locator("#file").set_input_files(picture)
    expect(page.locator(".words")).to_have_text("No sign recognised")
    expect(page.locator("#drawn text")).to_have_text("?")


def test_several_hands_are_told_apart(visit, api, picture):
    api.answers["POST /readings"] = {"width": 360, "height": 360, "hands": [hand(), hand("Y", "Y", 0.7, "left")]}
    page = visit()
    page.locator("#hands").select_option("2")
    page.locator("#file").set_input_files(picture)
    expect(page.locator(".hand h3")).to_have_text(["1: Right hand", "2: Left hand"])
    expect(page.locator("#drawn text")).to_have_text(["1: L", "2: Y"])
    assert page.locator(".words").all_inner_texts() == ["Almost certain", "Likely"]
    assert b'name="hands"\r\n\r\n2' in api.of("POST /readings")[0].post_data_buffer


@pytest.mark.parametrize(
    "hands, heading",
    [([], "No hand was found"), ([hand(None, None, 0.4)], "No sign recognised")],
    ids=["none", "unsure"],
)
def test_what_is_not_read_is_explained(visit, api, picture, hands, heading):
    api.answers["POST /readings"] = {"width": 360, "height": 360, "hands": hands}
    page = visit()
    listen(page)
    page.locator("#file").set_input_files(picture)
    expect(page.locator(".words")).to_have_text(heading)
    assert len(page.locator(".advise li").all()) == 4
    assert said(page) == [heading]


def test_a_picture_that_is_refused_says_why_and_the_next_is_read(visit, api, picture):
    api.answers["POST /readings"] = (415, {"message": "This is not a picture."})
    page = visit()
    page.locator("#file").set_input_files(picture)
    expect(page.get_by_role("alert")).to_have_text("This is not a picture.")
    api.answers["POST /readings"] = {"width": 360, "height": 360, "hands": [hand()]}
    page.locator("#file").set_input_files(picture)
    expect(page.locator(".great")).to_have_text("L")
    expect(page.get_by_role("alert")).to_have_count(0)


# Read a video


def test_a_video_is_read_with_the_keyboard_alone(visit, api, picture):
    running = video("running", progress=0.42, seconds_left=34)
    api.answers["GET /videos/v1/events"] = b"data: " + json.dumps(running).encode() + b"\n\n"
    api.answers["GET /videos/v1"] = running  # asked for when the events break off
    page = visit("video")
    page.on("filechooser", lambda chooser: chooser.set_files(picture))
    focus(page, "#choose")
    page.keyboard.press("Enter")
    expect(page.locator("#step")).to_have_text("Reading the video. 42%")
    expect(page.locator("#left")).to_have_text("About 0:34 left")
    assert page.locator("#progress").evaluate("bar => bar.value") == 0.42
    api.answers["GET /videos/v1"] = video()
    expect(page.locator("#result-title")).to_be_focused()
    expect(page.locator("#text")).to_have_text("HI")
    expect(page.locator("#suggestions button")).to_have_text(["HIS"])
    for name in ("video", "subtitles", "text", "timeline"):
        assert page.locator(f"#get-{name}").get_attribute("href") == f"/api/v1/videos/v1/{name}"
    assert page.locator("#film").evaluate("film => film.textTracks[0].mode") == "showing"
    focus(page, "#letters li:nth-child(2) button")
    page.keyboard.press("Enter")
    expect(page.locator("#letters li:nth-child(2) button")).to_have_attribute("aria-current", "true")
    assert page.locator("#film").evaluate("film => film.currentTime") == pytest.approx(0.5)


def test_a_video_survives_a_reload_and_is_deleted_on_request(visit, api, picture):
    page = visit("video")
    page.locator("#file").set_input_files(picture)
    expect(page.locator("#text")).to_have_text("HI")
    page.reload()
    expect(page.locator("#text")).to_have_text("HI")
    page.locator("#delete").click()
    expect(page.locator("#drop")).to_be_visible()
    assert len(api.of("DELETE /videos/v1")) == 1
    assert "#" not in page.url


def test_the_work_on_a_video_can_be_cancelled(visit, api, picture):
    running = video("running", progress=0.1)
    api.answers["GET /videos/v1/events"] = b"data: " + json.dumps(running).encode() + b"\n\n"
    api.answers["GET /videos/v1"] = running
    page = visit("video")
    page.locator("#file").set_input_files(picture)
    expect(page.locator("#step")).to_contain_text("10%")
    page.locator("#cancel").click()
    expect(page.locator("#choose")).to_be_focused()
    assert len(api.of("DELETE /videos/v1")) == 1


def test_a_video_that_fails_says_why(visit, api, picture):
    failed = video("failed", message="There are no pictures in this file.")
    api.answers["GET /videos/v1/events"] = b"data: " + json.dumps(failed).encode() + b"\n\n"
    page = visit("video")
    page.locator("#file").set_input_files(picture)
    expect(page.get_by_role("alert")).to_have_text("There are no pictures in this file.")
    expect(page.locator("#choose")).to_be_visible()


# Live


def test_letters_are_announced_once_and_frames_never(visit, api):
    """Five answers a second, and one frame at a time."""
    busy, overlapping, count = threading.Lock(), [], 0

    def answer(request: Request) -> dict:
        nonlocal count
        overlapping.append(not busy.acquire(blocking=False))
        time.sleep(0.05)
        count += 1
        busy.release()
        leading = {"label": "L", "letter": "L", "progress": min(1.0, count / 5)}
        new = {3: locked("H"), 6: locked("I")}.get(count, [])
        return frame(leading=leading, locked=new, text="HI"[: (count >= 3) + (count >= 6)])

    api.answers[f"POST {SESSION}/frames"] = answer
    page = visit("live")
    listen(page)
    focus(page, "#start")
    page.keyboard.press("Enter")
    expect(page.locator("#stop")).to_be_focused()
    expect(page.locator("#text")).to_have_text("HI")
    page.wait_for_timeout(400)
    assert said(page) == ["H", "I"]
    assert count > 7
    assert not any(overlapping)
    frames = api.of(f"POST {SESSION}/frames")
    times = [float(re.search(r"time=([\d.]+)", one.url)[1]) for one in frames]
    assert times == sorted(set(times))
    assert frames[0].post_data_buffer[:2] == b"\xff\xd8"
    assert page.locator("#overlay").evaluate(
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    )


def test_a_word_that_is_spelt_into_the_camera_appears(launch, site, tmp_path):
    """By the real reader: a film of the drawn hand stands before the camera, which plays it over and over."""
    signing = tmp_path / "signing.mjpeg"
    film.write("LOVE", signing, speed=0.8, size=(480, 360), seed=3)
    browser = launch(f"--use-file-for-fake-video-capture={signing}")
    try:
        page = browser.new_context(permissions=["camera"]).new_page()
        page.goto(f"{site}/live?alphabet=american")
        page.locator("#start").click()
        expect(page.locator("#text")).to_have_text(re.compile("LOVE"), timeout=120_000)
    finally:
        browser.close()


def test_the_ring_fills_and_says_why_nothing_is_read(visit, api):
    page = visit("live")
    api.answers[f"POST {SESSION}/frames"] = frame(leading={"label": "L", "letter": "L", "progress": 0.4})
    started(page)
    expect(page.locator("#ring")).to_have_attribute("stroke-dasharray", "40 100")
    expect(page.locator("#leading")).to_have_text("L")
    for why, words in {
        "no_hand": "No hand seen",
        "moving": "Hold still",
        "dark": "More light",
        "blurred": "Blurred",
    }.items():
        api.answers[f"POST {SESSION}/frames"] = frame(why=why, hand=None)
        expect(page.locator("#why")).to_contain_text(words)
    expect(page.locator("#gauge")).to_be_hidden()


def test_the_sentence_is_built_with_the_keyboard_alone(visit, api):
    words = [{"text": "HEL", "known": False}, {"text": "HELLO", "known": True}]
    api.answers[f"POST {SESSION}/frames"] = frame(text="HEL", suggestions=words)

    def edit(request: Request) -> dict:
        text = {"choose": "HELLO ", "delete": "HELLO", "clear": ""}[request.post_data_json["action"]]
        api.answers[f"POST {SESSION}/frames"] = frame(text=text)
        return {"text": text, "suggestions": []}

    api.answers[f"POST {SESSION}/edit"] = edit
    page = visit("live")
    expect(page.locator("#space")).to_be_disabled()
    started(page)
    expect(page.locator("#suggestions button")).to_have_text(["HELLO"])
    focus(page, "#suggestions button")
    page.wait_for_timeout(300)  # frames come in, and the button keeps the focus
    expect(page.locator("#suggestions button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_have_text("Now it reads: HELLO")
    assert api.of(f"POST {SESSION}/edit")[0].post_data_json == {"action": "choose", "text": "HELLO"}
    focus(page, "#delete")
    page.keyboard.press("Space")
    expect(page.locator("#told")).to_have_text("The last letter was deleted.")
    focus(page, "#copy")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_have_text("Copied.")
    assert page.evaluate("() => navigator.clipboard.readText()") == "HELLO"


def test_only_voices_of_the_device_speak(visit, api):
    api.answers[f"POST {SESSION}/frames"] = frame(text="HI")
    page = visit(
        "live",
        """window.spoken = [];
        const remote = { name: "far", lang: "en-GB", localService: false };
        speechSynthesis.getVoices = () => [remote, ...(window.voices ?? [])];
        speechSynthesis.speak = (one) => window.spoken.push(one.text);
        window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };""",
    )
    started(page)
    page.locator("#speak").click()
    expect(page.locator("#told")).to_contain_text("no voice")
    page.evaluate("() => { window.voices = [{ name: 'near', lang: 'en_US', localService: true }]; }")
    page.locator("#speak").click()
    expect(page.locator("#told")).to_have_text("")
    assert page.evaluate("() => window.spoken") == ["hi"]


def test_stopping_releases_the_camera_and_keeps_the_text(visit, api):
    api.answers[f"POST {SESSION}/frames"] = frame(text="HI")
    page = visit("live")
    started(page)
    expect(page.locator("#text")).to_have_text("HI")
    page.evaluate("() => { window.track = document.getElementById('camera').srcObject.getTracks()[0]; }")
    with page.expect_request(lambda one: one.method == "DELETE"):
        page.locator("#stop").click()
    assert page.evaluate("() => window.track.readyState") == "ended"
    expect(page.locator("#start")).to_be_focused()
    expect(page.locator("#text")).to_have_text("HI")
    expect(page.locator("#copy")).to_be_enabled()
    expect(page.locator("#delete")).to_be_disabled()
    before = len(api.of(f"POST {SESSION}/frames"))
    page.wait_for_timeout(300)
    assert len(api.of(f"POST {SESSION}/frames")) == before


def test_the_mirror_changes_what_is_seen_and_not_what_is_sent(visit, api):
    page = visit("live")
    started(page)
    looks = page.locator("#picture")
    assert looks.evaluate("one => getComputedStyle(one).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    page.locator("#mirror").uncheck()
    assert looks.evaluate("one => getComputedStyle(one).transform") == "none"
    page.reload()
    expect(page.locator("#mirror")).not_to_be_checked()


def test_a_session_that_was_forgotten_is_opened_anew(visit, api):
    api.answers[f"POST {SESSION}/frames"] = (404, {"message": "This session has ended. Start again."})
    page = visit("live")
    started(page)
    page.wait_for_timeout(150)
    api.answers[f"POST {SESSION}/frames"] = frame(text="A")
    expect(page.locator("#text")).to_have_text("A")
    assert len(api.of("POST /sessions")) >= 2


def test_a_server_that_fails_stops_the_camera(visit, api):
    api.answers["POST /sessions"] = (503, {"message": "Too many people use the camera."})
    page = visit("live")
    page.locator("#start").click()
    expect(page.get_by_role("alert")).to_contain_text("Too many people use the camera.")
    expect(page.locator("#start")).to_be_visible()


REFUSALS = {
    "refused": ("NotAllowedError", "was not allowed"),
    "absent": ("NotFoundError", "No camera was found"),
    "taken": ("NotReadableError", "Another program"),
}


@pytest.mark.parametrize("name", ["live", "sign"])
@pytest.mark.parametrize("error, words", REFUSALS.values(), ids=REFUSALS)
def test_without_a_camera_uploading_is_the_way_out(visit, name, error, words):
    refusal = f"() => Promise.reject(new DOMException('', '{error}'))"
    page = visit(name, f"if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = {refusal};")
    page.locator("#start").click()
    expect(page.get_by_role("alert")).to_contain_text(words)
    page.get_by_role("alert").get_by_role("link").first.click()
    expect(page.locator("#choose")).to_have_text("Choose a picture")


def test_a_page_without_https_says_so(visit):
    page = visit("live", "Object.defineProperty(window, 'isSecureContext', { value: false });")
    page.locator("#start").click()
    expect(page.get_by_role("alert")).to_contain_text("HTTPS")


# Practise signing


def target(page: Page) -> str:
    return page.locator("#target").inner_text()


def test_signing_is_practised_with_the_keyboard_alone(visit, api):
    advice = [{"text": "Bend the index finger more.", "joints": [6, 7]}]
    api.answers[f"POST {SESSION}/frames"] = frame(advice=advice)
    page = visit("sign")
    focus(page, "#letter")
    page.keyboard.press("b")
    expect(page.locator("#target")).to_have_text("B")
    expect(page.locator("#still")).to_have_attribute("alt", "A drawn hand that shows B")
    listen(page)
    focus(page, "#start")
    page.keyboard.press("Enter")
    expect(page.locator("#advice li")).to_have_text(["Bend the index finger more."])
    assert api.of("POST /sessions")[0].post_data_json == {"alphabet": "american", "target": "B"}
    api.answers[f"POST {SESSION}/frames"] = frame(locked=locked("D"))
    page.wait_for_timeout(300)
    api.answers[f"POST {SESSION}/frames"] = frame(locked=locked("B"))
    expect(page.locator("#advice-none")).to_contain_text("B: well done")
    assert "That was read as D" in said(page)
    kept = page.evaluate("() => JSON.parse(localStorage['practice.sign.american']).B")
    assert kept["tries"] == 1 and kept["done"] == 1 and 0 < kept["best"] < 30
    expect(page.locator("#tiles li:nth-child(2)")).to_contain_text("1 of 1")
    page.locator("#stop").click()
    page.locator("#reset").click()
    expect(page.locator("#tiles li:nth-child(2)")).to_contain_text("new")
    page.reload()
    expect(page.locator("#tiles li:nth-child(2)")).to_contain_text("new")


def test_a_word_is_signed_letter_by_letter(visit, api):
    page = visit("sign")
    page.locator("#level input[value=easy]").check()
    expect(page.locator("#word li")).to_have_text(["L", "A", "M", "P"])
    expect(page.locator("#moving")).to_have_attribute("src", re.compile("text=lamp.*speed=1"))
    started(page)
    for place, letter in enumerate("LAM"):
        api.answers[f"POST {SESSION}/frames"] = frame(locked=locked(letter))
        expect(page.locator("#word .done")).to_have_count(place + 1)
        expect(page.locator("#word [aria-current]")).to_have_text("LAMP"[place + 1])
    assert [one.post_data_json["target"] for one in api.of(f"PUT {SESSION}/target")] == ["A", "M", "P"]


def test_the_hand_that_shows_is_the_one_that_signs(visit):
    page = visit("sign")
    expect(page.locator("#still")).to_be_visible()
    page.locator("#hand input[value=left]").check()
    expect(page.locator("#still")).to_have_class("mirrored")
    page.locator("#letter").select_option("J")
    expect(page.locator("#moving")).to_have_attribute("src", re.compile("text=J.*hand=left"))
    expect(page.locator("#still")).to_be_hidden()


def test_nothing_moves_by_itself_where_motion_is_to_be_reduced(visit):
    page = visit("sign", reduced_motion="reduce")
    page.locator("#letter").select_option("J")
    expect(page.locator("#moving")).to_be_visible()
    page.wait_for_timeout(300)
    assert page.locator("#moving").evaluate("film => film.paused")
    page.locator("#replay").click()
    page.wait_for_timeout(300)
    assert not page.locator("#moving").evaluate("film => film.paused")


def test_arabic_words_are_spelt_with_the_signs_there_are(visit, api):
    api.answers["GET /practice/word"] = {"text": "أُمّى"}
    page = visit("sign?alphabet=arabic")
    page.locator("#level input[value=easy]").check()
    expect(page.locator("#word li")).to_have_text(["ا", "م", "ي"])


# Practise reading


def test_reading_is_practised_with_the_keyboard_alone(visit, api):
    page = visit("read")
    focus(page, "#begin")
    page.keyboard.press("Enter")
    expect(page.locator("#typed")).to_be_focused()
    expect(page.locator("#film")).to_have_attribute("src", re.compile("text=lamp&alphabet=american&speed=2&"))
    page.keyboard.type("lamb")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("Not yet")
    expect(page.locator("#answer")).to_be_hidden()
    page.keyboard.press("Backspace")
    page.keyboard.type("P ")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("Yes")
    expect(page.locator("#next")).to_be_focused()
    expect(page.locator("#right")).to_have_text("1 of 1")
    expect(page.locator("#fastest")).to_have_text("2")
    api.answers["GET /practice/word"] = {"text": "tree"}
    page.keyboard.press("Enter")
    expect(page.locator("#film")).to_have_attribute("src", re.compile("text=tree"))
    assert "exclude=lamp" in api.of("GET /practice/word")[1].url
    focus(page, "#show")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_text("tree")
    page.reload()
    expect(page.locator("#right")).to_have_text("1 of 2")
    expect(page.locator("#streak")).to_have_text("0")


def test_the_hand_pauses_slows_down_and_spells_again(visit, api):
    page = visit("read")
    page.locator("#speed").fill("3")
    page.locator("#begin").click()
    film = page.locator("#film")
    expect(film).to_have_attribute("src", re.compile("speed=3&"))
    same = re.search("hand=.*", film.get_attribute("src"))[0]
    page.locator("#slower").click()
    expect(film).to_have_attribute("src", re.compile(f"speed=2.5&{same}"))  # the same person
    expect(page.locator("#pause")).to_have_text("Pause")
    page.locator("#pause").click()
    expect(page.locator("#pause")).to_have_text("Play")
    assert film.evaluate("film => film.paused")
    page.locator("#again").click()
    expect(page.locator("#pause")).to_have_text("Pause")
    assert film.evaluate("film => film.currentTime") < 1


def test_a_film_that_cannot_be_drawn_is_said(visit, api):
    api.answers["GET /signing"] = (503, {"message": "busy"})
    page = visit("read")
    page.locator("#begin").click()
    expect(page.get_by_role("alert")).to_contain_text("could not be shown")
    expect(page.locator("#drawing")).to_be_hidden()


def test_arabic_is_typed_as_people_type_it(visit, api):
    """With or without the forms of a letter that the signs do not tell apart."""
    api.answers["GET /practice/word"] = {"text": "أحمد"}
    page = visit("read?alphabet=arabic")
    page.locator("#begin").click()
    expect(page.locator("#typed")).to_have_attribute("dir", "rtl")
    page.locator("#typed").fill("احمد")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("Yes")
