"""The command `fingerspell`. What it needs is imported when a command runs: help must not wait for Keras."""

import argparse
import os
import sys
from collections.abc import Sequence

from fingerspell.cli import annotate, evaluate, predict, serve, sign
from fingerspell.errors import FingerspellError

COMMANDS = predict, annotate, sign, serve, evaluate


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line given, by default the process's own, and return its exit status.

    A failure is one sentence on standard error and status 1; a command that is spelt wrongly has status 2.
    """
    arguments = _parser().parse_args(words)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notes drown the messages that matter
    try:
        arguments.run(arguments)
    except FingerspellError as error:
        print(f"fingerspell: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain as it ends
        return 1
    except KeyboardInterrupt:
        print("fingerspell: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fingerspell",
        description="Recognise the letters of sign-language alphabets in pictures and video; spell with a drawn hand.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and stop")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser


class _Version(argparse.Action):
    """Look the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"fingerspell {version('fingerspell')}")
        parser.exit()
