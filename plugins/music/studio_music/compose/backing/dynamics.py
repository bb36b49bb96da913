"""How loud a note of the backing is: its sign, its place in the phrase, and a human hand."""

from __future__ import annotations

from typing import Final

import numpy as np

from studio_music.compose.backing.bars import PHRASE_BARS, Bar

_SIGNS: Final = {"X": 104, "o": 54}
_PLAIN: Final = 80
_SWELL: Final = (-3, 0, 3, 1)
"""What each bar of a phrase adds: towards its third, and back."""
_HAND: Final = 4.0
"""Standard deviation of a player's strokes."""

assert len(_SWELL) == PHRASE_BARS


def velocity(sign: str, bar: Bar, rng: np.random.Generator) -> int:
    """Return the velocity, 1…127, of a stroke with this sign in ``bar``."""
    loud = _SIGNS.get(sign, _PLAIN) + _SWELL[bar.place] + rng.normal(0, _HAND)
    return int(min(127, max(1, round(loud))))
