"""The visitor's language, and messages in it: English or Arabic.

Messages lie in `app/messages/`, in any number of files that end in `en.json` or `ar.json`: one object of keys and
sentences, in which `{name}` is replaced by a value.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, has_request_context, request

MESSAGES = Path(__file__).parent / "messages"
LANGUAGES = ("en", "ar")
DEFAULT = "en"
COOKIE = "lang"
YEAR = 365 * 24 * 3600  # seconds that the choice is kept


def language() -> str:
    """Return the language of this request: as `?lang=` asks, as was chosen before, as the browser prefers; or English.

    Outside of a request it is English.
    """
    if not has_request_context():
        return DEFAULT
    if "language" not in g:
        chosen = (request.args.get("lang"), request.cookies.get(COOKIE))
        preferred = (tag.partition("-")[0].lower() for tag, share in request.accept_languages if share)
        g.language = next((one for one in (*chosen, *preferred) if one in LANGUAGES), DEFAULT)
    return g.language


def direction(of: str | None = None) -> str:
    """Return how a language is written, by default this request's: "rtl" or "ltr"."""
    return "rtl" if (of or language()) == "ar" else "ltr"


def translate(key: str, **values: object) -> str:
    """Return a message in the visitor's language; raises KeyError where no file has the key."""
    sentence = messages(language())[key]
    return sentence.format(**values) if values else sentence


def isolated(name: object) -> str:
    """Return a name as it stands in a sentence that may run the other way."""
    return f"\u2068{name}\u2069"


@cache
def messages(of: str) -> dict[str, str]:
    """Return all messages of a language; raises ValueError where two files have the same key."""
    found: dict[str, str] = {}
    for path in sorted([*MESSAGES.glob(f"{of}.json"), *MESSAGES.glob(f"*.{of}.json")]):
        more = json.loads(path.read_text(encoding="utf-8"))
        if twice := found.keys() & more.keys():
            raise ValueError(f"{path} repeats messages of another file: {', '.join(sorted(twice))}")
        found |= more
    return found


def install(app: Flask) -> None:
    """Give templates `t(key, **values)`, `language` and `direction`, and keep a language that was chosen."""

    @app.context_processor
    def _context() -> dict[str, Any]:
        return {"t": translate, "language": language(), "direction": direction()}

    @app.after_request
    def _keep(response: Response) -> Response:
        if (chosen := request.args.get("lang")) in LANGUAGES and chosen != request.cookies.get(COOKIE):
            response.set_cookie(COOKIE, chosen, max_age=YEAR, samesite="Lax", httponly=True, secure=request.is_secure)
        return response
