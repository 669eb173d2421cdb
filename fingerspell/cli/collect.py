"""`fingerspell collect`: pictures of one's own signs, taken in the browser."""

import argparse
from pathlib import Path

from fingerspell.cli.serve import PORT


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "collect",
        help="take pictures of your own signs with the webcam, to learn from",
        description="Open the web application with a page that takes bursts of pictures of your own signs and stores "
        "them in FOLDER/NAME/SIGN. It is reached from this machine alone.",
    )
    parser.add_argument("name", metavar="NAME", help="of the dataset that the pictures become")
    parser.add_argument(
        "--folder", type=Path, default=Path("data/own"), metavar="FOLDER", help="where it lies (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, default=PORT, metavar="PORT", help="default: %(default)s")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Serve the page until interrupted."""
    from fingerspell.collecting import Collection

    collection = Collection(arguments.name, arguments.folder)  # what is wrong with it is told at once

    from app.__main__ import serve

    serve(port=arguments.port, collection=collection)
