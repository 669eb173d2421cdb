"""The one exception whose message is meant for the person at the keyboard."""


class FingerspellError(Exception):
    """A sentence that says what is wrong, where, and what to do; stages print it and exit with status 1."""
