"""The pages of the web application; what they do, they do through the API."""

import json

from flask import Blueprint, render_template, request, url_for

from app import figures, language

blueprint = Blueprint("pages", __name__)

# The pages in the order of the menu: endpoint, and the name of its icon and messages.
MENU = ("picture", "video", "live", "sign", "read", "about")
TITLES = {"en": "English", "ar": "العربية"}


@blueprint.app_context_processor
def _frame() -> dict:
    """Give every template the menu, the languages, and the messages that scripts show."""
    chosen = language.language()
    said = {key[3:]: text for key, text in language.messages(chosen).items() if key.startswith("js.")}
    return {
        "menu": [(name, url_for(f"pages.{name}")) for name in MENU],
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
    return render_template("sign.html", page="sign")


@blueprint.get("/read")
def read() -> str:
    """Practise reading."""
    return render_template("read.html", page="read")


@blueprint.get("/about")
def about() -> str:
    """How well it reads, where it fails, and what becomes of what you show it."""
    return render_template("about.html", page="about", models=figures.released_models(), sets=figures.datasets())
