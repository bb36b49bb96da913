"""Vocabulary of the chorale network: four voices on a grid of sixteenths.

Plain data; knows neither torch nor pieces.
"""

from __future__ import annotations

from typing import Final

VOICES: Final = ("soprano", "alto", "tenor", "bass")

STEPS: Final = 4
"""Steps of a quarter note."""

RANGES: Final = {"soprano": (60, 81), "alto": (53, 76), "tenor": (47, 71), "bass": (36, 66)}
"""Lowest and highest MIDI pitch of each voice, as the chorales have them."""

LOWEST: Final = 30
PITCHES: Final = 58
"""Pitches that can be written: MIDI ``LOWEST`` … ``LOWEST + PITCHES - 1``."""

REST: Final = PITCHES
MASKED: Final = PITCHES + 1

PHASES: Final = STEPS
PLACES: Final = PHASES + 64
"""Where a step is: of the first four, only its place in the quarter is known; then, in the bar."""

ENDINGS: Final = 33
"""Steps to the end, 1…32, or 0 for more."""


def places(length: int, bar: int, first: int = 0) -> list[int]:
    """Return the place of each step in bars of ``bar`` steps that begin at step ``first``."""
    countable = bar <= PLACES - PHASES
    steps = ((n - first) % bar for n in range(length))
    return [PHASES + step if countable else step % STEPS for step in steps]


def endings(length: int) -> list[int]:
    """Return for each step how many are left, as the network counts them."""
    return [left if left < ENDINGS else 0 for left in range(length, 0, -1)]
