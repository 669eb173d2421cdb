"""A few attempts of `make torture`, with a seed that is printed: whatever stops a study, `make repro` ends it."""

import random

import pytest
from torture import torture

pytestmark = pytest.mark.slow


def test_a_study_stopped_at_random_moments_ends_as_if_undisturbed(tmp_path):
    seed = random.randrange(10**6)
    wrong = torture(4, seed, tmp_path)
    assert not wrong, "\n".join(wrong)
