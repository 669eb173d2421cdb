"""Pictures of one's own signs: how they are stored, what is refused, and the page that takes them."""

import io
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import requests
from browser import focus, launcher, no_violation
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from unprivileged import anybodys_folder, forbidden, needs_permissions
from werkzeug.serving import make_server

from app import create_app, language
from fingerspell import cli
from fingerspell.collecting import BadName, Collection, Twin, named
from fingerspell.config import DatasetSettings
from fingerspell.datasets import own
from fingerspell.signing import film

ROOT = Path(__file__).parent.parent
API = "/api/v1"
NOON = datetime(2026, 11, 29, 12, 0, 0)
BURST = [b"one", b"two"]
PATIENCE = 60_000  # milliseconds
HURRY = "const real = setTimeout; window.setTimeout = (work, wait) => real(work, wait / 5);"  # what is counted down


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def encoded(pixels: np.ndarray, **settings: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", **settings)
    return data.getvalue()


@contextmanager
def full(room: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, in a `with` block, as on a disk that is full."""
    import resource  # Windows has none

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# The folder


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return Collection("kitchen", tmp_path)


def test_a_burst_is_a_folder_below_its_sign(collection, tmp_path):
    collection.store("hello", BURST, NOON)
    collection.store("hello", BURST, NOON)  # in the same second, from another page
    collection.store(" شكرا ", BURST[:1], NOON)
    assert files(tmp_path) == [
        "kitchen/hello/20261129-120000-2/01.jpg",
        "kitchen/hello/20261129-120000-2/02.jpg",
        "kitchen/hello/20261129-120000/01.jpg",
        "kitchen/hello/20261129-120000/02.jpg",
        "kitchen/شكرا/20261129-120000/01.jpg",
    ]
    assert collection.picture("hello", "20261129-120000", "02.jpg").read_bytes() == b"two"
    told = [(one.name, one.pictures, len(one.bursts), one.missing) for one in Collection("kitchen", tmp_path).signs()]
    assert told == [("hello", 4, 2, 1), ("شكرا", 1, 1, 2)]


def test_what_is_collected_is_a_dataset_with_its_bursts(collection, tmp_path):
    for sign in ("hello", "J", "thank you"):
        for minute in range(3):
            collection.store(sign, [encoded(np.full((9, 9, 3), 9 * minute, np.uint8))] * 2, NOON.replace(minute=minute))
    dataset = own.pack("kitchen", DatasetSettings(source="own", path=str(collection.folder)), tmp_path)
    assert dataset.classes == ("J", "hello", "thank you")
    member = dataset.parse("thank you/20261129-120200/02.jpg")
    assert (member.label, member.burst) == ("thank you", "thank you/20261129-120200")


@pytest.mark.parametrize("name", ["A", "thank you", "شكرا", "می‌خواهم", "早上好", "é", "👍", "50%", "-x", "LPT", "com"])
def test_names_in_any_script_are_taken(collection, name):
    collection.store(name, BURST, NOON)
    assert [one.name for one in collection.signs()] == [name]


@pytest.mark.parametrize(
    "name",
    [
        "", "  ", ".", "..", ".hidden", "end.", "a/b", "a\\b", "../x", "C:", "what?", "a*", "<b>", 'say "a"', "a|b",
        "a\nb", "a\0b", "\u200d", "\u202egnp", "CON", "nul", "com1", "LPT9.txt", "aux .x", "__MACOSX", "x" * 41,
        "\ud800",
    ],
)  # fmt: skip
def test_names_that_some_system_refuses_are_refused(collection, tmp_path, name):
    with pytest.raises(BadName, match="is no name of a sign; use at most 40 characters"):
        collection.store(name, BURST, NOON)
    assert files(tmp_path) == [] and collection.signs() == []


def test_two_names_that_are_one_where_case_does_not_matter(collection, tmp_path):
    collection.store("Straße", BURST, NOON)
    with pytest.raises(Twin) as error:
        collection.store("STRASSE", BURST, NOON)
    assert error.value.other == "Straße" and len(files(tmp_path)) == 2


def test_a_letter_with_its_mark_apart_is_the_same_sign(collection):
    """As macOS takes it."""
    collection.store("e\u0301", BURST, NOON)
    collection.store("\u00e9", BURST, NOON)
    assert [(one.name, len(one.bursts)) for one in collection.signs()] == [("\u00e9", 2)]
    assert named("e\u0301") == "\u00e9"


def test_a_burst_is_deleted_and_its_sign_with_the_last_one(collection, tmp_path):
    one, two = (collection.store("hello", BURST, NOON.replace(minute=minute)).name for minute in range(2))
    collection.delete("hello", one)
    assert files(tmp_path) == [f"kitchen/hello/{two}/01.jpg", f"kitchen/hello/{two}/02.jpg"]
    collection.delete("hello", two)
    assert list(collection.folder.iterdir()) == []
    for sign, burst in (("hello", two), ("..", "kitchen"), ("", "hello"), ("hello", "..")):
        with pytest.raises(KeyError):
            collection.delete(sign, burst)


def test_names_from_elsewhere_never_leave_the_folder(collection, tmp_path):
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    burst = collection.store("hello", BURST, NOON).name
    for place in (
        ("..", "kitchen", "secret.jpg"),
        ("hello", "..", "secret.jpg"),
        ("hello", burst, "../../../secret.jpg"),
    ):
        with pytest.raises(KeyError):
            collection.picture(*place)


def test_a_full_disk_leaves_what_was_there(collection, tmp_path):
    collection.store("old", BURST, NOON)
    for sign in ("old", "new"):
        with full(100_000), pytest.raises(OSError, match="File too large"):
            collection.store(sign, [b"fits", bytes(200_000)], NOON.replace(minute=1))
    assert files(tmp_path) == ["kitchen/old/20261129-120000/01.jpg", "kitchen/old/20261129-120000/02.jpg"]
    assert [path.name for path in collection.folder.iterdir()] == ["old"]
    collection.store("new", BURST, NOON)
    assert len(collection.signs()) == 2


def test_what_a_killed_process_left_is_gone_and_was_never_seen(collection, tmp_path):
    collection.store("hello", BURST, NOON)
    for left in (".20261129-130000.partial", ".20261129-140000.deleted"):
        (collection.folder / "hello" / left).mkdir()
        (collection.folder / "hello" / left / "01.jpg").write_bytes(b"half")
    assert [len(one.bursts) for one in collection.signs()] == [1]
    Collection("kitchen", tmp_path)
    assert len(files(tmp_path)) == 2


# The command


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["two words"], 1, "'two words' is no name of a dataset; use letters from A to Z, digits, _ and - alone"),
        (
            ["kitchen", "--folder", "file"],
            1,
            "pictures cannot be stored in file/kitchen: Not a directory; name another",
        ),
        (["kitchen", "--host", "0.0.0.0"], 2, "unrecognized arguments: --host 0.0.0.0"),
        (["kitchen", "--port", "99999"], 1, "99999 is no port; choose --port"),
    ],
)
def test_what_cannot_be_collected_is_told_in_a_sentence(tmp_path, monkeypatch, capsys, words, status, sentence):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    try:
        assert cli.main(["collect", *words]) == status
    except SystemExit as end:
        assert end.code == status
    assert sentence in capsys.readouterr().err


@needs_permissions
def test_a_folder_that_may_not_be_written_is_told_at_once(capsys):
    with anybodys_folder() as folder, forbidden(folder, 0o555):
        assert cli.main(["collect", "kitchen", "--folder", str(folder)]) == 1
    assert f"stored in {folder}/kitchen: Permission denied; name another --folder" in capsys.readouterr().err


@pytest.mark.slow
def test_as_a_process_it_is_reached_from_this_machine_alone(tmp_path):
    words = [sys.executable, "-m", "fingerspell.cli", "collect", "kitchen", "--folder", str(tmp_path), "--port", "0"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "FINGERSPELL_HOSTS": "sign.example.org"}
    with subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = re.search(r"http://127\.0\.0\.1:\d+/collect", process.stdout.readline())[0]
            assert "kitchen" in requests.get(url).text
            assert requests.get(url, headers={"Host": "sign.example.org"}).status_code == 400
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


# The API


@pytest.fixture(scope="module")
def hand() -> bytes:
    return encoded(film.still("american", "B", 240))


@pytest.fixture
def client(collection):
    """A visitor of the application that collects, with a token."""
    app = create_app(collection=collection)
    visitor = app.test_client()
    visitor.environ_base["HTTP_X_CSRFTOKEN"] = visitor.get(f"{API}/token").json["token"]
    yield visitor
    app.extensions["readers"].close()


def send(client, sign: str, *pictures: bytes, lang: str = "en"):
    given = [(io.BytesIO(data), f"../{number}.exe") for number, data in enumerate(pictures)]
    return client.post(f"{API}/collection/bursts?lang={lang}", data={"sign": sign, "pictures": given})


@pytest.mark.slow
def test_where_it_is_not_switched_on_nothing_tells_of_it():
    client = create_app().test_client()
    assert client.get("/collect").status_code == 404
    assert "/collect" not in client.get("/").text
    assert client.get(f"{API}/collection").status_code == 404
    assert "collection" not in client.get(f"{API}/openapi.json").text


@pytest.mark.slow
def test_a_burst_is_stored_as_it_came_listed_and_deleted(client, collection, tmp_path, hand):
    wall = encoded(np.full((240, 320, 3), 150, np.uint8))
    answer = send(client, "thank you", hand, wall, hand)
    assert answer.status_code == 201
    burst = answer.json["burst"]
    assert answer.json == {"sign": "thank you", "burst": burst, "pictures": 3, "hands": 2}
    stored = [(collection.folder / "thank you" / burst / f"0{number}.jpg").read_bytes() for number in (1, 2, 3)]
    assert stored == [hand, wall, hand]
    [sign] = client.get(f"{API}/collection").json["signs"]
    bursts = [{"name": burst, "pictures": ["01.jpg", "02.jpg", "03.jpg"]}]
    assert sign == {"name": "thank you", "pictures": 3, "missing": 2, "bursts": bursts}
    path = f"{API}/collection/signs/thank%20you/bursts/{burst}"
    small = client.get(f"{path}/02.jpg")
    assert Image.open(io.BytesIO(small.data)).size == (240, 180) and "private" not in small.headers["Content-Type"]
    for wrong in (f"{path}/04.jpg", f"{path}/..%2f02.jpg", f"{path}x/01.jpg"):
        assert client.get(wrong).status_code == 404
    assert client.delete(path).status_code == 204 and files(tmp_path) == []
    assert client.delete(path).json["message"] == language.messages("en")["error_burst"]


@pytest.mark.slow
def test_what_is_refused_leaves_nothing_and_the_next_is_stored(client, tmp_path, hand):
    png = io.BytesIO()
    Image.new("RGB", (9, 9)).save(png, "PNG")
    for status, given in {
        415: [hand, png.getvalue()],
        422: [hand, hand[: len(hand) // 2]],
        413: [hand] * 30,
    }.items():
        answer = send(client, "hello", *given)
        assert answer.status_code == status and answer.json["message"]
    assert send(client, "hello").status_code == 422 and send(client, "hello", *[hand] * 16).status_code == 422
    assert client.post(f"{API}/collection/bursts", data={"sign": "hello", "pictures": "text"}).status_code == 422
    for lang in language.LANGUAGES:
        answer = send(client, "a/b", hand, lang=lang)
        assert answer.status_code == 422
        assert answer.json["message"] == language.messages(lang)["error_sign_name"].format(most=40)
    assert files(tmp_path) == []
    assert send(client, "hello", hand).status_code == 201
    answer = send(client, "HELLO", hand)
    assert answer.status_code == 409 and "called \u2068hello\u2069: go on with that" in answer.json["message"]


@pytest.mark.slow
def test_no_burst_without_a_token(client, tmp_path, hand):
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    assert send(client, "hello", hand).json["message"] == language.messages("en")["error_csrf"]
    assert client.delete(f"{API}/collection/signs/x/bursts/x").status_code == 400
    assert files(tmp_path) == []


@pytest.mark.slow
def test_a_disk_that_refuses_is_told_in_a_sentence(client, collection, tmp_path, hand):
    noise = encoded(np.random.default_rng(1).integers(0, 255, (600, 600, 3), np.uint8), quality=95)
    with full(len(noise) - 1):
        answer = send(client, "hello", hand, noise)
    assert answer.status_code == 507
    assert answer.json["message"].startswith("The disk is full, and nothing was stored: make room where")
    assert str(collection.folder) in answer.json["message"] and files(tmp_path) == []
    assert send(client, "hello", hand, noise).status_code == 201


@pytest.mark.slow
@needs_permissions
def test_a_folder_that_was_closed_meanwhile_is_told_in_a_sentence(hand):
    with anybodys_folder() as folder:
        app = create_app(collection=(collection := Collection("kitchen", folder)))
        client = app.test_client()
        client.environ_base["HTTP_X_CSRFTOKEN"] = client.get(f"{API}/token").json["token"]
        assert send(client, "hello", hand).status_code == 201  # the reader is open
        [before] = collection.signs()
        with forbidden(collection.folder, 0o555):
            answer = send(client, "new", hand)
        assert answer.status_code == 507
        assert answer.json["message"].startswith("Nothing can be stored or deleted in") and collection.signs() == [
            before
        ]
        app.extensions["readers"].close()


# The page


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """What the camera shows: a hand that signs B, on the left; more pixels than a frame has that is read."""
    picture = np.full((600, 800, 3), 140, np.uint8)
    picture[:, :500] = film.still("american", "B", 600)[:, 50:550]
    return picture


@pytest.fixture(scope="module")
def browser(pixels: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    shown = tmp_path_factory.mktemp("camera") / "hand.mjpeg"
    shown.write_bytes(encoded(pixels, quality=95) * 10)
    with launcher() as launch:
        browser = launch(f"--use-file-for-fake-video-capture={shown}")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of an application that collects, and where."""
    folder = tmp_path_factory.mktemp("own")
    app = create_app({"TESTING": True}, collection=Collection("kitchen", folder))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder / "kitchen"
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["readers"].close()


@pytest.fixture
def visit(served, browser) -> Iterator[Callable[..., Page]]:
    """Open the page, with the folder as empty as it was at first; however a test ends, no script failed."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(query: str = "", script: str = HURRY, **settings: object) -> Page:
        context = browser.new_context(permissions=["camera", "clipboard-read", "clipboard-write"], **settings)
        contexts.append(context)
        context.set_default_timeout(20_000)
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on(
            "console", lambda one: one.type == "error" and "Content Security" in one.text and faults.append(one.text)
        )
        context.add_init_script(script)
        page = context.new_page()
        page.goto(f"{served[0]}/collect{query}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    collection = Collection("kitchen", served[1].parent)
    for sign in collection.signs():
        for burst in sign.bursts:
            collection.delete(sign.name, burst.name)
    assert not faults


def taken(page: Page, words: str) -> None:
    """Wait for what is said of a burst, and make room for the next."""
    expect(page.locator("#told")).to_contain_text(words, timeout=PATIENCE)
    expect(page.locator("#take")).to_have_text("Take a burst")


@pytest.mark.slow
def test_two_signs_are_collected_with_the_keyboard_alone(visit, served, pixels):
    page, folder = visit(), served[1]
    expect(page.locator("#take")).to_be_disabled()
    expect(page.locator("#take-why")).to_have_text("Start the camera first.")
    focus(page, "#count input:checked")
    page.keyboard.press("ArrowLeft")  # five pictures
    focus(page, "#start")
    page.keyboard.press("Enter")
    expect(page.locator("#sign")).to_be_focused()
    expect(page.locator("#take-why")).to_have_text("Name the sign first.")
    expect(page.locator("#why")).to_have_text("A hand is seen", timeout=PATIENCE)
    page.keyboard.type("thank you")
    focus(page, "#take")
    page.keyboard.press("Space")
    expect(page.locator("#countdown")).to_be_visible()
    expect(page.locator(".stage.shooting")).to_be_visible()
    taken(page, "5 pictures are stored, and a hand is seen in 5.")
    page.locator("#sign").fill("شكرا")
    page.evaluate("() => document.activeElement.blur()")
    for _ in range(2):
        page.keyboard.press("Space")  # wherever the focus is
        expect(page.locator("#told")).to_have_text("")
        taken(page, "5 pictures are stored")
    names = [path.name for path in sorted(folder.rglob("*.jpg"))]
    assert names == [f"0{number}.jpg" for number in range(1, 6)] * 3
    assert [len(list((folder / sign).iterdir())) for sign in ("thank you", "شكرا")] == [1, 2]
    for path in folder.rglob("*.jpg"):
        image = Image.open(path)
        found = np.asarray(image).astype(int)
        assert found.shape == pixels.shape, "the camera's full frame"
        same, mirrored = (np.abs(one - pixels).mean() for one in (found, found[:, ::-1]))
        assert 3 * same < mirrored, "not mirrored"
        finest = Image.open(io.BytesIO(encoded(pixels, quality=90))).quantization
        assert np.sum(image.quantization[0]) <= np.sum(finest[0])
    expect(page.locator(".lacks")).to_have_text(["Bursts missing: 2", "Bursts missing: 1"])
    expect(page.locator("#total")).to_have_text("Bursts missing, of all signs together: 3")
    for sign in ("thank you", "شكرا"):
        (folder / sign / "garden").mkdir()
        (folder / sign / "garden/1.jpg").write_bytes(encoded(pixels))
    (folder / "thank you/wood").mkdir()
    (folder / "thank you/wood/1.png").write_bytes(encoded(pixels))
    page.reload()
    expect(page.locator("#total")).to_have_text(re.compile("There is enough to learn from"))
    expect(page.locator(".strip img")).to_have_count(3 + 3 + 3 + 3)  # of the last three there is one picture each
    for picture in page.locator(".strip img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).not_to_have_js_property("naturalWidth", 0)


@pytest.mark.slow
def test_a_sign_goes_on_and_a_burst_is_deleted(visit, served, hand):
    collection = Collection("kitchen", served[1].parent)
    for minute, sign in enumerate(("hello", "hello", "more")):
        collection.store(sign, [hand] * 4, NOON.replace(minute=minute))
    page = visit()
    expect(page.locator(".collected .hint").first).to_have_text("Pictures: 8, bursts: 2")
    page.locator(".sign").nth(1).click()
    expect(page.locator("#sign")).to_have_value("more")
    expect(page.locator(".sign[aria-current]")).to_have_text("more")
    focus(page, ".remove", most=60)
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("A burst of \u2068hello\u2069 was deleted.")
    expect(page.locator(".sign").first).to_be_focused()
    assert [path.name for path in (served[1] / "hello").iterdir()] == ["20261129-120000"], "the newest stands first"
    page.get_by_role("button", name="Delete the burst of \u2068more\u2069").click()
    expect(page.locator(".sign")).to_have_text(["hello"])
    assert not (served[1] / "more").exists()


@pytest.mark.slow
def test_a_burst_is_cancelled_until_it_is_taken(visit, served):
    page = visit()
    page.locator("#sign").fill("hello")
    page.locator("#start").click()
    expect(page.locator("#take")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#take")).to_have_text("Cancel")
    page.keyboard.press("Escape")
    expect(page.locator("#told")).to_have_text("Cancelled: nothing was stored.")
    page.locator("#take").click()
    expect(page.locator(".stage.shooting")).to_be_visible()
    page.locator("#stop").click()
    expect(page.locator("#told")).to_have_text("Cancelled: nothing was stored.")
    expect(page.locator("#take")).to_be_disabled()
    assert not list(served[1].iterdir())


@pytest.mark.slow
def test_pictures_of_a_wall_are_told(visit, served):
    wall = "HTMLCanvasElement.prototype.getContext = () => ({ drawImage() {}, clearRect() {} });"
    page = visit("", HURRY + wall)
    page.locator("#sign").fill("hello")
    page.locator("#start").click()
    expect(page.locator("#why")).to_have_text(re.compile("No hand seen|More light"), timeout=PATIENCE)
    page.locator("#take").click()
    taken(page, "but no hand is seen in any. Delete the burst")
    expect(page.locator(".bursts .wrong")).to_have_text("Hand seen in 0 of 10")


@pytest.mark.slow
def test_what_the_server_refuses_is_said_and_the_page_goes_on(visit, served):
    page = visit()
    page.locator("#start").click()
    page.locator("#sign").fill("end.")
    page.locator("#take").click()
    expect(page.get_by_role("alert")).to_contain_text("A sign cannot be called so: use at most 40 characters")
    page.locator("#sign").fill("end")
    page.locator("#take").click()
    taken(page, "10 pictures are stored")
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize(("error", "words"), [("NotAllowedError", "was not allowed"), ("NotFoundError", "No camera")])
def test_without_a_camera_there_is_a_sentence(visit, error, words):
    refusal = f"() => Promise.reject(new DOMException('', '{error}'))"
    page = visit("", f"if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = {refusal};")
    page.locator("#start").click()
    expect(page.get_by_role("alert")).to_contain_text(words)
    assert page.get_by_role("alert").get_by_role("link").count() == 0


@pytest.mark.slow
def test_the_next_step_is_the_very_command(visit, served):
    page = visit()
    page.locator(".copy").first.click()
    lines = page.evaluate("() => navigator.clipboard.readText()").splitlines()
    assert lines == [
        f"python -m tools.own_signs kitchen {served[1]}",
        "dvc repro export@kitchen evaluate@kitchen",
    ]
    expect(page.locator("#use")).to_have_text("fingerspell serve --reader data/exported/kitchen")
    page.locator("footer a").click()
    expect(page.locator("main")).to_contain_text(f"stored in \u2068{served[1]}\u2069")


@pytest.mark.slow
@pytest.mark.parametrize(("tongue", "scheme"), [("en", "light"), ("ar", "dark")])
def test_axe_finds_nothing_and_the_page_fits_a_phone(visit, served, hand, tongue, scheme):
    collection = Collection("kitchen", served[1].parent)
    for sign in ("hello", "شكرا", "a name that is as long as it may be, yes"):
        collection.store(sign, [hand] * 3, NOON)
    page = visit(f"?lang={tongue}", color_scheme=scheme, viewport={"width": 1280, "height": 900})
    assert page.locator("html").get_attribute("dir") == {"en": "ltr", "ar": "rtl"}[tongue]
    expect(page.locator(".bursts li")).to_have_count(3)
    no_violation(page, "as it opens")
    page.set_viewport_size({"width": 320, "height": 640})
    page.locator("#start").click()
    page.locator("#sign").fill("hello")
    expect(page.locator("#why")).not_to_have_text("", timeout=PATIENCE)
    page.locator("#take").click()
    expect(page.locator("#countdown")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") == 320
    no_violation(page, "at work")
    expect(page.locator(".bursts li")).to_have_count(4, timeout=PATIENCE)
    no_violation(page, "afterwards")
