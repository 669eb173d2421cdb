"""What is meant for the person at the keyboard: the one exception, and numbers with their nouns."""


class FingerspellError(Exception):
    """A sentence that says what is wrong, where, and what to do; stages print it and exit with status 1."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, whose plural ends in s where `many` does not name it: 1 image, 2,000 images."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
