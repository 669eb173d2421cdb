"""Make the pictures of the application that documents show: `python -m tools.app_pictures [FOLDER]`, or docs/app.

The application runs as it is; a drawn hand stands before the camera. It needs Chromium.
"""

import io
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from werkzeug.serving import make_server

from app import create_app
from fingerspell.collecting import Collection
from fingerspell.errors import FingerspellError
from fingerspell.files import write_aside
from fingerspell.signing import film

FOLDER = Path("docs/app")
WORD = "LOVE"
SPEED = 1.2  # letters a second: slow machines read all of them
SIZE = {"width": 1120, "height": 860}
TALL = SIZE | {"height": 1040}
WIDTH = 840  # pixels of a picture
COLOURS = 128  # of a picture: keeps it below 150 kB
PATIENCE = 120_000  # milliseconds
MOMENTS = 16  # pictures of the animation
REST = 400  # milliseconds between two of them
OWN = {"hello": "B", "more": "O", "thank you": "L"}  # signs that are collected, and letters that stand for them
BURST = 5  # pictures


def main(folder: Path) -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        raise FingerspellError("no Chromium is installed; the package `chromium` of Debian brings one")
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    # The page that collects shows where it stores: a path from here.
    with tempfile.TemporaryDirectory() as place, chdir(place), sync_playwright() as playwright:
        signing, still = Path("signing.mjpeg"), Path("still.mjpeg")
        film.write(WORD, signing, speed=SPEED, seed=3)
        still.write_bytes(_still(OWN["thank you"]) * 10)
        settings: dict[str, Any] = {"viewport": SIZE, "permissions": ["camera"]}
        with _served(create_app()) as address, _browser(playwright, program, signing) as browser:
            light = browser.new_context(base_url=address, **settings)
            dark = browser.new_context(base_url=address, **settings, color_scheme="dark")
            for context in (light, dark):
                context.set_default_timeout(PATIENCE)
            _picture(light, folder / "picture.png")
            _live(light, folder / "live.webp")
            _sign(dark, folder / "sign.png")
            _read(light, folder / "read-arabic.png")
        with _served(create_app(collection=_collected())) as address, _browser(playwright, program, still) as browser:
            context = browser.new_context(base_url=address, **settings | {"viewport": TALL})
            context.set_default_timeout(PATIENCE)
            _collect(context, folder / "collect.png")


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    """Serve an application in a `with` block; yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@contextmanager
def _browser(playwright: Playwright, program: str, shown: Path) -> Iterator[Browser]:
    """Open a browser before whose camera a film stands."""
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={shown.resolve()}"]
    browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *camera])
    yield browser
    browser.close()


def _picture(context: BrowserContext, path: Path) -> None:
    page = context.new_page()
    page.goto("/?alphabet=american")
    page.click("#example")
    page.wait_for_selector(".great")
    _keep(page, path)


def _live(context: BrowserContext, animation: Path) -> None:
    page = context.new_page()
    page.goto("/live?alphabet=american")
    page.click("#start")
    page.locator("#text").filter(has_text=re.compile(rf"{WORD}\s*$")).wait_for()
    page.click("#clear")  # and the camera's film begins anew
    moments = []
    for _ in range(MOMENTS):
        moments.append(_shot(page))
        page.wait_for_timeout(REST)
    with write_aside(animation) as aside:
        settings = {"duration": REST, "loop": 0, "quality": 30, "method": 6}
        moments[0].save(aside, "WEBP", save_all=True, append_images=moments[1:], **settings)
    print(f"{animation}: {animation.stat().st_size // 1000} kB")
    page.click("#stop")


def _sign(context: BrowserContext, path: Path) -> None:
    page = context.new_page()
    page.goto("/sign?alphabet=american")
    page.select_option("#letter", "D")
    page.wait_for_load_state("networkidle")  # the drawn sign is there
    page.click("#start")
    page.wait_for_selector("#advice li")
    _keep(page, path)
    page.click("#stop")


def _read(context: BrowserContext, path: Path) -> None:
    page = context.new_page()
    page.goto("/read?alphabet=arabic&lang=ar")
    page.click("#begin")
    page.wait_for_selector("#film:not([hidden])")
    page.wait_for_selector("#drawing", state="hidden")
    page.wait_for_timeout(900)  # in the middle of a letter
    _keep(page, path)


def _collected() -> Collection:
    """Return a folder of some bursts of `OWN`."""
    collection = Collection("kitchen", Path("data/own"))
    for sign, (name, letter) in enumerate(OWN.items()):
        for number in range(3 - sign):
            burst = [_still(letter, number == 1, 0.2 + 0.3 * number)] * BURST
            collection.store(name, burst, datetime(2026, 5, 4, 10, 10 * sign + 2 * number))
    return collection


def _still(letter: str, left: bool = False, tone: float = 0.35) -> bytes:
    """Return a drawn hand as a camera's picture, JPEG."""
    data = io.BytesIO()
    wide = np.pad(film.still("american", letter, 480, left, tone), ((0, 0), (80, 80), (0, 0)), "edge")
    Image.fromarray(wide).save(data, "JPEG", quality=95)
    return data.getvalue()


def _collect(context: BrowserContext, path: Path) -> None:
    page = context.new_page()
    page.goto("/collect")
    page.locator(".sign").last.click()
    page.wait_for_load_state("networkidle")  # the small pictures are there
    page.click("#start")
    page.locator("#why").filter(has_text="A hand is seen").wait_for()
    _keep(page, path)
    page.click("#stop")


def _shot(page: Page) -> Image.Image:
    page.evaluate("() => scrollTo(0, 0)")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)), Image.Resampling.LANCZOS)


def _keep(page: Page, path: Path) -> None:
    with write_aside(path) as aside:
        _shot(page).quantize(COLOURS, dither=Image.Dither.NONE).save(aside, "PNG", optimize=True)
    print(f"{path}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    except FingerspellError as error:
        sys.exit(f"app_pictures: {error}")
