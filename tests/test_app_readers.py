"""The application with a reader of one's own: offered where it reads, and nowhere else."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import launcher, no_violation
from playwright.sync_api import expect
from test_alphabets import of_words
from test_app_api import API, Scripted, Visitor, encoded
from werkzeug.serving import make_server

from app import create_app, jobs, language, live
from fingerspell import cli
from fingerspell.inference import released
from fingerspell.signing import film

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readers")
    made = create_app({"VIDEO_FOLDER": folder / "videos"}, readers=[of_words(folder / "exported")])
    yield made
    made.extensions["readers"].close()
    made.extensions["jobs"].close()


@pytest.fixture
def visitor(app) -> Visitor:
    return Visitor(app)


@pytest.fixture(scope="module")
def hand() -> bytes:
    return encoded(film.still("american", "L"))


def test_it_stands_beside_the_others_with_its_signs(visitor):
    american, arabic, own = visitor.get("/alphabets").json
    assert (own["name"], own["title"], own["direction"], own["language"]) == ("kitchen", "kitchen", "ltr", "")
    assert {"label": "L", "letter": "hello", "moves": False} in own["signs"]
    assert not own["drawn"] and not own["words"] and all(one["drawn"] and one["words"] for one in (american, arabic))
    described = visitor.get("/openapi.json").json["components"]["schemas"]["PictureForm"]["properties"]
    assert described["alphabet"]["enum"] == ["american", "arabic", "kitchen"]


def test_a_picture_is_read_by_it(visitor, hand):
    [found] = visitor.read(hand, alphabet="kitchen").json["hands"]
    assert (found["class"], found["letter"]) == ("L", "hello")
    assert visitor.read(hand).json["hands"][0]["letter"] == "L"


def test_signs_that_are_held_become_a_text_without_suggestions(visitor, hand):
    session = visitor.post("/sessions", json={"alphabet": "kitchen"}).json["id"]
    for number in range(8):
        seen = visitor.frame(session, number / 8, hand).json
    assert (seen["current"], seen["text"]) == ({"label": "L", "letter": "hello"}, "hello")
    assert seen["suggestions"] == [{"text": "hello", "known": False}]
    assert visitor.post(f"/sessions/{session}/edit", json={"action": "delete"}).json == {"text": "", "suggestions": []}


def test_a_long_text_keeps_its_blanks(app):
    talk = live.Session(app.extensions["alphabets"]["kitchen"], Scripted())
    for number in range(live.LONGEST + 3):
        talk.add(number, ["L"])
    assert talk.text == " ".join(["hello"] * (live.LONGEST + 3)) and len(talk._entries) <= live.LONGEST


def test_a_video_is_read_by_it(visitor, tmp_path):
    film.write("LO", tmp_path / "lo.webm", size=(320, 240), rate=15)
    job = visitor.send((tmp_path / "lo.webm").read_bytes(), alphabet="kitchen").json["id"]
    until = time.monotonic() + 120
    while (status := visitor.get(f"/videos/{job}").json)["state"] not in jobs.FINAL:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert (status["state"], status["text"]) == ("done", "hello thank you")


def test_it_is_neither_drawn_nor_practised(visitor):
    assert visitor.get("/signs/kitchen/L.png").status_code == 404
    for path in ("/signing?text=hello&alphabet=kitchen", "/practice/word?alphabet=kitchen"):
        assert visitor.get(path).status_code == 422
    assert visitor.post("/sessions", json={"alphabet": "kitchen", "target": "L"}).status_code == 422
    assert visitor.post("/sessions", json={"alphabet": "klingon"}).status_code == 422


@pytest.fixture
def site(app) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_pages_that_read_offer_it_and_those_that_practise_do_not(site, hand, tmp_path):
    picture = tmp_path / "L.jpg"
    picture.write_bytes(hand)
    with launcher() as launch:
        browser = launch()
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(site)
        expect(page.locator("#example")).to_be_visible()
        page.locator("#alphabet input[value=kitchen]").check()
        expect(page.locator("#example")).to_be_hidden()
        page.locator("#file").set_input_files(picture)
        expect(page.locator(".great")).to_have_text("hello", timeout=60_000)
        assert [page.locator(".great").get_attribute(name) for name in ("dir", "lang")] == ["ltr", ""]
        no_violation(page, "with its answer")
        for name, offered in (("live", 3), ("video", 3), ("sign", 2), ("read", 2), ("live", 3)):
            page.goto(f"{site}/{name}")
            expect(page.locator("#alphabet label")).to_have_count(offered)
            chosen = page.locator("#alphabet input:checked").get_attribute("value")
            assert chosen == ("kitchen" if offered == 3 else "american"), "and it is remembered"
        expect(page.locator("#suggested")).to_be_hidden()
        page.locator("#alphabet input[value=arabic]").check()
        expect(page.locator("#suggested")).to_be_visible()
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("() => document.documentElement.scrollWidth") == 320
        browser.close()
    assert faults == []


# Damaged files of the readers that come with the project


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of the released readers to damage."""
    for name in released.READERS.values():
        shutil.copytree(released.FOLDER / name, tmp_path / name)
    monkeypatch.setattr(released, "FOLDER", tmp_path)
    return tmp_path


def change(folder: Path, **values: object) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def test_it_does_not_start_on_a_damaged_model(copied, capsys):
    change(copied / "arasl_reader", classes="A")
    assert cli.main(["serve", "--port", "0"]) == 1
    [sentence] = capsys.readouterr().err.splitlines()
    assert f"fingerspell: the model in {copied}/arasl_reader is damaged (model.json: classes is 'A'" in sentence


@pytest.mark.parametrize("figures", [None, {"own test": {"accuracy": "0.9"}}, {"own test": {"accuracy": 9}}])
def test_figures_that_are_none_are_told_and_the_other_pages_go_on(copied, figures, caplog):
    change(copied / "asl_reader", figures=figures)
    client = create_app().test_client()
    page = client.get("/about?lang=ar")
    assert page.status_code == 503 and language.messages("ar")["error_unavailable"] in page.text
    assert f"the model in {copied}/asl_reader is damaged (model.json: figures" in caplog.text
    assert client.get("/").status_code == 200


def test_a_picture_is_told_of_a_reader_that_was_damaged_meanwhile(app, copied, hand, monkeypatch):
    damaged = create_app()
    (copied / "asl_reader/model.tflite").write_bytes(b"")
    answer = Visitor(damaged).read(hand)
    assert answer.status_code == 503 and answer.json["message"] == language.messages("en")["error_unavailable"]
    assert damaged.test_client().get(f"{API}/alphabets").status_code == 200
    damaged.extensions["readers"].close()
