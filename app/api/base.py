"""What all blueprints of the API share: how requests are parsed, refusals described, and services found."""

import http
from collections.abc import Callable
from typing import Any

import flask_smorest
from flask import current_app
from marshmallow import EXCLUDE, Schema, fields, validate
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import CombinedMultiDict

from app import alphabets
from app.errors import refuse
from app.pictures import Damaged
from app.readers import Busy
from fingerspell.inference.alphabets import Alphabet

PREFIX = "/api/v1"
AGAIN = 2  # seconds after which a visitor is asked to try again


class Parser(FlaskParser):
    """Also takes fields and files of a multipart form in one schema."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"multipart": None}  # the schema says

    def load_multipart(self, request, schema):
        return MultiDictProxy(CombinedMultiDict([request.form, request.files]), schema)


Parser.__location_map__ = FlaskParser.__location_map__ | {"multipart": "load_multipart"}


class Blueprint(flask_smorest.Blueprint):
    """A blueprint below the API's prefix."""

    ARGUMENTS_PARSER = Parser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = flask_smorest.Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING | {
        "multipart": "multipart/form-data"
    }

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, __name__, url_prefix=PREFIX, description=description)

    def refuses(self, *statuses: int) -> Callable[..., Any]:
        """Describe the statuses with which an operation refuses a request, beside 400 that any may answer."""

        def described(function: Callable[..., Any]) -> Callable[..., Any]:
            for status in (400, *statuses):
                phrase = http.HTTPStatus(status).phrase
                function = self.alt_response(status, schema=Error, description=phrase)(function)
            return function

        return described


class Form(Schema):
    """A multipart form. What else it holds, as the token of its page, is ignored."""

    class Meta:
        unknown = EXCLUDE


class Error(Schema):
    code = fields.Integer(required=True, metadata={"description": "HTTP status"})
    status = fields.String(required=True)
    message = fields.String(required=True, metadata={"description": "a sentence in the visitor's language"})
    errors = fields.Dict(metadata={"description": "by location and field, where a value cannot be"})


class Known(validate.Validator):
    """Takes the name of an alphabet that this application reads."""

    @property
    def choices(self) -> tuple[str, ...]:  # as the description of the API asks for them
        return tuple(alphabets.every())

    def __call__(self, name: str) -> str:
        return validate.OneOf(self.choices)(name)


def alphabet() -> fields.String:
    """Return the field of the name of an alphabet that is read."""
    return fields.String(load_default="american", validate=Known())


def drawn_alphabet() -> fields.String:
    """Return the field of the name of an alphabet that the drawn hand signs."""
    return fields.String(load_default="american", validate=validate.OneOf(alphabets.DRAWN))


def ask(alphabet: Alphabet, work: Callable[..., Any]) -> Any:
    """Return what `work` makes of a reader of the alphabet; refuses with 503 where too many are waiting, with 422 what
    cannot be decoded."""
    try:
        return current_app.extensions["readers"].ask(alphabet.folder, work)
    except Busy:
        refuse(503, "error_busy", retry=AGAIN)
    except Damaged:
        refuse(422, "error_picture_damaged")
