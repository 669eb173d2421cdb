"""Serve the application on this machine: `python -m app`, which is `fingerspell serve`."""

import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import waitress
import waitress.server
from flask import Flask

from app import create_app
from app.security import MIB
from fingerspell import cli
from fingerspell.collecting import Collection
from fingerspell.errors import FingerspellError

THREADS = 32  # requests at a time; those that read wait for the readers, and some follow a video


def serve(
    host: str = "127.0.0.1", port: int = 8000, readers: Iterable[Path] = (), collection: Collection | None = None
) -> None:
    """Serve until interrupted; readers, collection: see `create_app`. FINGERSPELL_HOSTS: names under which the
    application is reached, by commas, beside those of this machine; where pictures are collected it is not looked at.

    Raises FingerspellError where the port cannot be had, or a reader is not whole.
    """
    app = create_app(readers=readers, collection=collection)
    if collection is None and (names := os.environ.get("FINGERSPELL_HOSTS")):
        app.config["TRUSTED_HOSTS"] = [*app.config["TRUSTED_HOSTS"], *(name.strip() for name in names.split(","))]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as a container is stopped: videos are deleted on the way
    server = bind(app, host, port)
    [(_, port), *_] = getattr(server, "effective_listen", [(host, getattr(server, "effective_port", port))])
    page = "" if collection is None else "collect"
    print(f"Fingerspell is at http://{host}:{port}/{page} (Ctrl-C ends it)", flush=True)
    server.run()


def bind(app: Flask, host: str, port: int) -> waitress.server.BaseWSGIServer | waitress.server.MultiSocketServer:
    """Return a server that listens and is yet to run; raises FingerspellError where the port cannot be had."""
    if not 0 <= port < 2**16:  # the system would take another one
        raise FingerspellError(f"{port} is no port; choose --port from 1 to {2**16 - 1}, or 0 for any that is free")
    try:
        return waitress.create_server(
            app,
            host=host,
            port=port,
            threads=THREADS,
            ident=None,
            max_request_body_size=app.config["VIDEO_BYTES"] + MIB,
            inbuf_overflow=4 * MIB,  # frames stay in memory
            channel_request_lookahead=1,  # hears when a page is closed that follows a video
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FingerspellError(f"{host}:{port} cannot be had ({reason}); choose another --host or --port") from error


if __name__ == "__main__":
    sys.exit(cli.main(["serve", *sys.argv[1:]]))
