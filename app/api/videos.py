"""Reading a video: it waits in a line, a process of its own reads it, and pages ask how far it is, or are told."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Response, current_app, send_file, stream_with_context
from flask.views import MethodView
from marshmallow import Schema, fields, validate
from werkzeug.datastructures import FileStorage

from app import alphabets, jobs, worker
from app.api.base import Blueprint, Form, alphabet
from app.api.sessions import Suggestion
from app.errors import refuse
from app.language import translate
from app.security import MIB

FULL_FOR = 60  # seconds after which a place in the line may be free
HEAD = 64  # bytes that say which container a file is
HEARTBEAT = 10.0  # seconds without news after which something is sent, to hear whether anyone is there

blueprint = Blueprint("videos", "Videos, read")


class VideoForm(Form):
    video = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})
    alphabet = alphabet()


class WrittenLetter(Schema):
    time = fields.Float(required=True, metadata={"description": "seconds"})
    end = fields.Float(required=True)
    label = fields.String(required=True)
    letter = fields.String(required=True)
    probability = fields.Float(required=True)
    box = fields.List(fields.Float(), required=True, metadata={"description": "of the hand: fractions"})


class Video(Schema):
    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["waiting", "running", *jobs.FINAL]))
    progress = fields.Float(required=True, metadata={"description": "0 to 1"})
    seconds_left = fields.Float(required=True, allow_none=True)
    message = fields.String(required=True, allow_none=True, metadata={"description": "why it failed"})
    text = fields.String(required=True, metadata={"description": "empty until it is done"})
    letters = fields.List(fields.Nested(WrittenLetter), required=True)
    suggestions = fields.List(fields.Nested(Suggestion), required=True)


@blueprint.route("/videos")
class Videos(MethodView):
    @blueprint.arguments(VideoForm, location="multipart")
    @blueprint.response(202, Video)
    @blueprint.refuses(413, 415, 422, 503)
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Put a video into the line: MP4, MOV, WebM, MKV or AVI"""
        line, container = _line(), _container(given["video"])
        try:
            job = line.reserve()
            try:
                _store(given["video"], line.folder(job) / worker.SOURCE)
            except BaseException:
                line.discard(job)
                raise
            line.add(job, alphabets.every()[given["alphabet"]].address, container)
        except jobs.Full:
            refuse(503, "error_jobs", retry=FULL_FOR)
        return _told(job)


@blueprint.route("/videos/<id>")
class One(MethodView):
    @blueprint.response(200, Video)
    @blueprint.refuses(404)
    def get(self, id: str) -> dict[str, Any]:
        """How a video is"""
        return _told(id)

    @blueprint.response(204)
    @blueprint.refuses(404)
    def delete(self, id: str) -> None:
        """Cancel a video that waits or is read, and delete all its files"""
        try:
            _line().cancel(id)
        except KeyError:
            refuse(404, "error_video")


@blueprint.route("/videos/<id>/events")
class Events(MethodView):
    @blueprint.response(200, {"type": "string"}, content_type="text/event-stream")
    @blueprint.refuses(404, 503)
    def get(self, id: str) -> Response:
        """How a video is, as server-sent events, until it has ended"""
        _told(id)  # or 404
        places = current_app.extensions["streams"]
        if not places.acquire(blocking=False):
            refuse(503, "error_streams", retry=FULL_FOR)
        response = Response(stream_with_context(_events(id)), mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"  # nginx would collect them
        response.call_on_close(places.release)
        return response


@blueprint.route("/videos/<id>/video")
class File(MethodView):
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="video/mp4")
    @blueprint.refuses(404, 409)
    def get(self, id: str) -> Response:
        """The video with hand, letter and word drawn in"""
        return _sent(id, ".mp4", "video/mp4")


@blueprint.route("/videos/<id>/subtitles")
class Subtitles(MethodView):
    @blueprint.response(200, {"type": "string"}, content_type="text/vtt")
    @blueprint.refuses(404, 409)
    def get(self, id: str) -> Response:
        """The letters as WebVTT"""
        return _sent(id, ".vtt", "text/vtt")


@blueprint.route("/videos/<id>/timeline")
class Timeline(MethodView):
    @blueprint.response(200, {"type": "object"}, content_type="application/json")
    @blueprint.refuses(404, 409)
    def get(self, id: str) -> Response:
        """The text, and its letters with time, end, probability and box"""
        return _sent(id, ".json", "application/json")


@blueprint.route("/videos/<id>/text")
class Text(MethodView):
    @blueprint.response(200, {"type": "string"}, content_type="text/plain")
    @blueprint.refuses(404, 409)
    def get(self, id: str) -> Response:
        """The text alone"""
        _done(id)
        return Response(_line().result(id)["text"] + "\n", mimetype="text/plain")


def _sent(id: str, suffix: str, kind: str) -> Response:
    """Return a file of a video under a name that says nothing of the upload."""
    path = (_done(id) / worker.TARGET).with_suffix(suffix)
    return send_file(path, kind, download_name=f"fingerspell{suffix}", max_age=0)


def _done(id: str) -> Path:
    """Return the folder of a video that has been read."""
    if _status(id).state != "done":
        refuse(409, "error_video_unready")
    return _line().folder(id)


def _line() -> jobs.Jobs:
    return current_app.extensions["jobs"]


def _status(id: str) -> jobs.Status:
    try:
        return _line().status(id)
    except KeyError:
        refuse(404, "error_video")


def _told(id: str) -> dict[str, Any]:
    status = _status(id)
    result = _line().result(id) if status.state == "done" else {"text": "", "letters": [], "suggestions": []}
    message = status.message and translate(status.message, **status.details)
    return {
        "id": id, "state": status.state, "progress": status.progress, "seconds_left": status.seconds_left,
        "message": message,
    } | result  # fmt: skip


def _events(id: str) -> Iterator[str]:
    """Yield how a video is, whenever that changes, until it has ended or is gone."""
    before, said = None, time.monotonic()
    while True:
        try:
            now = _line().status(id)
        except KeyError:
            return
        if now != before:
            before, said = now, time.monotonic()
            yield f"data: {json.dumps(_told(id), ensure_ascii=False)}\n\n"
        elif time.monotonic() - said > HEARTBEAT:
            said = time.monotonic()
            yield ":\n\n"
        if now.state in jobs.FINAL:
            return
        time.sleep(jobs.TICK)


def _container(file: FileStorage | str) -> str:
    """Return which container a file of a form is, told by its content; its name is not looked at."""
    if not isinstance(file, FileStorage):
        refuse(422, "error_no_file")
    head = file.stream.read(HEAD)
    file.stream.seek(0)
    if not head:
        refuse(422, "error_empty")
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    refuse(415, "error_video_kind")


def _store(file: FileStorage, path: Path) -> None:
    """Write an upload under a name of our own; refuses with 413 what is too large."""
    largest, size = current_app.config["VIDEO_BYTES"], 0
    with open(path, "wb") as out:
        while part := file.stream.read(MIB):
            if (size := size + len(part)) > largest:
                refuse(413, "error_video_large", size=largest // MIB)
            out.write(part)
