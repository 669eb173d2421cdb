"""Hands on transparent ground, as a sheet."""

import numpy as np
from matplotlib.figure import Figure

from fingerspell.datasets.hands import Hands
from fingerspell.errors import counted
from fingerspell.plots import sheets

SHOWN = 48
GREEN = np.array([60, 140, 60])  # what they are shown on


def hand_sheet(hands: Hands, counts: dict[str, int], title: str) -> Figure:
    """Return some of the hands that were cut out, or else of those that were drawn, all through the alphabet.

    counts: how many hands are `rendered` and `cut`, out of how many `photographs_with_a_hand`.
    """
    rows = np.flatnonzero(hands.sources == ("cut" if counts["cut"] else "rendered"))
    rows = rows[np.argsort(hands.labels[rows], kind="stable")]
    rows = rows[np.linspace(0, len(rows) - 1, min(SHOWN, len(rows))).astype(int)]
    about = f"some of {counted(counts['rendered'], 'drawn hand')}"
    if counts["cut"]:
        about = f"hands cut out of {counts['cut']:,} of {counted(counts['photographs_with_a_hand'], 'photograph')}"
    pictures = []
    for sheet in hands.sheets[rows]:
        opacity = sheet[..., 3:] / 255
        pictures.append((opacity * sheet[..., :3] + (1 - opacity) * GREEN).astype(np.uint8))
    return sheets.contact_sheet(pictures, hands.labels[rows].tolist(), columns=12, title=f"{title}: {about}")
