"""`fingerspell serve`: the web application."""

import argparse
from pathlib import Path

PORT = 8000


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "serve",
        help="open the application in a browser: pictures, video, webcam, practice",
        description="Serve the web application on this machine, until it is interrupted.",
    )
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default: %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, metavar="PORT", help="default: %(default)s")
    parser.add_argument(
        "--reader",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="offer this exported reader too, such as data/exported/NAME; may be given several times",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Serve until interrupted."""
    from app.__main__ import serve

    serve(arguments.host, arguments.port, arguments.reader)
