"""Draws one voice as a whole line, from the network's probabilities and rules.

The rules are costs in nats. A chain of notes is drawn from all candidates (forward sums, then
backwards draws), so that a rule weighs on both of its notes and none is drawn into a corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from studio_music.compose.chorales.vocabulary import LOWEST, PITCHES, REST
from studio_music.score.piece import Key

Cells = NDArray[np.int64]
Costs = NDArray[np.float64]

VALUES: Final = PITCHES + 1
BASS: Final = 3

_PARALLEL: Final = 14.0
_CONTRARY: Final = 5.0
"""Perfect intervals in a row: in one direction; in two."""
_HIDDEN: Final = 4.0
"""A perfect interval of the outer voices that both leap into in one direction."""
_OVERLAP: Final = 2.5
"""A note beyond the one that the neighbouring voice has just left."""
_UNRESOLVED: Final = 4.0
"""A leading note of an outer voice that is left by a leap, but to the tonic."""

_DOUBLED: Final = 3.0
"""The leading note in two voices."""
_WIDE: Final = 4.0
"""More than an octave between neighbours of the upper three."""

_LEAPS: Final = {
    BASS: (0, 0, 0, 0, 0, 0, 3.0, 0, 0.7, 1.5, 5.0, 6.0, 2.0),
    0: (0, 0, 0, 0, 0.3, 0.5, 4.0, 0.8, 2.0, 2.5, 6.0, 7.0, 3.0),
}
"""What a leap of so many semitones costs: in the bass, in the other voices; further, _FAR."""
_FAR: Final = 9.0

_APART = np.arange(VALUES)[None, :] - np.arange(VALUES)[:, None]
"""(from, to) semitones of a step between two values."""


class Rules:
    """Costs of a voice moving from one value to another, beside the other voices."""

    def __init__(self, key: Key) -> None:
        tonic = key.pitch_class
        classes = (np.arange(VALUES) + LOWEST) % 12
        self._leading = (classes == (tonic - 1) % 12) & (np.arange(VALUES) < REST)
        leaps = (np.abs(_APART) > 2) & (classes != tonic)
        self._unresolved = _UNRESOLVED * (self._leading[:, None] & leaps)
        self._leaps = {voice: _leap_costs(voice) for voice in range(4)}

    def step(self, voice: int, before: Cells, now: Cells) -> Costs:
        """Return (from, to) the cost for ``voice`` between two moments.

        Args:
            before, now: (voices,) the other voices; ``REST`` or more where one is silent or open.
        """
        costs = self._leaps[voice].copy()
        for other in range(4):
            if other == voice or before[other] >= REST or now[other] >= REST:
                continue
            costs += _beside(voice, other, int(before[other]), int(now[other]))
        if voice in (0, BASS):
            costs += self._unresolved
        costs[REST, :] = costs[:, REST] = 0
        return costs

    def chord(self, voice: int, others: Cells) -> NDArray[np.float64]:
        """Return the cost of each value in the chord that the others sing."""
        values = np.arange(VALUES)
        costs = np.zeros(VALUES)
        for other in range(4):
            if other == voice or others[other] >= REST:
                continue
            if self._leading[others[other]]:
                costs += _DOUBLED * self._leading
            if abs(other - voice) == 1 and BASS not in (other, voice):
                costs += _WIDE * (np.abs(values - others[other]) > 12)
        costs[REST] = 0
        return costs


@lru_cache(maxsize=512)
def _beside(voice: int, other: int, was: int, is_: int) -> Costs:
    """Return (from, to) the costs of moving beside one other voice that goes from a value to one.

    Held voices ask for the same again and again.
    """
    values, moved = np.arange(VALUES), _APART != 0
    costs = np.zeros((VALUES, VALUES))
    if abs(other - voice) == 1:  # neighbours do not pass where the other has just been
        beyond = values[None, :] > was if other < voice else values[None, :] < was
        costs += _OVERLAP * (beyond & moved)
    if was == is_:
        return costs
    first, second = (values - was) % 12, (values - is_) % 12
    perfect = (0, 7) if other > voice else (0, 5)
    same_way = np.sign(_APART) == np.sign(is_ - was)
    for interval in perfect:
        both = (first == interval)[:, None] & (second == interval)[None, :] & moved
        costs += both * np.where(same_way, _PARALLEL, _CONTRARY)
        if {voice, other} == {0, BASS}:
            top = _APART if voice == 0 else np.full_like(_APART, is_ - was)
            into = (second == interval)[None, :] & ~(first == interval)[:, None]
            costs += _HIDDEN * (into & same_way & moved & (np.abs(top) > 2))
    return costs


def drawn(scores: Costs, steps: Sequence[Costs], chances: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return one value for each note of a chain, drawn from all chains by their weight.

    Args:
        scores: (notes, values) nats; −inf where a value cannot be.
        steps: For each note but the first, (from, to) costs of coming from the one before.
        chances: (notes,) 0…1, which decide.
    """
    forward = [scores[0]]
    for score, step in zip(scores[1:], steps, strict=True):
        paths = forward[-1][:, None] - step
        forward.append(score + _summed(paths))
    chosen = np.empty(len(scores), np.int64)
    row = forward[-1]
    for at in range(len(scores) - 1, -1, -1):
        weights = np.exp(row - row.max())
        total = np.cumsum(weights)
        value = int(np.searchsorted(total, chances[at] * total[-1], side="right"))
        chosen[at] = min(value, VALUES - 1)
        if at:
            row = forward[at - 1] - steps[at - 1][:, chosen[at]]
    return chosen


def _summed(paths: Costs) -> NDArray[np.float64]:
    """Return log Σ exp over the first axis."""
    highest = paths.max(axis=0)
    safe = np.where(np.isfinite(highest), highest, 0.0)
    with np.errstate(divide="ignore"):
        summed: NDArray[np.float64] = np.log(np.exp(paths - safe).sum(axis=0)) + safe
    return summed


def _leap_costs(voice: int) -> Costs:
    table = np.array([*_LEAPS[BASS if voice == BASS else 0], *[_FAR] * VALUES])
    return np.asarray(table[np.abs(_APART)], np.float64)
