"""The commands and their failures. What a command needs is imported when it runs: help must not wait for Keras."""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fingerspell.cli import annotate, collect, evaluate, predict, serve, sign
from fingerspell.errors import FingerspellError, refusal
from fingerspell.interrupts import heard, interrupted

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

COMMANDS = predict, annotate, sign, serve, evaluate, collect


def run(words: Sequence[str] | None = None) -> int:
    """Run a command line, by default the process's own, and return its exit status; raises KeyboardInterrupt."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notes drown the messages that matter
    if isinstance(sys.stdout, io.TextIOWrapper):  # it may be unable to write a letter, or the name of a file
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with heard(signal.SIGINT):
            try:
                arguments = _parser().parse_args(words)
                arguments.run(arguments)
            finally:
                print(end="", flush=True)
        return 0
    except BaseException as error:
        if interrupted(error):
            raise KeyboardInterrupt from error
        sentence: str | None
        if isinstance(error, FingerspellError):
            sentence = str(error)
        elif isinstance(error, BrokenPipeError):  # whoever read the output has seen enough, as `head` does
            sentence = ""
        elif isinstance(error, ImportError):  # outside of the project, pip installs an OpenCV that wants a desktop
            sentence = f"{error}; install the package or the library (without a desktop OpenCV wants Debian's libgl1)"
        elif (sentence := refusal(error)) is None:
            raise
    if sentence:
        print(f"fingerspell: {sentence}", file=sys.stderr)
    _give_up_output()
    return 1


def _give_up_output() -> None:
    """Where standard output cannot be written Python would complain of it as it ends."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fingerspell",
        description="Recognise the letters of sign-language alphabets in pictures and video; spell with a drawn hand.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and stop")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser


class _Parser(argparse.ArgumentParser):
    """Tells where its help cannot be written, which argparse keeps to itself."""

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:
        print(self.format_help(), end="", file=file)


class _Version(argparse.Action):
    """Look the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"fingerspell {version('fingerspell')}")
        parser.exit()
