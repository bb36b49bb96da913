"""The compressor behind the mixer: it looks ahead, so that a drum is turned down with its stroke.

Its levels, knee and times are those of ``compressor``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio_music.audio.mix.compressor import STEP, Compression, levels, smoothed, wanted

AHEAD = 8 * STEP
"""Samples that it looks ahead, and by which sound that is streamed is late: 6 ms."""

_SOFTEST, _LOUDEST = -14.0, -26.0
"""Decibels above which it turns down, at the lightest and at the strongest."""
_MAKEUP = 10.0
_ATTACK, _RELEASE = 0.002, 0.15


@dataclass(frozen=True)
class Held:
    """Delayed input, and the current gain reduction. A value."""

    sound: np.ndarray
    reduction: float


START = Held(np.zeros((2, AHEAD), np.float32), 0.0)


def compress(sound: np.ndarray, rate: int, amount: float, held: Held) -> tuple[np.ndarray, Held]:
    """Return (2, frames) compressed and ``AHEAD`` samples late, and the new state.

    ``frames`` is a multiple of ``STEP``: in blocks of any such size the sound is the same.
    """
    joined = np.concatenate((held.sound, sound), axis=1)
    turned, reduction = factors(joined, rate, amount, held.reduction)
    return joined[:, :-AHEAD] * turned, Held(joined[:, -AHEAD:].copy(), reduction)


def factors(
    sound: np.ndarray, rate: int, amount: float, before: float = 0.0
) -> tuple[np.ndarray, float]:
    """Return (frames,) float32 by which each sample is multiplied, and the last reduction.

    Args:
        sound: (2, frames + ``AHEAD``).
        amount: 0 (changes nothing) … 1.
        before: The reduction, in decibels, that the sound before it ended with.
    """
    frames = sound.shape[1] - AHEAD
    if not amount or not frames:
        return np.ones(frames, np.float32), 0.0
    nodes = np.concatenate(([before], reductions(sound, rate, amount, before)))
    line = np.interp(np.arange(frames), np.arange(len(nodes)) * STEP, nodes)
    return (10 ** ((makeup(amount) - line) / 20)).astype(np.float32), float(nodes[-1])


def reductions(sound: np.ndarray, rate: int, amount: float, before: float) -> np.ndarray:
    """Return (frames / ``STEP``,) decibels by which each step is turned down; see ``factors``."""
    threshold = _SOFTEST + (_LOUDEST - _SOFTEST) * amount
    how = Compression(threshold, 1 + 5 * amount, _ATTACK, _RELEASE)
    targets = wanted(levels(sound.T), how)
    most = np.lib.stride_tricks.sliding_window_view(targets, AHEAD // STEP + 1).max(axis=1)
    return smoothed(most, rate, how, before)


def makeup(amount: float) -> float:
    """Return the decibels by which all is louder behind it."""
    return _MAKEUP * amount
