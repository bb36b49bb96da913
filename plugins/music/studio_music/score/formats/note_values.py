"""Note values, and how a span of a bar is written as some of them, tied. Knows no notes."""

from __future__ import annotations

from typing import Final, NamedTuple

from studio_music.score.piece import TICKS, Metre

BINARY: Final = TICKS // 16
"""Ticks of a sixty-fourth: the finest that is written."""
TRIPLET: Final = TICKS // 12
"""Ticks of a thirty-second in a triplet: the finest there."""
FLAGS: Final = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4}

_KINDS: Final = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th")
_BORDER: Final = 1 << 30  # stronger than any place inside


class Value(NamedTuple):
    """A written length: its ticks, the name MusicXML has for it, its dots, whether in a triplet."""

    ticks: int
    kind: str
    dots: int = 0
    triplet: bool = False


def _table() -> dict[tuple[int, bool], Value]:
    table = {}
    for power, kind in enumerate(_KINDS):
        plain = 8 * TICKS >> power
        for dots, ticks in ((0, plain), (1, plain * 3 // 2)):
            table[ticks, False] = Value(ticks, kind, dots)
            table[ticks * 2 // 3, True] = Value(ticks * 2 // 3, kind, dots, True)
    return table


VALUES: Final = _table()


def is_compound(metre: Metre) -> bool:
    """Return whether its beats have three parts: 6/8, 9/8, 12/8."""
    return metre.unit >= 8 and metre.beats > 3 and metre.beats % 3 == 0


class Accents:
    """How strong the places of a span are: what decides where a long note is cut into tied ones.

    Places are ticks from the start of the span, which is a bar or a group of triplets.
    """

    def __init__(
        self, size: int, levels: list[int], *, compound: bool = False, triplet: bool = False
    ) -> None:
        self.size = size
        self._levels = levels
        self._compound = compound
        self._triplet = triplet

    @classmethod
    def of_bar(cls, metre: Metre) -> Accents:
        """Return those of a bar: halves of four beats, beats, then ever smaller halves."""
        unit = 4 * TICKS // metre.unit
        compound = is_compound(metre)
        pulse = 3 * unit if compound else unit
        levels = [2 * pulse] if (metre.bar // pulse) % 4 == 0 else []
        levels += [pulse] if compound else []
        while unit >= BINARY:
            levels.append(unit)
            unit //= 2
        return cls(metre.bar, levels, compound=compound)

    @classmethod
    def of_triplet(cls, size: int) -> Accents:
        """Return those of a group of triplets: its thirds, sixths and twelfths."""
        return cls(size, [size // 3, size // 6, size // 12], triplet=True)

    def strength(self, place: int) -> int:
        """Return how strong a place is; borders are strongest."""
        if place % self.size == 0:
            return _BORDER
        return next((level for level in self._levels if place % level == 0), 0)

    def _strongest(self, start: int, end: int) -> int:
        """Return the strongest place inside, the first of equals; ``end`` if there is none."""
        for level in self._levels:
            place = (start // level + 1) * level
            if place < end:
                return place
        return end

    def note(self, start: int, end: int) -> list[Value]:
        """Return the values that a note from ``start`` to ``end`` is written with."""
        value = VALUES.get((end - start, self._triplet))
        if value and self._shows(start, end):
            return [value]
        middle = self._strongest(start, end)
        return [*self.note(start, middle), *self.note(middle, end)]

    def _shows(self, start: int, end: int) -> bool:
        """Return whether one value hides no stronger place; short-long-short may by one level."""
        inside = self.strength(self._strongest(start, end))
        first, last = self.strength(start), self.strength(end)
        syncopated = first == last and inside == end - start == 2 * first
        return inside <= max(first, last) or syncopated or self._strongest(start, end) == end

    def rest(self, start: int, end: int) -> list[Value]:
        """Return the values of a rest; unlike a note it never lies across a stronger place."""
        if self._triplet:
            return self.note(start, end)
        value = VALUES.get((end - start, False))
        middle = self._strongest(start, end)
        if value and self._rests(start, value) and self.strength(middle) <= self.strength(start):
            return [value]
        if middle == end and value:
            return [value]
        return [*self.rest(start, middle), *self.rest(middle, end)]

    def _rests(self, start: int, value: Value) -> bool:
        """Return whether a rest of this value may begin here: dotted ones in compound metres."""
        if self._compound:
            return start % value.ticks == 0 and bool(value.dots) == (value.ticks >= self._pulse)
        return start % value.ticks == 0 and not value.dots

    @property
    def _pulse(self) -> int:
        return next(level for level in self._levels if level % 9 == 0)
