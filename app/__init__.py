"""The web application: pages and a JSON API over `fingerspell`.

Nothing that a visitor shows it leaves the machine: frames and pictures are answered and forgotten, videos lie in a
temporary folder for an hour at most. Pictures are kept by the page that collects them alone, where it is switched on.
"""

import atexit
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path

from flask import Flask

from app import alphabets, api, errors, language, security
from app.cache import Cache
from app.jobs import Jobs
from app.live import Sessions
from app.pages import blueprint as pages
from app.readers import Readers
from app.security import MIB
from app.worker import Limits
from fingerspell.collecting import Collection

SETTINGS = {
    "TRUSTED_HOSTS": ["localhost", "127.0.0.1"],  # whom the address of a request may name; others are refused
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SESSION_COOKIE_NAME": "fingerspell",
    "WTF_CSRF_TIME_LIMIT": None,  # a token is as old as its page, which may be open all day
    "MAX_CONTENT_LENGTH": MIB,  # of requests without a file
    "MAX_FORM_PARTS": 20,
    "PICTURE_BYTES": 64 * MIB,
    "PICTURE_PIXELS": 40_000_000,  # but for plain JPEG, which is decoded small
    "FRAME_BYTES": 2 * MIB,
    "FRAME_PIXELS": 4_000_000,
    "BURST_BYTES": 128 * MIB,  # of the pictures that are collected at a time
    "VIDEO_BYTES": 500 * MIB,
    "VIDEO_SECONDS": 600,
    "VIDEO_FRAMES": 40_000,
    "VIDEO_PIXELS": 9_000_000,  # of a frame: 4K
    "VIDEO_PATIENCE": 3600,  # seconds of work
    "VIDEO_STALLED": 90,  # seconds without a frame
    "VIDEO_MEMORY": 8 * 2**30,  # bytes of addresses that the worker may take
    "VIDEO_KEPT": 3600,  # seconds
    "VIDEO_FOLDER": None,  # where the temporary folder is made; by default where temporary files are
    "VIDEOS_WAITING": 8,
    "STREAMS": 8,  # pages that are told of a video's progress at the same time; each holds a thread of the server
    "SESSIONS": 64,
    "SESSION_IDLE": 300,  # seconds
    "READERS": None,  # threads that read pictures; None: one a core
    "READERS_WAITING": 64,
    "DRAWN_BYTES": 64 * MIB,  # of films and pictures of the drawn hand that are kept
}


def create_app(config: dict | None = None, readers: Iterable[Path] = (), collection: Collection | None = None) -> Flask:
    """Return the application. config: settings that differ from `SETTINGS` and Flask's. readers: folders of exported
    readers beside those that come with the project. collection: where pictures of one's own signs are collected; None:
    nowhere, and there is no page for it.

    Without a SECRET_KEY it makes one: pages that are open must be loaded again when it is restarted. Raises
    FingerspellError where a reader is not whole.
    """
    app = Flask(__name__)
    app.config.update(SETTINGS, SECRET_KEY=secrets.token_hex())
    app.config.update(config or {})
    settings = app.config
    limits = Limits(
        settings["VIDEO_SECONDS"], settings["VIDEO_FRAMES"], settings["VIDEO_PIXELS"], settings["VIDEO_PATIENCE"],
        settings["VIDEO_MEMORY"],
    )  # fmt: skip
    line = Jobs(
        limits, settings["VIDEOS_WAITING"], settings["VIDEO_KEPT"], settings["VIDEO_STALLED"], settings["VIDEO_FOLDER"]
    )
    app.extensions |= {
        "alphabets": alphabets.opened(readers),
        "readers": Readers(settings["READERS"], settings["READERS_WAITING"]),
        "sessions": Sessions(settings["SESSIONS"], settings["SESSION_IDLE"]),
        "jobs": line,
        "streams": threading.BoundedSemaphore(settings["STREAMS"]),
        "drawn": Cache(settings["DRAWN_BYTES"]),
    }
    if collection is not None:
        app.extensions["collection"] = collection
    atexit.register(line.close)
    language.install(app)
    security.install(app)
    api.install(app)
    errors.install(app)
    app.register_blueprint(pages)
    return app
