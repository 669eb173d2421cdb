"""Letters out of frames: what is shown long enough is written once."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Letter:
    """One letter as it was written.

    label: the class. start, end: seconds, when it began to be shown and when it ended, so far. probability: 0–1.
    candidates: at most five labels with their shares of the evidence, the best first. bounced: the letter before it
    was the same, and the hand only bounced between them.
    """

    label: str
    start: float
    end: float
    probability: float
    candidates: tuple[tuple[str, float], ...]
    bounced: bool = False
