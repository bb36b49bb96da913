"""Vocabulary of the tune network: notes relative to the tonic, and the request.

Time is counted in units, 24 to a quarter note, so that thirty-seconds and triplets are whole.
Plain data and numpy; knows neither torch nor pieces.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

UNITS: Final = 24
"""Units of a quarter note."""

LOWEST: Final = -13
"""Semitones under the tonic that can still be written."""

PITCHES: Final = 42
"""Pitches that can be written: ``LOWEST`` … ``LOWEST + PITCHES - 1`` semitones from the tonic."""

REST: Final = PITCHES
"""Written instead of a pitch: nothing sounds."""

NOTHING: Final = PITCHES + 1
"""Read only: there is no such note (yet, or so long ago)."""

DURATIONS: Final = (3, 4, 6, 8, 9, 12, 16, 18, 21, 24, 30, 36, 42, 48, 60, 72, 84, 96, 108, 144)
"""Lengths of notes in units: from a thirty-second to a bar of 12/8 or 6/4."""

NO_DURATION: Final = len(DURATIONS)

METRES: Final = {
    "4/4": 96,
    "3/4": 72,
    "2/4": 48,
    "6/8": 72,
    "2/2": 96,
    "9/8": 108,
    "12/8": 144,
}
"""Time signature → units of its bar."""

ADDITIVE_METRES: Final = {"5/4": (("3/4", 72), ("2/4", 48)), "7/8": (("2/4", 48), ("6/8", 36))}
"""Metres without tunes to learn from → the groups of a bar, each in a metre that was learned."""

MODES: Final = ("major", "minor", "dorian", "mixolydian")
NEAREST_MODES: Final = {
    "ionian": "major", "lydian": "major", "aeolian": "minor", "phrygian": "minor",
}  # fmt: skip
"""Modes without tunes to learn from → the learned one that shares six of their notes or all."""
LAGS: Final = (1, 2, 4, 8)
"""How many bars back the network is shown what was written at the same place of the bar."""

DENSITIES: Final = 9
LEAPS: Final = 5
COUNTED: Final = 17
"""Bars left are counted to 16; 0 stands for more."""

COLUMNS: Final = (
    "pitch", "duration", "place", "metre", "mode", "density", "leaps", "bar", "left",
    "section_left",
    *(f"echo_{kind}_{lag}" for lag in LAGS for kind in ("pitch", "duration")),
)  # fmt: skip
"""Columns of the network's input, one row a note: the last note, where and when, what was asked."""

SIZES: Final = (
    PITCHES + 2, NO_DURATION + 1, 145, len(METRES), len(MODES), DENSITIES + 1, LEAPS + 1, 8,
    COUNTED, COUNTED, *(PITCHES + 2, NO_DURATION + 1) * len(LAGS),
)  # fmt: skip
"""How many values each column has."""


def density_class(notes: int, units: int) -> int:
    """Return the class 1…9 of how many notes there are to a quarter: half an octave apart."""
    per_quarter = max(notes, 1) * UNITS / max(units, 1)
    return int(np.clip(round(2 * math.log2(per_quarter)) + 4, 1, DENSITIES))


def leap_class(pitches: NDArray[np.int64]) -> int:
    """Return the class 1…5 of the mean interval between neighbouring notes."""
    sounding = pitches[pitches < REST]
    mean = float(np.abs(np.diff(sounding)).mean()) if len(sounding) > 1 else 2.0
    return int(np.clip(1 + np.searchsorted((1.9, 2.4, 2.9, 3.5), mean), 1, LEAPS))


class Echo:
    """The notes so far by their start, to look up those of some bars ago."""

    def __init__(self, bar: int) -> None:
        self._bar = bar
        self._starts: dict[int, tuple[int, int]] = {}

    def add(self, start: int, pitch: int, duration: int) -> None:
        """Note that ``pitch`` begins at ``start`` (units) and has the duration of that index."""
        self._starts[start] = (pitch, duration)

    def at(self, now: int) -> list[int]:
        """Return pitch and duration for each lag, as columns."""
        nothing = (NOTHING, NO_DURATION)
        return [v for lag in LAGS for v in self._starts.get(now - lag * self._bar, nothing)]


def counted(left: int) -> int:
    """Return the column value of so many bars left (1: this is the last one)."""
    return left if left < COUNTED else 0
