"""The alphabets, and the token that requests must carry which change something."""

from flask.views import MethodView
from flask_wtf.csrf import generate_csrf
from marshmallow import Schema, fields

from app import alphabets
from app.api.base import Blueprint
from app.language import translate

blueprint = Blueprint("alphabets", "Alphabets and their signs")


class Sign(Schema):
    label = fields.String(required=True, metadata={"description": "class of the model"})
    letter = fields.String(required=True, metadata={"description": "what people write"})
    moves = fields.Boolean(required=True, metadata={"description": "the sign is a motion, not a pose"})


class Alphabet(Schema):
    name = fields.String(required=True)
    title = fields.String(required=True)
    signs = fields.List(fields.Nested(Sign), required=True)


class Token(Schema):
    token = fields.String(required=True)


@blueprint.route("/alphabets")
class Alphabets(MethodView):
    @blueprint.response(200, Alphabet(many=True))
    @blueprint.refuses()
    def get(self) -> list[dict]:
        """The alphabets that are read and shown"""
        return [
            {"name": name, "title": translate(f"alphabet_{name}"), "signs": alphabets.signs(name).values()}
            for name in alphabets.NAMES
        ]


@blueprint.route("/token")
class Tokens(MethodView):
    @blueprint.response(200, Token)
    @blueprint.refuses()
    def get(self) -> dict:
        """What POST, PUT and DELETE carry as X-CSRFToken, with the cookie that came with it"""
        return {"token": generate_csrf()}
