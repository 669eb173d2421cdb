"""Live: a session takes the camera's frames, one after the other, and answers what was signed.

Frames are never stored. A frame that comes while the one before is being read is refused with 429: the camera shows a
newer one by then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from flask import current_app, request
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from app import alphabets, live, pictures
from app.api.base import Blueprint, alphabet, ask
from app.errors import refuse
from app.language import language
from fingerspell.inference.alphabets import Alphabet
from fingerspell.inference.reader import Reader, Reading, Track
from fingerspell.practice import advice

LATEST = 10**6  # seconds
FULL_FOR = 60  # seconds after which a place may be free
WHY = ("no_hand", "moving", "unsure", "blurred", "dark")

blueprint = Blueprint("sessions", "Live: frames of a camera, read")


class Begin(Schema):
    alphabet = alphabet()
    target = fields.String(load_default=None, allow_none=True, metadata={"description": "label to be practised"})


class Begun(Schema):
    id = fields.String(required=True)


class Target(Schema):
    target = fields.String(required=True, allow_none=True)


class Time(Schema):
    time = fields.Float(required=True, validate=validate.Range(0, LATEST), metadata={"description": "seconds"})


class Suggestion(Schema):
    text = fields.String(required=True)
    known = fields.Boolean(required=True)


class Hand(Schema):
    box = fields.List(fields.Float(), required=True)
    landmarks = fields.List(fields.List(fields.Float()), required=True)
    side = fields.String(required=True)


class Leading(Schema):
    label = fields.String(required=True)
    letter = fields.String(required=True)
    progress = fields.Float(required=True)


class Current(Schema):
    label = fields.String(required=True)
    letter = fields.String(required=True)


class Locked(Current):
    time = fields.Float(required=True)
    probability = fields.Float(required=True)


class Advice(Schema):
    text = fields.String(required=True)
    joints = fields.List(fields.Integer(), required=True)


class Text(Schema):
    text = fields.String(required=True)
    suggestions = fields.List(fields.Nested(Suggestion), required=True)


class Seen(Text):
    state = fields.String(required=True, validate=validate.OneOf(["no hand", "moving", "unsure", "gathering", "held"]))
    hand = fields.Nested(Hand, required=True, allow_none=True)
    leading = fields.Nested(Leading, required=True, allow_none=True)
    current = fields.Nested(Current, required=True, allow_none=True)
    locked = fields.List(fields.Nested(Locked), required=True, metadata={"description": "new since the last frame"})
    why = fields.String(required=True, allow_none=True, validate=validate.OneOf(WHY))
    advice = fields.List(fields.Nested(Advice), required=True)


class Edit(Schema):
    action = fields.String(required=True, validate=validate.OneOf(["space", "delete", "clear", "choose"]))
    text = fields.String(validate=validate.Length(max=live.KEPT), metadata={"description": "that is chosen"})


@blueprint.route("/sessions")
class Sessions(MethodView):
    @blueprint.arguments(Begin, required=False)
    @blueprint.response(201, Begun)
    @blueprint.refuses(413, 422, 503)
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Begin a session; it ends when nothing is heard of it for some minutes"""
        chosen = alphabets.every()[given["alphabet"]]
        _check(chosen, given["target"])
        session = live.Session(chosen, chosen.stable(), given["target"])
        try:
            return {"id": current_app.extensions["sessions"].add(session)}
        except live.Full:
            refuse(503, "error_sessions", retry=FULL_FOR)


@blueprint.route("/sessions/<id>")
class Session(MethodView):
    @blueprint.response(204)
    @blueprint.refuses(404)
    def delete(self, id: str) -> None:
        """End a session"""
        try:
            current_app.extensions["sessions"].remove(id)
        except KeyError:
            refuse(404, "error_session")


@blueprint.route("/sessions/<id>/target")
class Targets(MethodView):
    @blueprint.arguments(Target)
    @blueprint.response(200, Schema)
    @blueprint.refuses(404, 413, 422)
    def put(self, given: dict[str, Any], id: str) -> dict[str, Any]:
        """Say which sign is practised, null for none; advice follows with each frame"""
        session = _find(id)
        _check(session.alphabet, given["target"])
        session.target = given["target"]
        return {}


@blueprint.route("/sessions/<id>/edit")
class Edits(MethodView):
    @blueprint.arguments(Edit)
    @blueprint.response(200, Text)
    @blueprint.refuses(404, 413, 422)
    def post(self, given: dict[str, Any], id: str) -> dict[str, Any]:
        """Change the text: a blank, the last character away, all away, or a suggestion in its place"""
        session = _find(id)
        with session.lock:
            if given["action"] == "choose":
                session.choose(given.get("text", ""))
            else:
                getattr(session, given["action"])()
            return {"text": session.text, "suggestions": session.suggestions()}


@blueprint.route("/sessions/<id>/frames")
class Frames(MethodView):
    @blueprint.arguments(Time, location="query")
    @blueprint.response(200, Seen)
    @blueprint.refuses(404, 409, 413, 415, 422, 429, 503)
    @blueprint.doc(
        requestBody={
            "required": True,
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        }
    )
    def post(self, given: dict[str, Any], id: str) -> dict[str, Any]:
        """Read a frame, a JPEG; frames come in the order of their times"""
        session = _find(id)
        data = _frame()
        with _alone(session):
            if given["time"] <= session.time:
                refuse(409, "error_frame_order")
            pixels, reading = ask(session.alphabet, lambda reader: _read(reader, data, session.track))
            locked = session.add(given["time"], reading)
            return _seen(session, pixels, reading, locked)


@contextmanager
def _alone(session: live.Session) -> Iterator[None]:
    """Hold a session, or refuse with 429 where another frame does."""
    if not session.lock.acquire(blocking=False):
        refuse(429, "error_frame_busy", retry=1)
    try:
        yield
    finally:
        session.lock.release()


def _frame() -> bytes:
    """Return the JPEG in the body of a request."""
    data = request.get_data(cache=False)
    if len(data) > current_app.config["FRAME_BYTES"]:
        refuse(413, "error_frame_large")
    if not data:
        refuse(422, "error_empty")
    if pictures.kind(data) != "JPEG":
        refuse(415, "error_frame_kind")
    pictures.check(data, current_app.config["FRAME_PIXELS"])
    return data


def _read(reader: Reader, data: bytes, track: Track) -> tuple[np.ndarray, Reading | None]:
    pixels = pictures.decoded(data)
    return pixels, reader.follow(pixels, track)


def _seen(session: live.Session, pixels: np.ndarray, reading: Reading | None, locked: list) -> dict[str, Any]:
    shown = session.alphabet.letters
    letters = session.letters
    label, progress = letters.leading or (None, 0.0)
    height, width = pixels.shape[:2]
    return {
        "state": letters.state,
        "hand": reading and {
            "box": [round(value, 4) for value in reading.hand.box],
            "landmarks": [[round(value, 4) for value in point] for point in reading.hand.landmarks.tolist()],
            "side": reading.hand.side,
        },
        "leading": None if label is None else {"label": label, "letter": shown[label], "progress": round(progress, 3)},
        "current": letters.current and {"label": letters.current.label, "letter": shown[letters.current.label]},
        "locked": [
            {"label": one.label, "letter": shown[one.label], "time": one.start, "probability": one.probability}
            for one in locked
        ],
        "text": session.text,
        "suggestions": session.suggestions(),
        "why": live.why(letters.state, pixels, reading),
        "advice": _advice(session, reading, width, height),
    }  # fmt: skip


def _advice(session: live.Session, reading: Reading | None, width: int, height: int) -> list[dict[str, Any]]:
    if session.target is None or reading is None:
        return []
    hand = reading.hand
    found = advice.advise(session.alphabet.name, session.target, hand.landmarks, hand.side, width, height)
    return [{"text": advice.sentence(one, language()), "joints": one.joints} for one in found]


def _find(id: str) -> live.Session:
    try:
        return current_app.extensions["sessions"].find(id)
    except KeyError:
        refuse(404, "error_session")


def _check(alphabet: Alphabet, target: str | None) -> None:
    if target is not None and (alphabet.name not in alphabets.DRAWN or target not in alphabet.signs):
        refuse(422, "error_label")
