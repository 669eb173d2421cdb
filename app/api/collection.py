"""Pictures of one's own signs: bursts that the camera took, stored with their sign. Only where it is switched on."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO

from flask import Response, current_app, send_file
from flask.views import MethodView
from marshmallow import Schema, fields, validate
from PIL import Image

from app import alphabets, pictures
from app.api.base import Blueprint, Form, ask
from app.errors import refuse
from app.language import isolated
from fingerspell.collecting import BURSTS, LONGEST, BadName, Collection, Twin, named
from fingerspell.errors import ROOM, FingerspellError
from fingerspell.images import whole

MOST = 15  # pictures of a burst
THUMBNAIL = 240  # pixels: longer side
DAY = 24 * 3600  # seconds
CLOSED = errno.EACCES, errno.EPERM, errno.EROFS

blueprint = Blueprint("collection", "Your own signs, collected")


class BurstForm(Form):
    sign = fields.String(required=True, metadata={"description": "its name, in any script"})
    pictures = fields.List(
        fields.Raw(metadata={"type": "string", "format": "binary"}),
        required=True,
        validate=validate.Length(1, MOST),
        metadata={"description": "JPEG, in their order"},
    )


class Stored(Schema):
    sign = fields.String(required=True)
    burst = fields.String(required=True)
    pictures = fields.Integer(required=True)
    hands = fields.Integer(required=True, metadata={"description": "pictures in which a hand is seen"})


class Burst(Schema):
    name = fields.String(required=True, metadata={"description": "when it was taken"})
    pictures = fields.List(fields.String(), required=True)


class CollectedSign(Schema):
    name = fields.String(required=True)
    pictures = fields.Integer(required=True)
    missing = fields.Integer(required=True, metadata={"description": f"bursts; {BURSTS} are needed"})
    bursts = fields.List(fields.Nested(Burst), required=True, metadata={"description": "the oldest first"})


class Signs(Schema):
    signs = fields.List(fields.Nested(CollectedSign), required=True)


@blueprint.route("/collection")
class Whole(MethodView):
    @blueprint.response(200, Signs)
    @blueprint.refuses(507)
    def get(self) -> dict:
        """The signs that have pictures, with their bursts"""
        with _disk():
            return {"signs": _collection().signs()}


@blueprint.route("/collection/bursts")
class Bursts(MethodView):
    @blueprint.arguments(BurstForm, location="multipart")
    @blueprint.response(201, Stored)
    @blueprint.refuses(409, 413, 415, 422, 503, 507)
    def post(self, given: dict) -> dict:
        """Store a burst whole, and say in how many of its pictures a hand is seen"""
        try:
            sign = named(given["sign"])
            files = [_picture(file) for file in given["pictures"]]
            hands = sum(map(_shows_hand, files))
            with _disk():
                burst = _collection().store(sign, files, datetime.now())
        except BadName:
            refuse(422, "error_sign_name", most=LONGEST)
        except Twin as error:
            refuse(409, "error_sign_twin", other=isolated(error.other))
        return {"sign": sign, "burst": burst.name, "pictures": len(files), "hands": hands}


@blueprint.route("/collection/signs/<sign>/bursts/<burst>")
class One(MethodView):
    @blueprint.response(204)
    @blueprint.refuses(404, 507)
    def delete(self, sign: str, burst: str) -> None:
        """Delete a burst"""
        with _disk():
            _collection().delete(sign, burst)


@blueprint.route("/collection/signs/<sign>/bursts/<burst>/<picture>")
class Thumbnail(MethodView):
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
    @blueprint.refuses(404, 422, 507)
    def get(self, sign: str, burst: str, picture: str) -> Response:
        """A picture, small"""
        with _disk():
            data = _collection().picture(sign, burst, picture).read_bytes()
        try:
            image = Image.fromarray(whole(data, THUMBNAIL))
        except FingerspellError:
            refuse(422, "error_picture_damaged")
        small = BytesIO()
        image.save(small, "JPEG", quality=80)
        small.seek(0)
        return send_file(small, "image/jpeg", max_age=DAY)


def _collection() -> Collection:
    return current_app.extensions["collection"]


def _picture(file: object) -> bytes:
    data = pictures.uploaded(file)
    pictures.check(data)
    if pictures.kind(data) != "JPEG":
        refuse(415, "error_frame_kind")
    return data


def _shows_hand(data: bytes) -> bool:
    american = alphabets.every()["american"]  # any reader finds hands
    return ask(american, lambda reader: bool(reader.read(pictures.decoded(data))))


@contextmanager
def _disk() -> Iterator[None]:
    """Say in a sentence what the disk refuses, or that there is no such burst."""
    try:
        yield
    except KeyError:
        refuse(404, "error_burst")
    except OSError as error:
        current_app.logger.error("%s", error)
        full, closed = error.errno in ROOM, error.errno in CLOSED
        key = "error_disk_full" if full else "error_disk_closed" if closed else "error_disk"
        refuse(507, key, folder=isolated(_collection().folder))
