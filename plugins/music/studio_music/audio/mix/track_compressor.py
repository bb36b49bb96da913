"""A compressor on one track, before its fader: the notes of a timeline, evened out.

What it does to a sample is known from the track alone, so that any stretch can be mixed at any
time, as without it. It is the compressor of the sum, with its levels, knee and times.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from studio_music.audio.mix.bus_compressor import AHEAD, makeup, reductions
from studio_music.audio.mix.compressor import STEP
from studio_music.audio.mix.track_renderer import TrackRenderer

_CHUNK: Final = 1 << 15
"""Samples whose reduction is found at once."""
_BEFORE: Final = 3
"""Chunks of the past that matter: 2 s, after which the compressor has forgotten."""
_UNITY: Final = np.ones((2, 1), np.float32)


class TrackCompressor:
    """The notes of a track with their loud ones turned down.

    Args:
        amount: 0 (changes nothing) … 1.

    Attributes:
        end, reach: As of ``TrackRenderer``.
    """

    def __init__(self, part: TrackRenderer, rate: int, amount: float) -> None:
        self._part, self._rate, self._amount = part, rate, amount
        self._known: dict[int, np.ndarray] = {}
        self.end, self.reach = part.end, part.reach

    def mix_into(self, bus: np.ndarray, at: int, gain: np.ndarray, **which: Any) -> None:
        """Do what ``TrackRenderer.mix_into`` does."""
        alone = np.zeros_like(bus)
        self._part.mix_into(alone, at, gain, **which)
        if alone.any():
            bus += alone * self._factors(at, bus.shape[1])

    def _factors(self, at: int, frames: int) -> np.ndarray:
        """Return (frames,) by which each sample from ``at`` on is multiplied."""
        first, last = at // _CHUNK, (at + frames) // _CHUNK
        nodes = np.concatenate([self._chunk(number) for number in range(first, last + 1)])
        places = np.arange(at, at + frames) - first * _CHUNK
        line = np.interp(places, np.arange(len(nodes)) * STEP, nodes)
        turned: np.ndarray = 10 ** ((makeup(self._amount) - line) / 20)
        return turned.astype(np.float32)

    def _chunk(self, number: int) -> np.ndarray:
        """Return the reductions of a chunk, in decibels, one a step."""
        if number < 0:
            return np.zeros(_CHUNK // STEP)
        if number not in self._known:
            first = number
            while first > max(0, number - _BEFORE) and first - 1 not in self._known:
                first -= 1
            nodes = self._known.get(first - 1, np.zeros(1))
            for chunk in range(first, number + 1):
                alone = np.zeros((2, _CHUNK + AHEAD), np.float32)
                self._part.mix_into(alone, chunk * _CHUNK, _UNITY)
                nodes = reductions(alone, self._rate, self._amount, float(nodes[-1]))
            self._known[number] = nodes
        return self._known[number]
