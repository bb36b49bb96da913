"""Noise of a given colour, the same for the same generator: hammers, breath, bows, drums."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_LENGTH = 1 << 16


def coloured(
    rng: np.random.Generator,
    rate: int,
    frames: int,
    low: float,
    high: float,
    *,
    slope: float = 2.0,
    channels: int = 1,
) -> np.ndarray:
    """Return (channels, frames) float32 noise with frequencies around ``low``…``high`` hertz.

    ``slope`` is how steeply it falls off outside, as a power of the frequency. Its mean power is 1.
    It comes round again after 65,536 samples, without a seam.
    """
    ring = _ring(rate, low, high, slope)
    starts = rng.integers(_LENGTH, size=(channels, 1))
    noise: np.ndarray = ring[(starts + np.arange(frames)) % _LENGTH]
    return noise


@lru_cache(maxsize=64)
def _ring(rate: int, low: float, high: float, slope: float) -> np.ndarray:
    """Return one round of the noise. Made from its spectrum, its end runs into its start."""
    white = np.random.default_rng(11).standard_normal(_LENGTH, np.float32)
    spectrum = np.fft.rfft(white)
    hertz = np.fft.rfftfreq(_LENGTH, 1 / rate)
    hertz[0] = 1e-3
    weight = np.minimum(1, np.minimum((hertz / low) ** slope, (high / hertz) ** slope))
    weight[0] = 0
    power = np.sqrt(np.sum(weight**2) / len(weight))
    return np.fft.irfft(spectrum * (weight / power).astype(np.float32)).astype(np.float32)
