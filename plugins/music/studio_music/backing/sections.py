"""Which written bar is played when: parts by phrase, fills where phrases end."""

from __future__ import annotations

from typing import Final

import numpy as np

from studio_music.backing.bars import Bar
from studio_music.backing.genres import FILL, Genre
from studio_music.backing.pattern_notation import Rows
from studio_music.piece import Metre

FILL_CHANCE: Final = 0.5
"""How often a phrase that is not the second of two ends with a fill; the second always does."""

SAME_CHANCE: Final = 0.4
"""How often the next phrase keeps the part of the one before."""


class PartChoice:
    """Chooses for one bar after the other; the seed decides between what is equally good."""

    def __init__(self, genre: Genre, rng: np.random.Generator) -> None:
        self._genre = genre
        self._rng = rng
        self._known: dict[Metre, dict[str, tuple[Rows, ...]]] = {}
        self._phrase = -1
        self._part = ""
        self._has_fill = False

    def rows_for(self, bar: Bar) -> tuple[Rows, Rows]:
        """Return the rows of chords and bass, and those of the drums."""
        parts = self._parts_in(bar.metre)
        if bar.phrase != self._phrase:
            self._begin(bar, parts)
        main = parts[self._part][bar.place % len(parts[self._part])]
        if self._has_fill and bar.ends_phrase:
            return main, parts[FILL][0]
        return main, main

    def _begin(self, bar: Bar, parts: dict[str, tuple[Rows, ...]]) -> None:
        names = [name for name in parts if name != FILL]
        others = [name for name in names if name != self._part]
        if not self._part:
            self._part = names[0]
        elif others and (self._part not in names or self._rng.random() >= SAME_CHANCE):
            self._part = others[int(self._rng.integers(len(others)))]
        self._phrase = bar.phrase
        self._has_fill = bar.phrase % 2 == 1 or self._rng.random() < FILL_CHANCE

    def _parts_in(self, metre: Metre) -> dict[str, tuple[Rows, ...]]:
        if metre not in self._known:
            self._known[metre] = self._genre.parts_in(metre)
        return self._known[metre]
