"""Transforms of a series: a known one, changed a little, all channels alike (Um et al. 2017)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

JITTER, SCALING, WARPING, SLICE = 0.1, 0.2, 0.2, 0.9
"""Spread of noise, of factors and of the logarithm of speed; the share that a slice keeps."""
KNOTS = 6
"""Places between which the speed of time changes smoothly."""


class Transformed(ABC):
    """The segments one after the other, each changed anew whenever it comes."""

    def fit(self, segments: Sequence[Values], rng: np.random.Generator) -> Iterator[None]:
        """Keep the segments."""
        values = np.concatenate(segments)
        self._segments, self._mean, self._own = (
            segments,
            values.mean(0),
            np.cov(values, rowvar=False),
        )
        yield

    def sample(self, length: int, rng: np.random.Generator) -> Values:
        """Return ``length`` times, (length, channels)."""
        pieces: list[Values] = []
        while sum(map(len, pieces)) < length:
            pieces.append(self._changed(self._segments[len(pieces) % len(self._segments)], rng))
        return np.concatenate(pieces)[:length]

    @abstractmethod
    def _changed(self, values: Values, rng: np.random.Generator) -> Values:
        """Return a segment as long as ``known``."""


class Jittered(Transformed):
    """With noise on every value, which correlates between channels as they do."""

    def _changed(self, values: Values, rng: np.random.Generator) -> Values:
        channels = values.shape[1]
        noise = rng.multivariate_normal(
            np.zeros(channels), np.reshape(self._own, (channels, channels)), len(values)
        )
        return np.asarray(values + JITTER * noise)


class Scaled(Transformed):
    """Larger or smaller about its mean, by one factor for all channels."""

    def _changed(self, values: Values, rng: np.random.Generator) -> Values:
        return np.asarray(self._mean + (values - self._mean) * rng.normal(1, SCALING))


class Warped(Transformed):
    """Here faster and there slower, all channels at once."""

    def _changed(self, values: Values, rng: np.random.Generator) -> Values:
        places = np.linspace(0, KNOTS - 1, len(values))
        speeds = np.exp(rng.normal(0, WARPING, KNOTS))
        passed = np.cumsum(np.interp(places, np.arange(KNOTS), speeds))
        span = max(passed[-1] - passed[0], 1e-9)
        return _at((passed - passed[0]) / span * (len(values) - 1), values)


class Sliced(Transformed):
    """A slice of it, stretched to the length of the whole."""

    def _changed(self, values: Values, rng: np.random.Generator) -> Values:
        last = len(values) - 1
        start = rng.uniform(0, (1 - SLICE) * last)
        return _at(start + np.linspace(0, SLICE * last, len(values)), values)


def _at(times: Values, values: Values) -> Values:
    """Return the values at times between those that are known."""
    whole = np.arange(len(values))
    return np.stack([np.interp(times, whole, channel) for channel in values.T], axis=1)
