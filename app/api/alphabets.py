"""The alphabets, and the token that requests must carry which change something."""

from typing import Any

from flask.views import MethodView
from flask_wtf.csrf import generate_csrf
from marshmallow import Schema, fields, validate

from app import alphabets
from app.api.base import Blueprint

blueprint = Blueprint("alphabets", "Alphabets and their signs")


class Sign(Schema):
    label = fields.String(required=True, metadata={"description": "class of the model"})
    letter = fields.String(required=True, metadata={"description": "what people write"})
    moves = fields.Boolean(required=True, metadata={"description": "the sign is a motion, not a pose"})


class Alphabet(Schema):
    name = fields.String(required=True)
    title = fields.String(required=True)
    direction = fields.String(required=True, validate=validate.OneOf(["ltr", "rtl"]))
    language = fields.String(required=True, metadata={"description": "of its text: en, ar, or empty"})
    drawn = fields.Boolean(required=True, metadata={"description": "it can be drawn and practised"})
    words = fields.Boolean(required=True, metadata={"description": "words of it are known, and suggested"})
    signs = fields.List(fields.Nested(Sign), required=True)


class Token(Schema):
    token = fields.String(required=True)


@blueprint.route("/alphabets")
class Alphabets(MethodView):
    @blueprint.response(200, Alphabet(many=True))
    @blueprint.refuses()
    def get(self) -> list[dict[str, Any]]:
        """The alphabets that are read: American, Arabic, and those of readers that were added"""
        return [
            {
                "name": one.name,
                "title": alphabets.title(one),
                "direction": one.direction,
                "language": one.language,
                "drawn": one.name in alphabets.DRAWN,
                "words": one.like is not None,
                "signs": [
                    {"label": label, "letter": letter, "moves": label in one.moving}
                    for label, letter in one.signs.items()
                ],
            }
            for one in alphabets.every().values()
        ]


@blueprint.route("/token")
class Tokens(MethodView):
    @blueprint.response(200, Token)
    @blueprint.refuses()
    def get(self) -> dict[str, Any]:
        """What POST, PUT and DELETE carry as X-CSRFToken, with the cookie that came with it"""
        return {"token": generate_csrf()}
