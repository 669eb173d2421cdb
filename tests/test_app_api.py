"""The application's API: what it answers, what it refuses, and that it goes on whatever it is given."""

import base64
import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import app_jobs
import cv2
import numpy as np
import pytest
import requests
from PIL import Image

from app import create_app, jobs, language, live, worker
from app.__main__ import bind
from app.cache import Cache
from app.readers import Busy, Readers
from fingerspell import cli, video
from fingerspell.errors import FingerspellError
from fingerspell.inference import alphabets, released
from fingerspell.inference.letters import Letter
from fingerspell.signing import film

pytestmark = pytest.mark.slow

API = "/api/v1"
ROOT = Path(__file__).parent.parent
AMERICAN = released.FOLDER / released.DEFAULT


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made = create_app({"VIDEO_FOLDER": tmp_path_factory.mktemp("videos")})
    yield made
    made.extensions["readers"].close()
    made.extensions["jobs"].close()


class Visitor:
    """A browser: it keeps cookies, and sends the token of its page."""

    def __init__(self, app) -> None:
        self.client = app.test_client()
        self.token = {"X-CSRFToken": self.client.get(f"{API}/token").json["token"]}

    def get(self, path, **more):
        return self.client.get(API + path, **more)

    def post(self, path, **more):
        return self.client.post(API + path, headers=self.token | more.pop("headers", {}), **more)

    def put(self, path, **more):
        return self.client.put(API + path, headers=self.token, **more)

    def delete(self, path):
        return self.client.delete(API + path, headers=self.token)

    def read(self, data: bytes, name: str = "x.jpg", lang: str = "en", **fields):
        return self.post(f"/readings?lang={lang}", data={"picture": (io.BytesIO(data), name)} | fields)

    def frame(self, session: str, time: float, data: bytes, kind: str = "image/jpeg"):
        return self.post(f"/sessions/{session}/frames?time={time}", data=data, content_type=kind)

    def send(self, data: bytes, name: str = "x.mp4", **fields):
        return self.post("/videos", data={"video": (io.BytesIO(data), name)} | fields)


@pytest.fixture
def visitor(app) -> Visitor:
    return Visitor(app)


def encoded(pixels: np.ndarray, kind: str = "JPEG", **settings) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, kind, **settings)
    return data.getvalue()


@pytest.fixture(scope="module")
def b() -> np.ndarray:
    return film.still("american", "B")


@pytest.fixture(scope="module")
def hand(b) -> bytes:
    return encoded(b)


@pytest.fixture(scope="module")
def clip(tmp_path_factory, b) -> bytes:
    """A second of video."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with video.Writer(path, (360, 360), 10) as writer:
        for number in range(10):
            writer.add(b, number / 10)
    return path.read_bytes()


# Pictures


def test_a_picture_is_answered_as_the_command_does(visitor, b, tmp_path, capsys):
    two = np.hstack([b, film.still("american", "L")])
    path = tmp_path / "two.png"
    path.write_bytes(encoded(two, "PNG"))
    assert cli.main(["predict", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)[0]["hands"]
    assert len(told) == 2
    answer = visitor.read(path.read_bytes(), hands=10).json
    seen = [hand.pop("seen") for hand in answer["hands"]]
    assert answer == {"width": 720, "height": 360, "hands": told}
    for address in seen:
        assert address.startswith("data:image/jpeg;base64,")
        assert Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).size == (192, 192)
    [first] = visitor.read(path.read_bytes()).json["hands"]
    assert first["landmarks"] == told[0]["landmarks"], "by default the first alone"


def test_the_other_alphabet_and_a_picture_without_a_hand(visitor, hand):
    [found] = visitor.read(encoded(film.still("arabic", "bb")), alphabet="arabic").json["hands"]
    assert found["answers"][0]["letter"] == "ب"
    assert visitor.read(encoded(np.zeros((99, 99, 3), np.uint8))).json["hands"] == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_formats_are_told_by_content_and_names_mean_nothing(visitor, b, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = visitor.read(encoded(b, kind), name="../../x.exe")
    assert answer.status_code == 200 and answer.json["hands"][0]["answers"][0]["class"] == "B"
    assert not list(tmp_path.iterdir()) and not list(tmp_path.parent.parent.glob("x.exe"))


def chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def png_of(width: int, height: int) -> bytes:
    """A PNG of a kilobyte that says it has that many pixels."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(bytes(10**6)), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in chunks.items())


def scans() -> bytes:
    """A progressive JPEG that repeats its last scan hundreds of times."""
    whole = encoded(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8), progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * 300 + whole[-2:]


def zip_behind(head: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("x.html", "<script>alert(1)</script>")
    return head + data.getvalue()


NOISE = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
HOSTILE = {
    "empty": (b"", 422, "error_empty"),
    "text": (b"no picture at all", 415, "error_picture_kind"),
    "page": (b"<html><script>alert(1)</script></html>", 415, "error_picture_kind"),
    "drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "error_picture_kind"),
    "print": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", 415, "error_picture_kind"),
    "tiff": (encoded(NOISE, "TIFF"), 415, "error_picture_kind"),
    "zeros": (bytes(5000), 415, "error_picture_kind"),
    "cut jpeg": (encoded(NOISE)[:3000], 422, "error_picture_damaged"),
    "cut png": (encoded(NOISE, "PNG")[:9000], 422, "error_picture_damaged"),
    "jpeg's head": (b"\xff\xd8\xff\xe0" + bytes(100), 422, "error_picture_damaged"),
    "bomb": (png_of(50_000, 50_000), 413, "error_pixels"),
    "small bomb": (png_of(7_000, 7_000), 413, "error_pixels"),
    "polyglot": (zip_behind(b"GIF89a\x01\x00\x01\x00/*"), 422, "error_picture_damaged"),
    "scans": (scans(), 422, "error_picture_damaged"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_get_a_sentence_and_the_service_goes_on(visitor, hand, name):
    data, status, key = HOSTILE[name]
    for lang in language.LANGUAGES:
        began = time.monotonic()
        answer = visitor.read(data, lang=lang)
        assert time.monotonic() - began < 3
        assert (answer.status_code, answer.json["code"]) == (status, status)
        pattern = re.escape(language.messages(lang)[key]).replace(r"\{pixels\}", "[0-9]+")
        assert re.fullmatch(pattern, answer.json["message"])
    assert visitor.read(hand).status_code == 200


def test_of_an_animation_of_ten_thousand_frames_one_is_read(visitor, b):
    data = io.BytesIO()
    frames = Image.fromarray(b).quantize(16), Image.new("P", (360, 360), 1)
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:])
    body = data.getvalue()
    second = body[body.rindex(b"\x21\xf9") : -1]
    many = body[:-1] + second * 10_000 + b";"
    assert Image.open(io.BytesIO(many)).n_frames > 10_000
    began = time.monotonic()
    assert visitor.read(many).status_code == 200
    assert time.monotonic() - began < 3


def test_limits_of_a_picture(app, visitor, hand, monkeypatch):
    monkeypatch.setitem(app.config, "PICTURE_BYTES", len(hand) - 1)
    answer = visitor.read(hand)
    assert answer.status_code == 413 and "MiB" in answer.json["message"]
    monkeypatch.undo()
    large = encoded(np.zeros((1000, 1000, 3), np.uint8), "BMP")
    assert len(large) > app.config["MAX_CONTENT_LENGTH"] and visitor.read(large).status_code == 200
    monkeypatch.setattr("app.pictures.uploaded", lambda _: pytest.fail("it was read"))
    monkeypatch.setitem(app.config, "PICTURE_BYTES", 2**20)
    assert visitor.read(large).status_code == 413, "by its length, before it is read"
    monkeypatch.undo()
    progressive = encoded(np.zeros((7000, 7000, 3), np.uint8), progressive=True)
    assert visitor.read(progressive).status_code == 413
    assert visitor.read(encoded(np.zeros((7000, 7000, 3), np.uint8))).status_code == 200, "decoded small"


@pytest.mark.parametrize(
    "fields", [{"hands": 0}, {"hands": 11}, {"hands": "two"}, {"alphabet": "klingon"}, {"picture": "text"}]
)
def test_values_that_cannot_be_are_refused(visitor, hand, fields):
    data = {"picture": (io.BytesIO(hand), "x.jpg")} | fields
    answer = visitor.post("/readings", data=data)
    assert answer.status_code == 422 and answer.json["message"]
    assert visitor.post("/readings", data={}).status_code == 422


# Safety


def test_requests_that_change_something_carry_a_token(app):
    client, tried = app.test_client(), 0
    for rule in app.url_map.iter_rules():
        for method in rule.methods & {"POST", "PUT", "DELETE", "PATCH"}:
            path = re.sub("<[^>]*>", "x", rule.rule)
            answer = client.open(path, method=method, query_string={"lang": "en"})
            assert answer.status_code == 400, path
            assert answer.json["message"] == language.messages("en")["error_csrf"]
            tried += 1
    assert tried >= 8


def test_a_part_of_a_form_without_a_name_is_refused(app):
    body = b"--x\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n--x--\r\n"
    for path in ("/api/v1/videos", "/api/v1/readings", "/api/v1/sessions"):
        answer = app.test_client().post(path, data=body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code == 400, path
        assert answer.json["message"] == language.messages("en")["error_400"]


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/app.css", f"{API}/alphabets", f"{API}/nowhere"])
def test_headers_keep_browsers_in_bounds(app, path):
    headers = app.test_client().get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'" and "script-src" not in policy and "unsafe" not in str(policy)
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "camera=(self)" in headers["Permissions-Policy"] and "microphone=()" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    if path.startswith(API):
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "host, status",
    [("localhost:8000", 200), ("127.0.0.1", 200), ("evil.example", 400), ("localhost.evil.example", 400)],
)
def test_other_hosts_are_refused(app, host, status):
    for path in ("/", f"{API}/alphabets"):
        answer = app.test_client().get(path, headers={"Host": host})
        assert answer.status_code == status
        assert status == 200 or language.messages("en")["error_host"] in answer.text


def test_a_fault_is_told_without_its_trace(app, visitor, hand, monkeypatch):
    def fails(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(app.extensions["readers"], "ask", fails)
    answer = visitor.read(hand)
    assert answer.status_code == 500 and answer.json["message"] == language.messages("en")["error_500"]
    assert "secret" not in answer.text and "Traceback" not in answer.text
    page = app.test_client().get("/nowhere?lang=ar")
    assert page.status_code == 404 and 'dir="rtl"' in page.text


def test_the_language_is_asked_chosen_or_preferred(app):
    def said(client, path=f"{API}/nowhere", **headers):
        return client.get(path, headers=headers).json["message"]

    english, arabic = (language.messages(lang)["error_404"] for lang in language.LANGUAGES)
    client = app.test_client()
    assert said(client) == english
    assert said(client, **{"Accept-Language": "ar-EG, en;q=0.5"}) == arabic
    assert said(client, **{"Accept-Language": "fr"}) == english
    assert said(client, f"{API}/nowhere?lang=ar") == arabic
    assert said(client, **{"Accept-Language": "en"}) == arabic, "it was chosen"
    assert said(client, f"{API}/nowhere?lang=xx") == arabic


def test_all_messages_are_there_in_both_languages():
    english, arabic = (language.messages(lang) for lang in language.LANGUAGES)
    assert english.keys() == arabic.keys()
    for key, sentence in english.items():
        assert set(re.findall(r"{(\w+)}", sentence)) == set(re.findall(r"{(\w+)}", arabic[key])), key
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.py"))
    used = set(re.findall(r"\"((?:error|video)_[a-z_]+)\"", code))
    assert len(used) > 30 and used <= english.keys()
    own = {key for key in english if key.startswith(("error_", "video_"))}
    assert {key for key in own if not re.fullmatch(r"error_\d+", key)} <= used, "no message that is never said"


# Readers


def test_who_comes_when_too_many_wait_is_asked_to_come_again(app, visitor, hand, monkeypatch):
    readers, begun, go = Readers(threads=1, waiting=1, patience=20), threading.Event(), threading.Event()
    monkeypatch.setitem(app.extensions, "readers", readers)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(readers.ask, AMERICAN, lambda _: begun.set() or go.wait(10))
        assert begun.wait(10)
        second = pool.submit(readers.ask, AMERICAN, lambda _: "second")
        until = time.monotonic() + 10
        while not readers._queue.full():
            assert time.monotonic() < until
            time.sleep(0.01)
        answer = visitor.read(hand)
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1
        assert answer.json["message"] == language.messages("en")["error_busy"]
        go.set()
        assert first.result() and second.result() == "second"
    assert visitor.read(hand).status_code == 200
    readers.close()


def test_nobody_waits_for_ever_and_what_nobody_awaits_is_not_done():
    readers, begun, go, done = Readers(threads=1, patience=0.3), threading.Event(), threading.Event(), []
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(readers.ask, AMERICAN, lambda _: begun.set() or go.wait(10))
        assert begun.wait(10)
        with pytest.raises(Busy):
            readers.ask(AMERICAN, lambda _: done.append(1))
        go.set()
        with pytest.raises(Busy):
            slow.result()
    readers.close()
    assert not done


def test_a_reader_that_does_not_open_is_said_so(app, visitor, hand, monkeypatch):
    def broken(*_):
        raise FingerspellError("MediaPipe does not run on this platform")

    readers = Readers(threads=1)
    monkeypatch.setitem(app.extensions, "readers", readers)
    monkeypatch.setattr("app.readers.Reader.open", broken)
    answer = visitor.read(hand)
    assert answer.status_code == 503 and answer.json["message"] == language.messages("en")["error_unavailable"]
    readers.close()


@pytest.fixture(scope="module")
def served(app):
    """The address of the application behind its real server."""
    server = bind(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}{API}"
    server.close()


def opened(url: str) -> requests.Session:
    session = requests.Session()
    session.headers["X-CSRFToken"] = session.get(f"{url}/token").json()["token"]
    return session


def test_twenty_clients_at_once_are_all_answered(served, hand):
    def ask(_):
        client = opened(served)
        answers = [client.post(f"{served}/readings", files={"picture": ("x.jpg", hand)}) for _ in range(3)]
        return [answer.json()["hands"][0]["class"] for answer in answers]

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(ask, range(20))) == [["B"] * 3] * 20


def test_frames_stay_in_memory(served, b, monkeypatch):
    def written(*_, **__):
        raise AssertionError("a temporary file")

    large = encoded(np.random.default_rng(0).integers(0, 255, (800, 800, 3), np.uint8), quality=95)
    assert 2**19 < len(large) < 2**21
    client = opened(served)
    session = client.post(f"{served}/sessions", json={}).json()["id"]
    monkeypatch.setattr("tempfile.TemporaryFile", written)
    answer = client.post(
        f"{served}/sessions/{session}/frames?time=0", data=large, headers={"Content-Type": "image/jpeg"}
    )
    assert answer.status_code == 200


# Live


@pytest.fixture
def session(visitor) -> str:
    return visitor.post("/sessions", json={}).json["id"]


def test_a_sign_that_is_held_becomes_a_letter_once(visitor, session, hand):
    seen = [visitor.frame(session, number / 8, hand).json for number in range(10)]
    locked = [letter for one in seen for letter in one["locked"]]
    assert [(one["label"], one["letter"]) for one in locked] == [("B", "B")] and locked[0]["probability"] > 0.9
    last = seen[-1]
    assert (last["state"], last["why"], last["text"]) == ("held", None, "B")
    assert last["current"] == {"label": "B", "letter": "B"} and len(last["hand"]["landmarks"]) == 21
    assert {"text": "BE", "known": True} in last["suggestions"] and {"text": "B", "known": False} in last["suggestions"]
    assert seen[0]["state"] == "gathering" and seen[0]["text"] == ""


def test_a_text_is_edited(visitor, session, hand):
    for number in range(8):
        visitor.frame(session, number / 8, hand)

    def edit(action, **more):
        return visitor.post(f"/sessions/{session}/edit", json={"action": action} | more).json["text"]

    assert [edit("space"), edit("delete"), edit("choose", text="BE"), edit("delete"), edit("delete")] == [
        "B ", "B", "BE ", "BE", "B",
    ]  # fmt: skip
    assert edit("clear") == "" and edit("delete") == ""
    assert visitor.post(f"/sessions/{session}/edit", json={"action": "shout"}).status_code == 422
    assert visitor.post(f"/sessions/{session}/edit", json={"action": "choose", "text": "A" * 9999}).status_code == 422


def test_advice_is_given_for_the_sign_that_is_practised(visitor, session, hand):
    assert visitor.frame(session, 0, hand).json["advice"] == []
    assert visitor.put(f"/sessions/{session}/target", json={"target": "A"}).json == {}
    [first, *_] = visitor.frame(session, 1, hand).json["advice"]
    assert first["text"] and set(first["joints"]) <= set(range(21))
    visitor.put(f"/sessions/{session}/target", json={"target": "B"})
    assert visitor.frame(session, 2, hand).json["advice"] == []
    for wrong in ("Ä", "nothing", "aleff"):
        assert visitor.put(f"/sessions/{session}/target", json={"target": wrong}).status_code == 422
        assert visitor.post("/sessions", json={"target": wrong}).status_code == 422


def test_frames_come_in_order_and_one_at_a_time(app, visitor, session, hand):
    assert visitor.frame(session, 5, hand).status_code == 200
    for late in (5, 4.9):
        assert visitor.frame(session, late, hand).status_code == 409
    held = app.extensions["sessions"].find(session)
    with held.lock:
        answer = visitor.frame(session, 6, hand)
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "1"
    assert visitor.frame(session, 7, hand).status_code == 200


@pytest.mark.parametrize(
    "data, status",
    [
        (b"", 422),
        (b"text", 415),
        (encoded(NOISE, "PNG"), 415),
        (encoded(NOISE)[:2000], 422),
        (encoded(np.zeros((2100, 2100, 3), np.uint8)), 413),
        (b"\xff\xd8\xff" + bytes(2**21), 413),
        (b"\xff\xd8\xff" + bytes(2**22), 413),
    ],
)
def test_frames_that_are_none_are_refused(visitor, session, hand, data, status):
    answer = visitor.frame(session, 1, data)
    assert answer.status_code == status and answer.json["message"]
    assert visitor.frame(session, 2, hand).status_code == 200


def test_times_are_numbers(visitor, session, hand):
    for wrong in ("", "nan", "inf", "-1", "1e99", "soon"):
        assert visitor.frame(session, wrong, hand).status_code == 422


def test_sessions_end_and_are_few(app, visitor, hand, monkeypatch):
    now = [0.0]
    few = live.Sessions(most=2, idle=300, clock=lambda: now[0])
    monkeypatch.setitem(app.extensions, "sessions", few)
    first, second = (visitor.post("/sessions", json={}).json["id"] for _ in range(2))
    answer = visitor.post("/sessions", json={})
    assert answer.status_code == 503 and "Retry-After" in answer.headers
    assert visitor.delete(f"/sessions/{second}").status_code == 204
    assert visitor.delete(f"/sessions/{second}").status_code == 404
    now[0] = 299
    assert visitor.frame(first, 1, hand).status_code == 200, "a sign of life"
    now[0] = 598
    assert visitor.frame(first, 2, hand).status_code == 200
    now[0] = 899
    assert visitor.frame(first, 3, hand).status_code == 404
    assert [visitor.post("/sessions", json={}).status_code for _ in range(3)] == [201, 201, 503]
    now[0] = 1300
    assert visitor.post("/sessions", json={}).status_code == 201, "nobody has been heard of"


class Scripted:
    """In place of `Letters`: writes what a test says."""

    def __init__(self) -> None:
        self.written = []

    def add(self, time, reading):
        *gone, label = reading
        if gone:
            self.written.pop()
        self.written.append(Letter(label, time, time + 0.5, 0.9, ((label, 0.9),)))
        return self.written[-1:]


def test_a_letter_that_moves_takes_the_place_of_its_beginning():
    talk = live.Session(alphabets.find("american"), Scripted())
    for time_, shown in enumerate([["H"], ["I"], ["-", "J"]]):
        talk.add(time_, shown)
    assert talk.text == "HJ"
    talk.delete()
    talk.add(4, ["I"])
    talk.delete()
    talk.add(5, ["-", "J"])
    assert talk.text == "HJ", "what was deleted stays so"


def test_a_long_text_is_kept_and_its_end_is_read():
    talk = live.Session(alphabets.find("american"), Scripted())
    for number in range(live.LONGEST + 3):
        talk.add(number, ["A"])
    assert talk.text == "A" * (live.LONGEST + 3) and len(talk._entries) <= live.LONGEST
    talk.choose("B" * live.KEPT)
    assert len(talk.text) <= live.KEPT


def test_it_is_said_why_nothing_is_read(app, b):
    read = app.extensions["readers"].ask(AMERICAN, lambda reader: reader.read(b)[0])
    blurred = cv2.GaussianBlur(b, (0, 0), 6)
    dark = (b * 0.1).astype(np.uint8)
    assert live.why("unsure", b, read) == "unsure" and live.why("unsure", blurred, read) == "blurred"
    assert live.why("no hand", b, None) == "no_hand" and live.why("no hand", dark, None) == "dark"
    assert live.why("moving", b, read) == "moving" and live.why("held", dark, read) is None


def test_drawn_hands_are_neither_blurred_nor_dark(app):
    for tone in (0.1, 0.9):
        pictures = [film.still("american", label, tone=tone) for label in "ABDGIKPSVX"]
        for picture in pictures:
            [read, *_] = app.extensions["readers"].ask(AMERICAN, lambda reader, p=picture: reader.read(p))
            assert live.light(picture) > 2 * live.DARK and live.sharpness(picture, read) > 1.2 * live.BLURRED


# Videos


@pytest.fixture
def line(app, tmp_path, monkeypatch):
    """Put jobs in the application that a fake does."""
    made = []

    def put(read, **limits):
        bounds = worker.Limits(**{
            "seconds": 600, "frames": 1000, "pixels": 9_000_000, "patience": 60, "memory": None
        } | {key: value for key, value in limits.items() if key in worker.Limits.__annotations__})  # fmt: skip
        more = {key: value for key, value in limits.items() if key not in worker.Limits.__annotations__}
        settings = {"waiting": 2, "kept": 3600.0, "place": tmp_path} | more
        made.append(jobs.Jobs(bounds, read=read, **settings))
        monkeypatch.setitem(app.extensions, "jobs", made[-1])
        return made[-1]

    yield put
    for one in made:
        one.close()
    assert not list(tmp_path.glob(f"{jobs.PREFIX}*")), "nothing is left"


def ended(visitor: Visitor, job: str, seconds: float = 60) -> dict:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        status = visitor.get(f"/videos/{job}").json
        if status["state"] in jobs.FINAL:
            return status
        time.sleep(0.05)
    raise AssertionError(f"still {status}")


def state(visitor: Visitor, job: str, wanted: str) -> None:
    until = time.monotonic() + 60
    while visitor.get(f"/videos/{job}").json["state"] != wanted:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_video_is_read_and_its_files_are_given_and_deleted(visitor, line, clip):
    kept = line(app_jobs.reads)
    answer = visitor.send(clip, name="../../etc/passwd.mp4")
    assert answer.status_code == 202
    job = answer.json["id"]
    assert answer.json["state"] in ("waiting", "running")
    done = ended(visitor, job)
    assert (done["state"], done["progress"], done["text"], done["message"]) == ("done", 1, "HI", None)
    assert {key: done[key] for key in jobs.RESULT} == app_jobs.TIMELINE
    files = {name: visitor.get(f"/videos/{job}/{name}") for name in ("video", "subtitles", "timeline", "text")}
    kinds = {name: answer.content_type.partition(";")[0] for name, answer in files.items()}
    assert kinds == {
        "video": "video/mp4", "subtitles": "text/vtt", "timeline": "application/json", "text": "text/plain"
    }  # fmt: skip
    assert files["video"].data == b"video" and files["text"].text == "HI\n"
    assert json.loads(files["timeline"].data) == app_jobs.TIMELINE
    part = visitor.get(f"/videos/{job}/video", headers={"Range": "bytes=1-2"})
    assert (part.status_code, part.data) == (206, b"id"), "browsers jump to a letter"
    assert not (kept.folder(job) / worker.SOURCE).exists(), "the upload has been answered"
    assert visitor.delete(f"/videos/{job}").status_code == 204
    assert visitor.get(f"/videos/{job}").status_code == 404 and not kept.folder(job).exists()


def test_a_spelt_word_is_read_from_a_video(app, visitor, tmp_path):
    """By the application's own process, within its limits."""
    film.write("HELLO", tmp_path / "hello.webm", rate=20)
    job = visitor.send((tmp_path / "hello.webm").read_bytes()).json["id"]
    done = ended(visitor, job)
    assert (done["state"], done["text"], done["suggestions"][0]["text"]) == ("done", "HELLO", "HELLO")
    times = [letter["time"] for letter in done["letters"]]
    assert times == sorted(times) and len(times) == 5
    data = visitor.get(f"/videos/{job}/video").data
    (tmp_path / "read.mp4").write_bytes(data)
    with video.Source(tmp_path / "read.mp4") as source:
        assert sum(1 for _ in source.frames()) > 20
    assert visitor.get(f"/videos/{job}/subtitles").text.startswith("WEBVTT")
    cut = visitor.send(data[: len(data) // 3]).json["id"]
    assert ended(visitor, cut)["state"] in ("done", "failed"), "what there is of it, or a sentence"


def test_jobs_are_done_one_after_the_other_and_few_wait(visitor, line, clip):
    line(app_jobs.slow)
    first = visitor.send(clip).json["id"]
    state(visitor, first, "running")
    others = [visitor.send(clip).json["id"] for _ in range(2)]
    answer = visitor.send(clip)
    assert answer.status_code == 503 and "Retry-After" in answer.headers
    assert [visitor.get(f"/videos/{job}").json["state"] for job in others] == ["waiting"] * 2
    for name in ("video", "subtitles", "timeline", "text"):
        assert visitor.get(f"/videos/{first}/{name}").status_code == 409
    assert visitor.delete(f"/videos/{others[0]}").status_code == 204
    assert visitor.get(f"/videos/{others[0]}").json["state"] == "cancelled"


def test_a_video_is_cancelled_at_any_frame_and_the_next_one_read(visitor, line, clip):
    kept = line(app_jobs.slow)
    first, second = (visitor.send(clip).json["id"] for _ in range(2))
    while not visitor.get(f"/videos/{first}").json["progress"]:
        time.sleep(0.05)
    pid = kept._process.pid
    assert visitor.delete(f"/videos/{first}").status_code == 204
    began = time.monotonic()
    state(visitor, second, "running")
    assert time.monotonic() - began < 3 and kept._process.pid == pid, "by the same process"
    assert visitor.get(f"/videos/{first}").json["state"] == "cancelled" and not kept.folder(first).exists()


@pytest.mark.parametrize(
    "read, key, settings",
    [
        (app_jobs.dies_once, "video_died", {}),
        (app_jobs.hungry_once, "video_memory", {"memory": 2**32}),
    ],
)
def test_what_a_video_does_to_its_process_harms_no_other(visitor, line, clip, read, key, settings):
    line(read, **settings)
    first, second = (visitor.send(clip).json["id"] for _ in range(2))
    failed = ended(visitor, first)
    assert failed["state"] == "failed" and failed["message"] == language.messages("en")[key]
    assert ended(visitor, second)["state"] == "done"


@pytest.mark.parametrize(
    "read, key, settings",
    [
        (app_jobs.endless, "video_long", {"seconds": 30}),
        (app_jobs.endless, "video_frames", {"frames": 50}),
        (app_jobs.slow, "video_slow", {"patience": 0.5}),
        (app_jobs.stuck, "video_slow", {"stalled": 1.0}),
    ],
)
def test_a_video_that_does_not_end_is_ended(visitor, line, clip, read, key, settings):
    line(read, **settings)
    failed = ended(visitor, visitor.send(clip).json["id"])
    assert failed["state"] == "failed"
    assert failed["message"].startswith(language.messages("en")[key].partition("{")[0])


@pytest.mark.parametrize(
    "kind, key", [("cut", "video_unreadable"), ("sound", "video_pictureless"), ("head", "video_unreadable")]
)
def test_videos_that_are_none_are_said_so_by_the_worker(visitor, line, clip, kind, key):
    line(app_jobs.reads)
    data = {"cut": sound()[:60], "head": clip[:40], "sound": sound()}[kind]
    failed = ended(visitor, visitor.send(data).json["id"])
    assert failed["state"] == "failed" and failed["message"] == language.messages("en")[key]
    assert ended(visitor, visitor.send(clip).json["id"])["state"] == "done"


def sound() -> bytes:
    import av

    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return data.getvalue()


def test_limits_by_what_the_header_says(visitor, line, clip):
    line(app_jobs.reads, pixels=1000)
    assert "million pixels" in ended(visitor, visitor.send(clip).json["id"])["message"]
    line(app_jobs.reads, seconds=0.5)
    assert "longer" in ended(visitor, visitor.send(clip).json["id"])["message"]
    line(app_jobs.reads, frames=5)
    assert "frames" in ended(visitor, visitor.send(clip).json["id"])["message"]


@pytest.mark.parametrize(
    "data, status",
    [
        (b"", 422),
        (b"text named mp4", 415),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", 415),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", 415),
        (encoded(NOISE), 415),
        (bytes(1000), 415),
    ],
)
def test_uploads_that_are_no_video_are_refused_at_once(visitor, line, data, status):
    line(app_jobs.reads)
    answer = visitor.send(data)
    assert answer.status_code == status and answer.json["message"]


def test_a_video_that_is_too_large_leaves_nothing(app, visitor, line, clip, monkeypatch):
    kept = line(app_jobs.reads)
    monkeypatch.setitem(app.config, "VIDEO_BYTES", len(clip) - 1)
    answer = visitor.send(clip)
    assert answer.status_code == 413 and "MiB" in answer.json["message"]
    assert [path.name for path in kept.folder("x").parent.iterdir() if path.is_dir()] == []


def test_containers_are_told_by_content(clip, app):
    from werkzeug.datastructures import FileStorage

    from app.api.videos import _container

    heads = {clip[:64]: "mov", b"\x1a\x45\xdf\xa3" + bytes(60): "matroska", b"RIFF\0\0\0\0AVI LIST": "avi"}
    with app.test_request_context():
        for head, container in heads.items():
            file = FileStorage(io.BytesIO(head))
            assert _container(file) == container and file.stream.read() == head


def test_what_has_been_kept_long_enough_is_deleted(visitor, line, clip):
    kept = line(app_jobs.reads, kept=0.2)
    job = visitor.send(clip).json["id"]
    ended(visitor, job)
    folder = kept.folder(job)
    until = time.monotonic() + 15
    while visitor.get(f"/videos/{job}").status_code != 404:
        assert time.monotonic() < until
        kept._wanted.set()
        time.sleep(0.1)
    assert not folder.exists()


def test_events_tell_how_a_video_is_until_it_has_ended(app, served, line, clip, monkeypatch):
    line(app_jobs.slow, frames=60)
    client = opened(served)
    job = client.post(f"{served}/videos", files={"video": ("x.mp4", clip)}).json()["id"]
    with client.get(f"{served}/videos/{job}/events", params={"lang": "ar"}, stream=True) as events:
        assert events.headers["Content-Type"].startswith("text/event-stream")
        assert events.headers["X-Accel-Buffering"] == "no"
        told = [json.loads(line[6:]) for line in events.iter_lines() if line.startswith(b"data: ")]
    assert (
        told[-1]["state"] == "failed" and told[-1]["message"] == client.get(f"{served}/videos/{job}").json()["message"]
    )
    assert language.messages("ar")["video_frames"].partition("{")[0] in told[-1]["message"]
    progress = [one["progress"] for one in told if one["state"] == "running"]
    assert len(progress) >= 2 and progress == sorted(progress)
    monkeypatch.setitem(app.extensions, "streams", threading.BoundedSemaphore(1))
    for _ in range(3):
        assert client.get(f"{served}/videos/{job}/events").status_code == 200, "a place is given back"
    app.extensions["streams"].acquire()
    answer = client.get(f"{served}/videos/{job}/events")
    assert answer.status_code == 503 and "Retry-After" in answer.headers


def test_what_a_killed_application_left_is_deleted_and_what_lives_is_not(tmp_path):
    left = tmp_path / f"{jobs.PREFIX}left"
    left.mkdir()
    (left / jobs.LOCK).touch()
    (left / "source").write_bytes(b"somebody's video")
    bounds = worker.Limits(600, 1000, 10**6, 60, None)
    one = jobs.Jobs(bounds, 2, 3600, place=tmp_path)
    mine = one.folder("x").parent
    other = jobs.Jobs(bounds, 2, 3600, place=tmp_path)
    assert other.folder("x").parent.exists() and mine.exists() and not left.exists()
    one.close()
    other.close()
    assert not list(tmp_path.iterdir())


# The drawn hand, and words


def test_the_drawn_hand_shows_signs_and_spells(visitor, tmp_path):
    answer = visitor.get("/signs/american/B.png")
    assert answer.content_type == "image/png" and Image.open(io.BytesIO(answer.data)).size == (360, 360)
    assert "private" in answer.headers["Cache-Control"]
    for wrong in ("american/aleff", "klingon/A", "american/nothing", "american/..%2fx"):
        assert visitor.get(f"/signs/{wrong}.png").status_code == 404
    answer = visitor.get("/signing?text=hi&speed=4&hand=left")
    assert answer.content_type == "video/webm"
    path = tmp_path / "x.webm"
    path.write_bytes(answer.data)
    with video.Source(path) as source:
        assert next(source.frames()).pixels.shape == (360, 360, 3)
    began = time.monotonic()
    assert visitor.get("/signing?text=hi&speed=4&hand=left").data == answer.data
    assert time.monotonic() - began < 0.2, "it is kept"


@pytest.mark.parametrize(
    "query",
    [
        "text=",
        "",
        "text=" + 41 * "A",
        "text=A&speed=99",
        "text=A&hand=third",
        "text=A&tone=2",
        "text=%C3%9F!",
        "text=%D8%A8",
    ],
)
def test_texts_that_cannot_be_spelt_are_refused(visitor, query):
    answer = visitor.get(f"/signing?{query}")
    assert answer.status_code == 422 and answer.json["message"]


def test_every_sign_of_an_alphabet_can_be_drawn(visitor):
    american, arabic = visitor.get("/alphabets").json
    assert [american["name"], arabic["name"]] == ["american", "arabic"]
    assert [sign["label"] for sign in american["signs"] if sign["moves"]] == ["J", "Z"]
    assert len(american["signs"]) == 28 and len(arabic["signs"]) == 32
    for alphabet in (american, arabic):
        for sign in alphabet["signs"]:
            assert film.still(alphabet["name"], sign["label"], 32).shape == (32, 32, 3)


def test_words_have_the_length_and_are_others(visitor):
    for alphabet in ("american", "arabic"):
        words = [visitor.get(f"/practice/word?alphabet={alphabet}&length=3").json["text"] for _ in range(20)]
        assert {len(word) for word in words} == {3} and len(set(words)) > 5
        query = {"alphabet": alphabet, "length": 3, "exclude": ",".join(words)}
        assert visitor.get("/practice/word", query_string=query).json["text"] not in words
    assert visitor.get("/practice/word?length=1").status_code == 422


def test_a_cache_makes_each_answer_once_and_keeps_the_last_ones():
    made = []

    def make(key):
        return lambda: made.append(key) or key.encode() * 10

    cache = Cache(bytes_kept=25)
    for key in "abacab":
        assert cache.get(key, make(key)) == key.encode() * 10
    assert made == ["a", "b", "c", "b"], "what was used last is kept"


# The server


def test_a_port_that_is_taken_is_told_in_a_sentence(served, capsys):
    port = served.split(":")[2].split("/")[0]
    assert cli.main(["serve", "--port", port]) == 1
    assert f"fingerspell: 127.0.0.1:{port} cannot be had (" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_what_is_no_port_is_told_in_a_sentence(port, capsys):
    assert cli.main(["serve", "--port", port]) == 1
    assert f"fingerspell: {port} is no port; choose --port" in capsys.readouterr().err


def test_the_server_is_ended_as_a_container_is(tmp_path, clip):
    script = (
        "import tempfile, sys; tempfile.tempdir = sys.argv[1]\n"
        "from fingerspell.cli import main\n"
        "if __name__ == '__main__': sys.exit(main(['serve', '--port', '0']))"
    )
    program = tmp_path / "serve.py"
    program.write_text(script)
    place = tmp_path / "place"
    place.mkdir()
    process = subprocess.Popen([sys.executable, str(program), str(place)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        url = re.search(r"http://\S+", process.stdout.readline())[0].rstrip("/") + API
        client = opened(url)
        assert client.post(f"{url}/videos", files={"video": ("x.mp4", clip)}).status_code == 202
        assert list(place.glob(f"{jobs.PREFIX}*"))
        assert client.get(f"{url}/alphabets", headers={"Host": "evil.example"}).status_code == 400
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not list(place.glob(f"{jobs.PREFIX}*")), "no video is left"
