"""The beat behind notes: how fast it goes, where it falls, and on which place of it each note is.

Knows when notes begin and how much they weigh; no sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLOWEST: Final = 45.0
FASTEST: Final = 210.0
PARTS: Final = 4
"""Places on a beat: sixteenths, where the beat is a quarter."""

_USUAL = 100.0
_SPREAD = 0.5  # octaves
_SHARES = ((1, 1.0), (2, 0.8), (4, 0.6))
"""What it counts that notes fall on beats, on halves, on quarters of them."""
_STEP = 0.25
_PIECE = 10.0
"""Seconds within which the beat is taken to be even: people hurry and slow down."""
_FOLLOWED = 0.5
"""Share of a difference by which the beat follows a note; its length follows by a part of that."""
_LENGTH_FOLLOWED = 0.2
_NEAR = np.linspace(0.92, 1.08, 65)
"""How much another tempo than the whole the beginning may have."""


@dataclass(frozen=True)
class Beat:
    """Where notes are on a beat.

    Attributes:
        bpm: Beats a minute, as they are on the whole.
        places: Of each note, in beats from the first beat of a bar; a multiple of 1/``PARTS``.
        ends: Where each note ends, likewise, not rounded.
        bar: Beats of a bar, 3 or 4.
    """

    bpm: float
    places: Floats
    ends: Floats
    bar: int


def found_beat(
    starts: Floats, ends: Floats, weights: Floats, bpm: float = 0.0, bar: int = 0
) -> Beat:
    """Return the beat of notes.

    Args:
        starts: Seconds, in order; at least one. ``ends`` and ``weights`` belong to them.
        bpm: The tempo where it is known, else 0.
        bar: Beats of a bar where they are known, else 0.
    """
    bpm = bpm or _tempo(starts, weights)
    grid, finish = _followed(starts, ends, weights, 60 / bpm / PARTS)
    phase = _first_place(grid, weights, PARTS)
    grid, finish = grid - phase, finish - phase
    on_beat = grid % PARTS == 0
    beats = np.where(on_beat, grid // PARTS, -1)
    lengths = np.minimum(np.diff(starts, append=ends.max()), 4 * 60 / bpm)
    heavy = weights * lengths * on_beat
    scores = {size: _bar_score(beats, heavy, size) for size in ((bar,) if bar else (4, 3))}
    size = 3 if scores.get(3, (0.0, 0))[0] > 1.25 * scores.get(4, (0.0, 0))[0] else max(scores)
    first = scores[size][1]
    shift = (first if grid[0] >= first * PARTS else first - size) * PARTS
    whole = grid.min() - shift
    shift += (
        int(whole // (size * PARTS)) * size * PARTS if whole < 0 or whole >= size * PARTS else 0
    )
    return Beat(_spoken(bpm, starts, grid), (grid - shift) / PARTS, (finish - shift) / PARTS, size)


def _spoken(bpm: float, starts: Floats, grid: Floats) -> float:
    """Return the tempo that the notes had in the end."""
    beats = (grid[-1] - grid[0]) / PARTS
    seconds = starts[-1] - starts[0]
    if beats <= 0 or seconds <= 0:
        return bpm
    measured = float(60 * beats / seconds)
    return measured if 0.8 < measured / bpm < 1.25 else bpm


def _tempo(starts: Floats, weights: Floats) -> float:
    """Return the beats a minute whose beat, halves and quarters the notes fall on best.

    Each is tried as a wave: notes on the same place of it add up, others cancel out. Only notes
    that are near each other are compared.
    """
    rates = np.arange(SLOWEST, FASTEST + _STEP, _STEP)
    fit = np.zeros(len(rates))
    total = 0.0
    for begin in np.arange(starts[0], max(starts[-1], starts[0] + 1), _PIECE / 2):
        inside = (starts >= begin) & (starts < begin + _PIECE)
        if np.count_nonzero(inside) < 3:
            continue
        times, weight = starts[inside], weights[inside]
        total += weight.sum()
        for parts, share in _SHARES:
            turns = np.exp(2j * np.pi * np.outer(rates * parts / 60, times))
            fit += share * np.abs(turns @ weight)
    if not total:
        return _USUAL
    prior = np.exp(-0.5 * (np.log2(rates / _USUAL) / _SPREAD) ** 2)
    return float(rates[int(np.argmax(fit / total * prior))])


def _followed(starts: Floats, ends: Floats, weights: Floats, part: float) -> tuple[Floats, Floats]:
    """Return on which part of a beat each note begins, a whole number, and where it ends.

    The beat follows the notes a little, so that it may drift.
    """
    part, origin = _start(starts, weights, part)
    grid, finish = np.zeros(len(starts)), np.zeros(len(starts))
    at, place, length = origin, 0.0, part
    for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist())):
        exact = place + (start - at) / length
        rounded = round(exact)
        grid[number], finish[number] = rounded, exact + (end - start) / length
        finish[number] += rounded - exact
        wrong = (exact - rounded) * length
        passed = rounded - place
        if passed > 0:
            change = _LENGTH_FOLLOWED * wrong / passed
            length = float(np.clip(length + change, 0.8 * part, 1.25 * part))
        at, place = start - (1 - _FOLLOWED) * wrong, float(rounded)
    return grid, finish


def _start(starts: Floats, weights: Floats, part: float) -> tuple[float, float]:
    """Return how long a part of a beat is at the start, and a time at which one begins."""
    early = starts <= starts[0] + _PIECE / 2
    if np.count_nonzero(early) < 4:
        early = np.arange(len(starts)) < 4
    lengths = part * _NEAR
    turns = np.exp(2j * np.pi * starts[early] / lengths[:, None]) @ weights[early]
    best = int(np.argmax(np.abs(turns) - 0.02 * np.abs(_NEAR - 1)))
    length = float(lengths[best])
    return length, float(np.angle(turns[best]) / (2 * np.pi) * length)


def _first_place(grid: Floats, weights: Floats, size: int) -> int:
    """Return which of ``size`` places most of the weight is on."""
    sums = [float(weights[grid % size == place].sum()) for place in range(size)]
    return int(np.argmax(sums))


def _bar_score(beats: Floats, heavy: Floats, size: int) -> tuple[float, int]:
    """Return how much of the weight is on one beat of a bar, 0…1, and which it is."""
    there = beats >= 0
    sums = np.array([heavy[there & (beats % size == place)].sum() for place in range(size)])
    if not sums.any():
        return 0.0, 0
    return float((sums.max() / sums.mean() - 1) / (size - 1)), int(np.argmax(sums))
