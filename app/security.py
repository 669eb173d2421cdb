"""What keeps visitors safe: limits on requests, tokens against forged ones, hosts, and headers for browsers."""

from flask import Flask, Response, abort, request
from flask_wtf import CSRFProtect

MIB = 2**20
FORM = MIB  # of a multipart request, beside its file
# What a page may load: its own files alone, pictures and videos that its script made, and no script within the page.
POLICY = "; ".join([
    "default-src 'self'", "img-src 'self' data: blob:", "media-src 'self' blob:", "object-src 'none'",
    "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
])  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LARGE = {
    "readings.Readings": "PICTURE_BYTES", "videos.Videos": "VIDEO_BYTES", "sessions.Frames": "FRAME_BYTES",
    "collection.Bursts": "BURST_BYTES",
}  # fmt: skip

csrf = CSRFProtect()


def install(app: Flask) -> None:
    """Guard every request and every answer of an application."""

    # Before anything reads the body, as the check of tokens does.
    @app.before_request
    def _limit() -> None:
        if setting := LARGE.get(request.endpoint or ""):
            request.max_content_length = app.config[setting] + FORM

    @app.before_request
    def _nameless() -> None:
        if None in request.form:  # a part without a name, at which the check of tokens would stumble
            abort(400)

    csrf.init_app(app)

    @app.after_request
    def _guard(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response
