"""Which share of the beats are chords that have a name: triads and sevenths, in any position."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_CHORDS: Final = (
    (0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8),
    (0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10), (0, 3, 6, 10), (0, 3, 6, 9),
    (0, 4), (0, 3), (0, 4, 10),
)  # fmt: skip
"""Triads, sevenths, and those without a fifth."""

_NAMED: Final = frozenset(
    frozenset((step + root) % 12 for step in chord) for chord in _CHORDS for root in range(12)
)


def named_share(grid: NDArray[np.int64], every: int = 4) -> float:
    """Return the share of every so many-th step whose sounding pitch classes make a named chord.

    Args:
        grid: (steps, voices) MIDI pitches, −1 for a rest; silent steps do not count.
    """
    beats = [frozenset((row[row >= 0] % 12).tolist()) for row in grid[::every]]
    sounding = [beat for beat in beats if beat]
    return sum(beat in _NAMED for beat in sounding) / max(len(sounding), 1)
