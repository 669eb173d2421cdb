"""The command `fingerspell`."""

import os
import sys


def main(words: list[str] | tuple[str, ...] | None = None) -> int:
    """Run the command line given, by default the process's own, and return its exit status.

    A failure is one sentence on standard error and status 1; a command that is spelt wrongly has status 2. Ctrl-C is a
    sentence, too, with status 130, from here on: all else is imported below.
    """
    try:
        from fingerspell.cli.command_line import run

        return run(words)
    except KeyboardInterrupt:
        print("fingerspell: interrupted", file=sys.stderr, flush=True)
        if words is None:  # to end in order may fail where compiled code was being imported
            os._exit(130)
        return 130
