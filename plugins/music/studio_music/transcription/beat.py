"""The beat behind notes: how fast it goes, where it falls, and on which place of it each note is.

Knows when notes begin and how much they weigh; no sound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio_music.transcription.quantisation import (
    DOTTED,
    PARTS,
    PLAIN,
    WITH_TRIPLETS,
    Division,
    Reading,
    reading,
)

Floats = NDArray[np.float64]

SLOWEST: Final = 45.0
FASTEST: Final = 210.0
_DOTTED_BEAT: Final = 1.5
"""Quarters of a dotted beat, as 6/8 has two."""

_USUAL, _USUAL_DOTTED = 100.0, 85.0
_SPREAD = 0.5  # octaves
_SHARES = ((1, 1.0), (2, 0.8), (4, 0.6))
"""What it counts that notes fall on beats, on halves, on quarters of them."""
_DOTTED_SHARES = ((1, 1.0), (3, 0.6))
"""The same of thirds and sixths of dotted beats."""
_RATIOS = (1 / 3, 1 / 2, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 2.0, 3.0)
"""Of the tempo that fits best, others that notes may have, too."""
_SAME = 1.03
_FELT, _FELT_DOTTED = 120.0, 100.0
"""Beats a minute that are felt most."""
_FELT_COST = 10.0
"""Nats for a tempo that is ``_SPREAD`` off those, times two."""
_SURELY = 15.0
"""Nats by which triplets, or dotted beats, must explain ``_MANY`` notes better than others."""
_MANY = 50
_HEARD = 64
"""So many notes of the beginning decide about tempo and division."""
_TRIED = 8
"""Readings that are kept while a tempo is tried."""
_FEW = 4
_AT_ONCE = 0.035
"""Seconds within which notes begin together."""
_STEP = 0.25
_PIECE = 10.0
"""Seconds within which the beat is taken to be even: people hurry and slow down."""


@dataclass(frozen=True)
class Beat:
    """Where notes are on a beat.

    Attributes:
        bpm: Quarters a minute, as they are on the whole.
        places: Of each note, in quarters from the start of a bar: sixteenths, or in triplets
            multiples of 1/3.
        ends: Where each note ends, likewise, not rounded.
        bar: Quarters of a bar: 4, or 3.
        dotted: These are two dotted beats: 6/8.
    """

    bpm: float
    places: Floats
    ends: Floats
    bar: int
    dotted: bool = False


class _Pace(NamedTuple):
    """Beats a minute, and how they are divided."""

    bpm: float
    division: Division

    @property
    def quarters(self) -> float:
        """Of a beat."""
        return _DOTTED_BEAT if self.division is DOTTED else 1.0

    def cost(self, notes: int) -> float:
        """Return what it costs in nats that so many notes have it."""
        dotted = self.division is DOTTED
        octaves = math.log2(self.bpm / (_FELT_DOTTED if dotted else _FELT))
        rare = _SURELY * min(1.0, notes / _MANY) * (self.division is not PLAIN)
        return 0.5 * _FELT_COST * (octaves / _SPREAD) ** 2 + rare


def found_beat(
    starts: Floats,
    ends: Floats,
    weights: Floats,
    bpm: float = 0.0,
    bar: int = 0,
    dotted: bool | None = None,
) -> Beat:
    """Return the beat of notes.

    Args:
        starts: Seconds, in order; at least one. ``ends`` and ``weights`` belong to them.
        bpm: Quarters a minute where they are known, else 0.
        bar: Quarters of a bar where they are known, else 0; then it has no dotted beats.
        dotted: Whether a bar has two dotted beats: 6/8; None: that is found out.
    """
    dotted = False if dotted is None and bar else dotted
    group = np.cumsum(_begin_apart(starts)) - 1
    onsets = starts[np.flatnonzero(_begin_apart(starts))]
    pace, read = _likeliest(onsets, starts, weights, bpm, dotted)
    places = np.array(read.places)[group]
    finish = places + (ends - starts) / np.array(read.lengths)[group] * PARTS
    size, first = _bar_of(places, starts, ends, weights, pace, bar)
    whole = size * PARTS
    shift = first * PARTS + math.floor((places[0] - first * PARTS) / whole) * whole
    rate = pace.quarters / PARTS
    spoken = _spoken(pace.bpm, starts, places / PARTS) * pace.quarters
    is_dotted = pace.division is DOTTED
    return Beat(
        spoken, (places - shift) * rate, (finish - shift) * rate,
        round(size * pace.quarters), is_dotted,
    )  # fmt: skip


def _begin_apart(starts: Floats) -> NDArray[np.bool_]:
    """Return which notes do not begin together with those before them."""
    apart, first = np.ones(len(starts), bool), float(starts[0])
    for number, start in enumerate(starts[1:].tolist(), 1):
        apart[number] = start - first > _AT_ONCE
        first = start if apart[number] else first
    return apart


def _likeliest(
    onsets: Floats, starts: Floats, weights: Floats, bpm: float, dotted: bool | None
) -> tuple[_Pace, Reading]:
    """Return the pace that explains the notes best, and the notes in it."""
    if len(onsets) < _FEW and not bpm:
        bpm = _USUAL
    early = onsets[:_HEARD].tolist()
    paces = list(_paces(starts, weights, bpm, dotted))
    tried = [
        reading(early, 60 / pace.bpm, pace.division, _TRIED).cost + pace.cost(len(early))
        for pace in paces
    ]
    best = paces[int(np.argmin(tried))]
    return best, reading(onsets.tolist(), 60 / best.bpm, best.division)


def _paces(starts: Floats, weights: Floats, bpm: float, dotted: bool | None) -> Iterator[_Pace]:
    """Yield the paces that may be those of the notes."""
    kinds = (False, True) if dotted is None else (dotted,)
    divisions = {False: (PLAIN, WITH_TRIPLETS), True: (DOTTED,)}
    tempos: list[float] = []
    if not bpm:
        likely = [_tempo(starts, weights, kind) for kind in kinds]
        for tempo in sorted(tempo * ratio for tempo in likely for ratio in _RATIOS):
            if SLOWEST <= tempo <= FASTEST and (not tempos or tempo > _SAME * tempos[-1]):
                tempos.append(tempo)
    for kind in kinds:
        for tempo in tempos or [bpm / (_DOTTED_BEAT if kind else 1)]:
            yield from (_Pace(tempo, division) for division in divisions[kind])


def _bar_of(
    places: NDArray[np.int64], starts: Floats, ends: Floats, weights: Floats, pace: _Pace, bar: int
) -> tuple[int, int]:
    """Return how many beats a bar has, and which beat is the first of one."""
    lengths = np.diff(starts, append=ends.max())
    on_beat = places % PARTS == 0
    beats = np.where(on_beat, places // PARTS, -1)
    heavy = weights * np.minimum(lengths, 4 * 60 / pace.bpm) * on_beat
    sizes = (2,) if pace.division is DOTTED else (bar,) if bar else (4, 3)
    scores = {size: _bar_score(beats, heavy, size) for size in sizes}
    size = 3 if scores.get(3, (0.0, 0))[0] > 1.25 * scores.get(4, (0.0, 0))[0] else max(scores)
    return size, scores[size][1]


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


def _bar_score(beats: Floats, heavy: Floats, size: int) -> tuple[float, int]:
    """Return how much of the weight is on one beat of a bar, 0…1, and which it is."""
    there = beats >= 0
    sums = np.array([heavy[there & (beats % size == place)].sum() for place in range(size)])
    if not sums.any():
        return 0.0, 0
    return float((sums.max() / sums.mean() - 1) / (size - 1)), int(np.argmax(sums))
