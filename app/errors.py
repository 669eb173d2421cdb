"""What a visitor is told when something cannot be done: one sentence, in their language, and never a traceback."""

from typing import Any, NoReturn

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from app.language import messages, translate
from fingerspell.errors import FingerspellError

API = "/api/"


class Refused(HTTPException):
    """A request that is answered with a status, a message's key, and what the message tells."""

    def __init__(self, status: int, key: str, retry: int | None = None, **values: object) -> None:
        """retry: seconds after which to try again."""
        super().__init__(translate(key, **values))
        self.code, self.retry = status, retry


def refuse(status: int, key: str, retry: int | None = None, **values: object) -> NoReturn:
    """End the request with a message; see `Refused`."""
    raise Refused(status, key, retry, **values)


def install(app: Flask) -> None:
    """Answer every error, a fault among them: as JSON below `/api/`, as a page elsewhere."""
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(FingerspellError, _unable)


def _unable(error: FingerspellError) -> Response | tuple:
    """Answer where a model is not whole, or does not run on this machine: the log says why."""
    current_app.logger.error("%s", error)
    return _answer(Refused(503, "error_unavailable"))


def _answer(error: HTTPException) -> Response | tuple:
    if error.code is None or error.code < 400:
        return error  # a redirection
    message = error.description if isinstance(error, Refused) else _message(error)
    if request.path.startswith(API):
        body: dict[str, Any] = {"code": error.code, "status": error.name, "message": message}
        if invalid := getattr(error, "data", None) or {}:
            body["errors"] = invalid.get("messages", {})
        response = jsonify(body)
    elif isinstance(error, SecurityError):  # a host that is not ours: pages would link to it
        response = Response(message, mimetype="text/plain")
    else:
        response = current_app.make_response(render_template("error.html", status=error.code, message=message))
    response.status_code = error.code
    if (retry := getattr(error, "retry", None)) is not None:
        response.headers["Retry-After"] = str(retry)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _message(error: HTTPException) -> str:
    if isinstance(error, SecurityError):
        return translate("error_host")
    if isinstance(error, CSRFError):
        return translate("error_csrf")
    key = f"error_{error.code}"
    return translate(key if key in messages("en") else "error_request")
