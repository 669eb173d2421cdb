"""Words to practise with."""

import random
from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields, validate

from app.api.base import Blueprint, drawn_alphabet
from app.errors import refuse
from fingerspell.errors import FingerspellError
from fingerspell.inference import lexicon

TRIES = 50  # to find a word that was not excluded

blueprint = Blueprint("practice", "Practice")


class Wanted(Schema):
    alphabet = drawn_alphabet()
    length = fields.Integer(load_default=4, validate=validate.Range(2, 12), metadata={"description": "letters"})
    exclude = fields.String(load_default="", validate=validate.Length(max=400), metadata={"description": "by commas"})


class Word(Schema):
    text = fields.String(required=True)


@blueprint.route("/practice/word")
class Words(MethodView):
    @blueprint.arguments(Wanted, location="query")
    @blueprint.response(200, Word)
    @blueprint.refuses(404, 422)
    def get(self, given: dict[str, Any]) -> dict[str, Any]:
        """A common word of that length"""
        known = set(given["exclude"].split(","))
        for _ in range(TRIES):
            try:
                [word] = lexicon.sample(given["alphabet"], 1, random.getrandbits(32), given["length"], given["length"])
            except FingerspellError:  # there is none
                break
            if word not in known:
                return {"text": word}
        refuse(404, "error_word")
