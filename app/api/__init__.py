"""The JSON API, version 1, and its description at `/api/v1/openapi.json`."""

import flask_smorest
from flask import Flask

from app.api import alphabets, collection, practice, readings, sessions, signing, videos
from app.api.base import PREFIX, Error

SETTINGS = {
    "API_TITLE": "Fingerspell",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.3",
    "OPENAPI_URL_PREFIX": PREFIX,
    "OPENAPI_JSON_PATH": "openapi.json",
    "API_SPEC_OPTIONS": {
        "info": {
            "description": "Letters of sign-language alphabets, read and shown. POST, PUT and DELETE carry what "
            "`GET /token` answers in the header X-CSRFToken, and the cookie that came with it; messages are in the "
            "language of `?lang=` (en, ar) or Accept-Language."
        }
    },
}


class Api(flask_smorest.Api):
    ERROR_SCHEMA = Error


def install(app: Flask) -> None:
    """Give an application the API."""
    app.config.update(SETTINGS)
    api = Api(app)
    parts = [alphabets, readings, sessions, videos, signing, practice]
    if "collection" in app.extensions:
        parts.append(collection)
    with app.app_context():  # the description names the alphabets of this application
        for part in parts:
            api.register_blueprint(part.blueprint)
