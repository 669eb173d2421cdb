"""The drawn hand: it spells a text, it shows a sign."""

import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Response, current_app, send_file
from flask.views import MethodView
from marshmallow import Schema, fields, validate
from PIL import Image

from app import alphabets
from app.api.base import AGAIN, Blueprint, drawn_alphabet
from app.cache import Waiting
from app.errors import refuse
from fingerspell.errors import FingerspellError
from fingerspell.signing import film, spelling

LONGEST = 40  # characters
SIDE, RATE = 360, 12  # pixels, and frames a second
DAY = 24 * 3600  # seconds

blueprint = Blueprint("signing", "The drawn hand")


class Spelling(Schema):
    text = fields.String(required=True, validate=validate.Length(1, LONGEST))
    alphabet = drawn_alphabet()
    speed = fields.Float(
        load_default=1.5, validate=validate.Range(0.5, 8), metadata={"description": "letters a second"}
    )
    hand = fields.String(load_default="right", validate=validate.OneOf(["left", "right"]))
    tone = fields.Float(
        load_default=0.35, validate=validate.Range(0, 1), metadata={"description": "of the skin: light to dark"}
    )


@blueprint.route("/signing")
class Signing(MethodView):
    @blueprint.arguments(Spelling, location="query")
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="video/webm")
    @blueprint.refuses(422, 503)
    def get(self, given: dict[str, Any]) -> Response:
        """A video of the hand that spells a text"""
        text, name = given["text"], given["alphabet"]
        try:
            spelling.labels(text, name)
        except FingerspellError:
            refuse(422, "error_text")
        speed, tone, left = round(given["speed"], 1), round(given["tone"], 2), given["hand"] == "left"
        return _kept(
            "video/webm", ("film", text, name, speed, left, tone), lambda: _film(text, name, speed, left, tone)
        )


@blueprint.route("/signs/<alphabet>/<label>.png")
class Signs(MethodView):
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
    @blueprint.refuses(404, 503)
    def get(self, alphabet: str, label: str) -> Response:
        """The hand that shows a sign"""
        if alphabet not in alphabets.DRAWN or label not in alphabets.every()[alphabet].signs:
            refuse(404, "error_label")
        return _kept("image/png", ("still", alphabet, label), lambda: _still(alphabet, label))


def _kept(kind: str, key: tuple, make) -> Response:
    try:
        data = current_app.extensions["drawn"].get(key, make)
    except Waiting:
        refuse(503, "error_busy", retry=AGAIN)
    response = send_file(BytesIO(data), kind, max_age=DAY)
    response.cache_control.public, response.cache_control.private = False, True
    return response


def _film(text: str, name: str, speed: float, left: bool, tone: float) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "signing.webm")
        film.write(text, path, name, speed, left, tone, size=(SIDE, SIDE), rate=RATE)
        return path.read_bytes()


def _still(name: str, label: str) -> bytes:
    data = BytesIO()
    Image.fromarray(film.still(name, label, SIDE)).save(data, "PNG")
    return data.getvalue()
