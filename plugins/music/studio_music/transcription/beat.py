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
DOTTED_PARTS: Final = 6
"""The same of a dotted beat, as 6/8 has two."""
_DOTTED: Final = 1.5
"""Quarters of a dotted beat."""

_USUAL, _USUAL_DOTTED = 100.0, 85.0
_SPREAD = 0.5  # octaves
_SHARES = ((1, 1.0), (2, 0.8), (4, 0.6))
"""What it counts that notes fall on beats, on halves, on quarters of them."""
_DOTTED_SHARES = ((1, 1.0), (3, 0.6))
"""The same of thirds and sixths of dotted beats."""
_THIRDS = 0.55
"""Notes of a beat are triplets where they are so much nearer to thirds of it than to quarters."""
_SURELY_TRIPLETS = 0.8
"""A piece has some where all of it is so much less off its places."""
_ASTRAY = 0.3
"""Parts of a beat off its places from which on the beat does not follow a note: it may be one of
a triplet."""
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
        bpm: Quarters a minute, as they are on the whole.
        places: Of each note, in quarters from the start of a bar; a multiple of 1/``PARTS``, or in
            triplets of 1/3.
        ends: Where each note ends, likewise, not rounded.
        bar: Quarters of a bar: 4, or 3.
        dotted: These are two dotted beats: 6/8.
    """

    bpm: float
    places: Floats
    ends: Floats
    bar: int
    dotted: bool = False


def found_beat(
    starts: Floats,
    ends: Floats,
    weights: Floats,
    bpm: float = 0.0,
    bar: int = 0,
    dotted: bool = False,
) -> Beat:
    """Return the beat of notes.

    Args:
        starts: Seconds, in order; at least one. ``ends`` and ``weights`` belong to them.
        bpm: Quarters a minute where they are known, else 0.
        bar: Quarters of a bar where they are known, else 0.
        dotted: Whether a bar has two dotted beats: 6/8.
    """
    lengths = np.diff(starts, append=ends.max())
    parts, quarters = (DOTTED_PARTS, _DOTTED) if dotted else (PARTS, 1.0)
    pace = bpm / quarters or _tempo(starts, weights, dotted)
    grid, finish, off = _followed(starts, ends, weights, 60 / pace / parts)
    if not dotted:
        other = _followed(starts, ends, weights, 60 / pace / parts, triplets=True)
        grid, finish = other[:2] if other[2] < _SURELY_TRIPLETS * off else (grid, finish)
    phase = _first_place(grid, weights, parts)
    grid, finish = grid - phase, finish - phase
    on_beat = grid % parts == 0
    beats = np.where(on_beat, grid // parts, -1)
    heavy = weights * np.minimum(lengths, 4 * 60 / pace) * on_beat
    sizes = (2,) if dotted else (bar,) if bar else (4, 3)
    scores = {size: _bar_score(beats, heavy, size) for size in sizes}
    size = 3 if scores.get(3, (0.0, 0))[0] > 1.25 * scores.get(4, (0.0, 0))[0] else max(scores)
    first = scores[size][1]
    shift = (first if grid[0] >= first * parts else first - size) * parts
    whole = grid.min() - shift
    shift += (
        int(whole // (size * parts)) * size * parts if whole < 0 or whole >= size * parts else 0
    )
    rate = quarters / parts
    spoken = _spoken(pace, starts, grid / parts) * quarters
    return Beat(
        spoken, (grid - shift) * rate, (finish - shift) * rate, round(size * quarters), dotted
    )


def _spoken(bpm: float, starts: Floats, places: Floats) -> float:
    """Return the tempo that the notes had in the end."""
    beats = places[-1] - places[0]
    seconds = starts[-1] - starts[0]
    if beats <= 0 or seconds <= 0:
        return bpm
    measured = float(60 * beats / seconds)
    return measured if 0.8 < measured / bpm < 1.25 else bpm


def _tempo(starts: Floats, weights: Floats, dotted: bool) -> float:
    """Return the beats a minute whose beat and parts the notes fall on best.

    Each is tried as a wave: notes on the same place of it add up, others cancel out. Only notes
    that are near each other are compared.
    """
    rates = np.arange(SLOWEST, FASTEST + _STEP, _STEP)
    fit = np.zeros(len(rates))
    total = 0.0
    shares = _DOTTED_SHARES if dotted else _SHARES
    usual = _USUAL_DOTTED if dotted else _USUAL
    for begin in np.arange(starts[0], max(starts[-1], starts[0] + 1), _PIECE / 2):
        inside = (starts >= begin) & (starts < begin + _PIECE)
        if np.count_nonzero(inside) < 3:
            continue
        times, weight = starts[inside], weights[inside]
        total += weight.sum()
        for parts, share in shares:
            turns = np.exp(2j * np.pi * np.outer(rates * parts / 60, times))
            fit += share * np.abs(turns @ weight)
    if not total:
        return usual
    prior = np.exp(-0.5 * (np.log2(rates / usual) / _SPREAD) ** 2)
    return float(rates[int(np.argmax(fit / total * prior))])


def _followed(
    starts: Floats, ends: Floats, weights: Floats, part: float, *, triplets: bool = False
) -> tuple[Floats, Floats, float]:
    """Return on which part of a beat each note begins, where it ends, and how far off notes are.

    The beat follows the notes a little, so that it may drift. With ``triplets``, notes that lie on
    thirds of a beat stay there.
    """
    part, origin = _start(starts, weights, part)
    sung, finish = np.zeros(len(starts)), np.zeros(len(starts))
    at, place, length = origin, 0.0, part
    for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist())):
        exact = place + (start - at) / length
        sung[number], finish[number] = exact, exact + (end - start) / length
        rounded = round(exact)
        wrong = (exact - rounded) * length
        passed = rounded - place
        if triplets and abs(exact - rounded) > _ASTRAY:
            continue
        if passed > 0:
            change = _LENGTH_FOLLOWED * wrong / passed
            length = float(np.clip(length + change, 0.8 * part, 1.25 * part))
        at, place = start - (1 - _FOLLOWED) * wrong, float(rounded)
    phase = _first_place(np.round(sung), weights, PARTS)
    grid = _with_triplets(sung - phase) + phase if triplets else np.round(sung)
    return grid, finish + grid - sung, float(np.abs(sung - grid).mean())


def _with_triplets(sung: Floats) -> Floats:
    """Return places as whole parts of beats, but as thirds of beats where three notes share one."""
    grid = np.round(sung)
    third = PARTS / 3
    beat = np.floor(sung / PARTS + 0.125)
    for each in np.unique(beat):
        of_beat = beat == each
        within = sung[of_beat] - each * PARTS
        if len(within) < 2 or len(within) > 3:
            continue
        thirds = np.round(within / third)
        off, off_thirds = np.abs(within - np.round(within)), np.abs(within - thirds * third)
        if off_thirds.sum() < _THIRDS * off.sum() and len(set(thirds)) == len(within):
            grid[of_beat] = each * PARTS + thirds * third
    return grid


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
