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

from studio_music.audio.transcription.metre import Line, likeliest
from studio_music.audio.transcription.quantisation import (
    DOTTED,
    PARTS,
    PLAIN,
    WITH_TRIPLETS,
    Division,
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
        bar: Quarters of a bar: 4, or 3; 2 where that was known.
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
        """Return the cost in nats of so many notes at this pace."""
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
    candidates = []
    for pace, cost in _readings(onsets, starts, weights, bpm, dotted):
        read = reading(onsets.tolist(), 60 / pace.bpm, pace.division)
        places, is_dotted = np.array(read.places)[group], pace.division is DOTTED
        last = round((ends[-1] - starts[-1]) / read.lengths[-1] * PARTS)
        sizes = (2,) if is_dotted else (bar,) if bar else (4, 3)
        line = Line.of(places, weights, last)
        candidates.append((likeliest(line, sizes, dotted=is_dotted, cost=cost), pace, read, places))
    (_, size, first, is_dotted), pace, read, places = max(
        candidates, key=lambda candidate: candidate[0]
    )
    finish = places + (ends - starts) / np.array(read.lengths)[group] * PARTS
    whole = size * PARTS
    shift = first * PARTS + math.floor((places[0] - first * PARTS) / whole) * whole
    rate = pace.quarters / PARTS
    spoken = _spoken(pace.bpm, starts, places / PARTS) * pace.quarters
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


def _readings(
    onsets: Floats, starts: Floats, weights: Floats, bpm: float, dotted: bool | None
) -> Iterator[tuple[_Pace, float]]:
    """Yield the pace that explains the notes best, of plain and of dotted beats, and its cost."""
    if len(onsets) < _FEW and not bpm:
        bpm = _USUAL
    early = onsets[:_HEARD].tolist()
    best: dict[bool, tuple[_Pace, float]] = {}
    for pace in _paces(starts, weights, bpm, dotted):
        read = reading(early, 60 / pace.bpm, pace.division, _TRIED)
        cost, kind = read.cost + pace.cost(len(early)), pace.division is DOTTED
        if kind not in best or cost < best[kind][1]:
            best[kind] = pace, cost
    yield from best.values()


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
