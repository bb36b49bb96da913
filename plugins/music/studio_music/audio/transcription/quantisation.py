"""Which place of a beat each note is on: the likeliest reading of all notes together.

A reading pays for how far notes are off their places, and for rhythms that are rare; each beat is
divided in two, in four, or in three. The best readings of the notes so far are kept (a beam search,
after Cemgil and Kappen: Monte Carlo Methods for Tempo Tracking and Rhythm Quantization, JAIR 18,
2003); each follows the beat by itself, so that it may drift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

PARTS: Final = 12
"""Places on a beat: as many as quarters and thirds need."""

_Rhythms = Mapping[tuple[int, ...], float]

_PLAIN: Final[_Rhythms] = {
    (): 0.18, (0,): 0.34, (0, 6): 0.17, (0, 9): 0.05, (6,): 0.03, (0, 3, 6, 9): 0.03,
    (0, 6, 9): 0.03, (0, 3, 6): 0.03, (0, 3): 0.005, (6, 9): 0.005, (0, 3, 9): 0.004,
    (9,): 0.004, (3, 6, 9): 0.003, (3,): 0.002, (3, 6): 0.002, (3, 9): 0.002,
}  # fmt: skip
"""How often a beat has notes on these places."""
_TRIPLETS: Final[_Rhythms] = {
    (0, 4, 8): 0.05, (0, 8): 0.02, (0, 4): 0.005, (4, 8): 0.005, (8,): 0.002, (4,): 0.001,
}  # fmt: skip
_DOTTED: Final[_Rhythms] = {
    (0, 4, 8): 0.28, (0, 8): 0.22, (0,): 0.16, (): 0.08, (0, 4): 0.07, (0, 6, 8): 0.03,
    (0, 2, 4, 8): 0.02, (0, 4, 8, 10): 0.02, (0, 4, 6, 8): 0.02, (8,): 0.02, (4, 8): 0.02,
    (4,): 0.01, (0, 8, 10): 0.01, (0, 6): 0.005, (0, 10): 0.004, (0, 4, 6, 8, 10): 0.004,
    (0, 2, 4, 6, 8): 0.004, (0, 2, 4, 6, 8, 10): 0.004, (0, 2, 4): 0.004,
}  # fmt: skip
"""The same of a beat of three eighths."""
_OTHER = 1e-4

_OFF = 0.013
"""Seconds that notes are off their places, as a standard deviation."""
_FAR = 0.05
_ORNAMENT = 5.0
"""What it costs that two notes are on one place."""
_MIXED = 8.0
"""What it costs that a beat is divided in two and in three."""
_FOLLOWED, _LENGTH_FOLLOWED = 0.65, 0.15
"""Shares of a difference by which the beat and its length follow a note."""
_BENT = 0.25
"""Share of its length that a beat may become longer or shorter in a piece."""
_ALIKE = 0.015
_SPREAD = (0.95, 0.975, 1.0, 1.025, 1.05)
_DEVIATION = 0.03
"""How far the tempo of the beginning is from that of the whole."""


class Division(NamedTuple):
    """How beats are divided.

    Attributes:
        places: That notes may be on.
        costs: Of a set of places, as bits, that notes of one beat are on.
    """

    places: tuple[int, ...]
    costs: Mapping[int, float]

    def cost(self, used: int) -> float:
        """Return the cost of a beat."""
        return self.costs.get(used, _RARE)


def _division(*rhythms: _Rhythms) -> Division:
    all_of = {places: share for rhythm in rhythms for places, share in rhythm.items()}
    places = sorted({place for rhythm in all_of for place in rhythm})
    costs = {sum(1 << p for p in rhythm): -math.log(share) for rhythm, share in all_of.items()}
    return Division(tuple(places), costs)


_RARE: Final = -math.log(_OTHER)
PLAIN: Final = _division(_PLAIN)
WITH_TRIPLETS: Final = _division(_PLAIN, _TRIPLETS)
DOTTED: Final = _division(_DOTTED)
_THIRDS, _HALVES = 1 << 4 | 1 << 8, 1 << 3 | 1 << 6 | 1 << 9


class Reading(NamedTuple):
    """Notes on their places.

    Attributes:
        cost: In nats: less is likelier. Readings of the same notes can be compared.
        places: Of each note, in parts of a beat.
        lengths: Seconds of a beat at each note.
    """

    cost: float
    places: list[int]
    lengths: list[float]


class _Partial(NamedTuple):
    """The notes so far: the last is on ``place``; ``used`` are the places of its beat, as bits;
    a beat of ``length`` seconds has it at ``at``."""

    cost: float
    place: int
    used: int
    at: float
    length: float
    before: _Partial | None


def reading(starts: Sequence[float], beat: float, division: Division, beam: int = 24) -> Reading:
    """Return the likeliest reading of notes that begin at ``starts``.

    Args:
        starts: Seconds, in order; at least one.
        beat: Seconds that a beat has on the whole.
        beam: Number of readings that are carried on from note to note.
    """
    readings = [
        _Partial(0.5 * ((factor - 1) / _DEVIATION) ** 2, place, 1 << place, starts[0],
                 beat * factor, None)
        for factor in _SPREAD for place in division.places
    ]  # fmt: skip
    for start in starts[1:]:
        best: dict[tuple[int, int, int], _Partial] = {}
        for before in readings:
            for place in _near(before, start, division):
                new = _next(before, start, place, beat, division)
                key = (new.place, new.used, round(math.log(new.length) / _ALIKE))
                if key not in best or new.cost < best[key].cost:
                    best[key] = new
        readings = sorted(best.values(), key=lambda partial: partial.cost)[:beam]
    last = min(readings, key=lambda partial: partial.cost + division.cost(partial.used))
    places, lengths = list[int](), list[float]()
    partial: _Partial | None = last
    while partial is not None:
        places.append(partial.place)
        lengths.append(partial.length)
        partial = partial.before
    return Reading(last.cost + division.cost(last.used), places[::-1], lengths[::-1])


def _near(before: _Partial, start: float, division: Division) -> list[int]:
    """Return the places that a note may be on: those near, else the nearest."""
    part = before.length / PARTS
    exact = before.place + (start - before.at) / part
    low = max(before.place, math.ceil(exact - _FAR / part))
    high = math.floor(exact + _FAR / part)
    near = [place for place in range(low, high + 1) if place % PARTS in division.places]
    if near:
        return near
    low = max(before.place, round(exact) - PARTS // 2)
    around = (place for place in range(low, low + PARTS + 1) if place % PARTS in division.places)
    return [min(around, key=lambda place: abs(place - exact))]


def _next(before: _Partial, start: float, place: int, beat: float, division: Division) -> _Partial:
    """Return a reading with one note more."""
    part = before.length / PARTS
    off = start - before.at - (place - before.place) * part
    cost = before.cost + 0.5 * (off / _OFF) ** 2
    beats = place // PARTS - before.place // PARTS
    used = 1 << place % PARTS
    if beats:
        cost += division.cost(before.used) + (beats - 1) * division.cost(0)
    else:
        cost += _ORNAMENT * (place == before.place)
        mixed = (before.used | used) & _THIRDS and (before.used | used) & _HALVES
        cost += _MIXED * bool(mixed and division is WITH_TRIPLETS)
        used |= before.used
    passed = max(place - before.place, PARTS // 2)
    length = before.length + _LENGTH_FOLLOWED * off * PARTS / passed
    length = min(max(length, (1 - _BENT) * beat), (1 + _BENT) * beat)
    return _Partial(cost, place, used, start - (1 - _FOLLOWED) * off, length, before)
