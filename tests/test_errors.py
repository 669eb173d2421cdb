"""What a system refuses is told with its place and its remedy; faults of the program are left alone."""

import errno

import pytest

from fingerspell.errors import refusal


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "full", "a"), "No space left on device: a; make room, then run again"),
        (OSError(errno.ENOSPC, "full", "from", None, "to"), "No space left on device: to; make room, then run again"),
        (OSError(errno.EACCES, "no", "a"), "Permission denied: a; change the permissions, then run again"),
        (OSError(errno.EROFS, "no", "a"), "Read-only file system: a; change the permissions, then run again"),
    ],
)
def test_a_refusal_names_the_place_and_the_remedy(error, told):
    assert refusal(error) == told


@pytest.mark.parametrize("kind", [OSError, RuntimeError])
def test_a_full_disk_is_known_by_its_words(kind):
    told = refusal(kind("Can't write data (file write failed: errno = 28, error message = 'No space left on device')"))
    assert told.startswith("No space left on device: ") and told.endswith("; make room, then run again")


@pytest.mark.parametrize("error", [ValueError("wrong"), OSError("odd"), FileNotFoundError(errno.ENOENT, "gone", "a")])
def test_any_other_error_is_none(error):
    assert refusal(error) is None
