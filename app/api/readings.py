"""Reading a picture: every hand in it, exactly as `fingerspell predict --json` tells it, and how the network saw it."""

import base64
from typing import Any

import cv2
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from app import alphabets, pictures
from app.api.base import Blueprint, Form, alphabet, ask
from fingerspell.inference import answers
from fingerspell.inference.reader import Reader, Reading

SEEN = 192  # pixels: side of the cut-out hand that is shown

blueprint = Blueprint("readings", "Pictures, read")


class PictureForm(Form):
    picture = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})
    alphabet = alphabet()
    hands = fields.Integer(load_default=1, validate=validate.Range(1, answers.MOST_HANDS))


class Answer(Schema):
    label = fields.String(required=True, data_key="class", attribute="class")
    letter = fields.String(required=True)
    probability = fields.Float(required=True)


class ReadHand(Schema):
    label = fields.String(required=True, allow_none=True, data_key="class", attribute="class")
    letter = fields.String(required=True, allow_none=True)
    probability = fields.Float(required=True)
    answers = fields.List(fields.Nested(Answer), required=True)
    box = fields.List(fields.Float(), required=True, metadata={"description": "left, top, right, bottom: fractions"})
    hand = fields.String(required=True, validate=validate.OneOf(["left", "right"]))
    score = fields.Float(required=True)
    found = fields.String(required=True)
    landmarks = fields.List(fields.List(fields.Float()), required=True)
    seen = fields.String(required=True, metadata={"description": "the hand as the network saw it: a data URL, JPEG"})


class Read(Schema):
    width = fields.Integer(required=True, metadata={"description": "of the picture as it was read, upright"})
    height = fields.Integer(required=True)
    hands = fields.List(fields.Nested(ReadHand), required=True, metadata={"description": "the largest first"})


@blueprint.route("/readings")
class Readings(MethodView):
    @blueprint.arguments(PictureForm, location="multipart")
    @blueprint.response(200, Read)
    @blueprint.refuses(413, 415, 422, 503)
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Read a picture: JPEG, PNG, WebP, GIF (its first frame) or BMP"""
        data = pictures.uploaded(given["picture"])
        pictures.check(data)
        chosen = alphabets.every()[given["alphabet"]]
        return ask(chosen, lambda reader: _read(reader, data, given["hands"]))


def _read(reader: Reader, data: bytes, most: int) -> dict[str, Any]:
    pixels = pictures.decoded(data)
    found = reader.read(pixels)[:most]
    height, width = pixels.shape[:2]
    told = [hand | {"seen": _seen(pixels, one)} for hand, one in zip(answers.hands(reader, found), found)]
    return {"width": width, "height": height, "hands": told}


def _seen(pixels, reading: Reading) -> str:
    """Return the upright square around a hand as the address of a JPEG within itself."""
    height, width = pixels.shape[:2]
    square = reading.hand.crop(width, height).cut(pixels, SEEN)
    jpeg = cv2.imencode(".jpg", square[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
