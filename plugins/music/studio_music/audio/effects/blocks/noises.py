"""Noise: of a colour, of a moving colour, and single crackles."""

from __future__ import annotations

import numpy as np

from studio_music.audio.effects.blocks import filters
from studio_music.audio.effects.stage import RATE, Signal, Stage


def white(s: Stage) -> Signal:
    """Return noise of all frequencies alike; its power is 1."""
    return s.rng.standard_normal(s.frames)


def between(s: Stage, low: float, high: float, slope: float = 2.0) -> Signal:
    """Return noise around ``low``…``high`` hertz, outside falling off as a power; power 1.

    Made from its spectrum, so its end runs into its start.
    """
    spectrum = np.fft.rfft(white(s))
    hertz = np.fft.rfftfreq(s.frames, 1 / RATE)
    hertz[0] = 1e-3
    weight = np.minimum(1, np.minimum((hertz / low) ** slope, (high / hertz) ** slope))
    weight[hertz < 15] = 0
    sound = np.fft.irfft(spectrum * weight, s.frames)
    return np.asarray(sound / max(1e-9, float(np.sqrt(np.mean(sound**2)))))


def moving(s: Stage, centre: Signal, octaves: float) -> Signal:
    """Return noise in a band whose centre, in hertz, moves; power about 1 all along."""
    sound = filters.moving(s, white(s), filters.bump(centre, octaves))
    wide = 2 ** (octaves / 2) - 2 ** (-octaves / 2)
    return np.asarray(sound / np.sqrt(np.maximum(centre, 20.0) * wide / (RATE / 2)))


def crackles(s: Stage, rate: float, loudness: float = 1.0) -> Signal:
    """Return single clicks by chance, ``rate`` a second; few are loud, many are soft.

    Args:
        loudness: Over 1 the loud ones are rarer.
    """
    total = s.silence()
    times = s.times(rate)
    sizes = s.rng.uniform(0.05, 1, len(times)) ** (1 + loudness) * s.rng.choice((-1, 1), len(times))
    np.add.at(total, np.minimum((times * RATE).astype(int), s.frames - 1), sizes)
    return total
