"""Where bars begin: how well notes on places of a beat fit a metre, and which beat is its first.

A log-linear model of five things that are heard: accents, notes over bar lines, bars with the same
rhythm, and how a piece begins and ends; a sixth is how well the beat was read. Its weights are
fitted to 400 fiddle tunes (``training/abc_tunes.py``) and 80 melodies of the bench; what it finds
in others is in the card of the weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio_music.audio.transcription.quantisation import PARTS

_ACCENT: Final = 0.87
_OVER: Final = -10.5
_ALIKE: Final = 16.1
_BEGINS: Final = 1.43
_ENDS: Final = 3.7
_READ: Final = -0.15
"""For each nat that the reading costs."""
_USUAL: Final = {(4, False): 1.04, (3, False): -0.3, (2, True): -1.62}
_FEW: Final = 4
_NEAR: Final = 2
"""Parts of a beat by which an end may be off its bar line."""


class Metrical(NamedTuple):
    """Bars of so many beats, dotted or plain, the first of which begins on beat ``first``."""

    score: float
    beats: int
    first: int
    dotted: bool


class Line(NamedTuple):
    """Notes one after another: their places, of the beat's parts, in order; how loud each is, as
    deviations from the mean; where each ends, at the next or at its own end."""

    places: NDArray[np.int64]
    loud: NDArray[np.float64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, places: NDArray[np.int64], weights: NDArray[np.float64], last: int) -> Line:
        """Return that of notes, of which several may be on one place.

        Args:
            last: Parts that the last one lasts.
        """
        there, inverse = np.unique(places, return_inverse=True)
        loudest = np.zeros(len(there))
        np.maximum.at(loudest, inverse, weights)
        spread = float(loudest.std()) + 1e-6
        ends = np.append(there[1:], there[-1] + max(PARTS // 4, last))
        return cls(there, (loudest - loudest.mean()) / spread, ends)


def likeliest(line: Line, sizes: Iterable[int], *, dotted: bool, cost: float) -> Metrical:
    """Return which of some numbers of beats fits best, and where its bars begin.

    Args:
        cost: Nats of the reading that found the places.
    """
    candidates = []
    for size in sizes:
        usual = _READ * cost + _USUAL.get((size, dotted), 0.0)
        firsts: Iterable[int] = range(size)
        if len(line.places) < _FEW:  # too little to be heard: it begins a bar
            firsts = (int(line.places[0]) // PARTS % size,)
        candidates += [Metrical(usual + _fit(line, size, at), size, at, dotted) for at in firsts]
    return max(candidates)


def _fit(line: Line, size: int, first: int) -> float:
    bar, at = size * PARTS, line.places - first * PARTS
    place, begun = at % bar, at // bar
    opens = place == 0
    others = (line.places % PARTS == 0) & ~opens
    accent = (line.loud[opens].mean() if opens.any() else -1.0) - (
        line.loud[others].mean() if others.any() else 0.0
    )
    numbers = range(-(-int(at[0]) // bar), int(at[-1]) // bar + 1)
    over = ~opens & (begun != (line.ends - 1 - first * PARTS) // bar)
    rhythms = [frozenset(place[begun == number].tolist()) for number in numbers]
    pairs = list(pairwise(rhythms))
    alike = sum(len(a & b) / max(1, len(a | b)) for a, b in pairs) / max(1, len(pairs))
    end = int(line.ends[-1] - first * PARTS) % bar
    return float(
        _ACCENT * accent
        + _OVER * np.count_nonzero(over[:-1]) / max(1, len(numbers))
        + _ALIKE * alike
        + _BEGINS * bool(opens[0])
        + _ENDS * (min(end, bar - end) <= _NEAR)
    )
