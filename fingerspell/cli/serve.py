"""`fingerspell serve`: the web application."""

import argparse


def add(commands: "argparse._SubParsersAction") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "serve",
        help="open the application in a browser: pictures, video, webcam, practice",
        description="Serve the web application on this machine, until it is interrupted.",
    )
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, metavar="PORT", help="default: %(default)s")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Serve until interrupted."""
    from app.__main__ import serve

    serve(arguments.host, arguments.port)
