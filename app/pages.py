"""The pages of the web application; what they do, they do through the API."""

import json
import shlex
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request, url_for

from app import alphabets, figures, language
from app.api.collection import MOST
from fingerspell.collecting import BURSTS, LONGEST, Collection

blueprint = Blueprint("pages", __name__)

# The pages in the order of the menu: endpoint, and the name of its icon and messages.
MENU = ("picture", "video", "live", "sign", "read", "about")
COUNTS = (5, 10, MOST)  # pictures of a burst that are offered
TITLES = {"en": "English", "ar": "العربية"}


@blueprint.app_context_processor
def _frame() -> dict[str, Any]:
    """Give every template the menu, the languages, the alphabets, and the messages that scripts show."""
    chosen = language.language()
    pages = MENU if _collection() is None else ("collect", *MENU)
    said = {key[3:]: text for key, text in language.messages(chosen).items() if key.startswith("js.")}
    return {
        "menu": [(name, url_for(f"pages.{name}")) for name in pages],
        "alphabets": alphabets.every().values(),
        "title_of": alphabets.title,
        "languages": [(code, title, _in_language(code)) for code, title in TITLES.items()],
        "script_messages": json.dumps(said, ensure_ascii=False).replace("<", "\\u003c"),
    }


def _in_language(code: str) -> str:
    """Return the address of the page that is shown, in another language."""
    known = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
    return f"{request.path if known else '/'}?lang={code}"


@blueprint.get("/")
def picture() -> str:
    """Read a picture."""
    return render_template("picture.html", page="picture")


@blueprint.get("/video")
def video() -> str:
    """Read a video."""
    return render_template("video.html", page="video")


@blueprint.get("/live")
def live() -> str:
    """Sign into the camera."""
    return render_template("live.html", page="live")


@blueprint.get("/sign")
def sign() -> str:
    """Practise signing."""
    return render_template("sign.html", page="sign", alphabets=alphabets.drawn().values())


@blueprint.get("/read")
def read() -> str:
    """Practise reading."""
    return render_template("read.html", page="read", alphabets=alphabets.drawn().values())


@blueprint.get("/about")
def about() -> str:
    """How well it reads, where it fails, and what becomes of what you show it."""
    models, sets = figures.released_models(), figures.datasets()
    folder = (collection := _collection()) and language.isolated(collection.folder)
    return render_template("about.html", page="about", models=models, sets=sets, folder=folder)


@blueprint.get("/collect")
def collect() -> str:
    """Take pictures of signs of one's own, where that is switched on."""
    if (collection := _collection()) is None:
        abort(404)
    name, folder = collection.name, shlex.quote(str(collection.folder))
    steps = {
        "learn": f"python -m tools.own_signs {name} {folder}\ndvc repro export@{name} evaluate@{name}",
        "use": f"fingerspell serve --reader data/exported/{name}",
    }
    return render_template(
        "collect.html", page="collect", collection=collection, folder=language.isolated(collection.folder), steps=steps,
        counts=COUNTS, usual=COUNTS[1], longest=LONGEST, bursts=BURSTS,
    )  # fmt: skip


def _collection() -> Collection | None:
    return current_app.extensions.get("collection")
