"""Serve the application on this machine: `python -m app`, or `fingerspell serve`."""

import argparse
import os
import signal
import sys

import waitress
import waitress.server
from flask import Flask

from app import create_app
from app.security import MIB
from fingerspell.errors import FingerspellError

THREADS = 32  # requests at a time; those that read wait for the readers, and some follow a video


def serve(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve until interrupted. FINGERSPELL_HOSTS: names under which the application is reached, by commas, beside
    those of this machine.

    Raises FingerspellError where the port cannot be had.
    """
    app = create_app()
    if names := os.environ.get("FINGERSPELL_HOSTS"):
        app.config["TRUSTED_HOSTS"] = [*app.config["TRUSTED_HOSTS"], *(name.strip() for name in names.split(","))]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as a container is stopped: videos are deleted on the way
    server = bind(app, host, port)
    [(_, port), *_] = getattr(server, "effective_listen", [(host, getattr(server, "effective_port", port))])
    print(f"Fingerspell is at http://{host}:{port}/ (Ctrl-C ends it)", flush=True)
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    try:
        serve(arguments.host, arguments.port)
    except FingerspellError as error:
        print(f"fingerspell: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
