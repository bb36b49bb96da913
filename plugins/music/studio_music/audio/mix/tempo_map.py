"""Ticks to samples and back, for many at a time and however many changes of tempo there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studio_music.score.piece import TICKS, Tempo


class TempoMap:
    """When each tick of a piece sounds, in samples from its start."""

    def __init__(self, tempos: Sequence[Tempo], rate: int) -> None:
        ordered = sorted(tempos, key=lambda tempo: tempo.tick)
        self._ticks = np.array([tempo.tick for tempo in ordered], np.float64)
        self._per_tick = np.array([60 * rate / tempo.bpm / TICKS for tempo in ordered])
        lengths = np.diff(self._ticks) * self._per_tick[:-1]
        self._samples = np.concatenate(([0.0], np.cumsum(lengths)))

    def samples(self, ticks: Sequence[int]) -> np.ndarray:
        """Return (n,) int64: the sample of each tick."""
        at = np.asarray(ticks, np.float64)
        change = np.searchsorted(self._ticks, at, "right") - 1
        exact = self._samples[change] + (at - self._ticks[change]) * self._per_tick[change]
        samples: np.ndarray = np.rint(exact).astype(np.int64)
        return samples

    def sample(self, tick: int) -> int:
        """Return the sample of one tick."""
        return int(self.samples([tick])[0])

    def tick(self, sample: float) -> int:
        """Return the tick that sounds at a sample."""
        change = max(0, int(np.searchsorted(self._samples, sample, "right")) - 1)
        passed = (sample - self._samples[change]) / self._per_tick[change]
        tick: int = round(self._ticks[change] + passed)
        return tick
