"""Turns loud passages down, smoothly: threshold, ratio, attack, release, make-up gain.

Feed-forward with a soft knee; the reduction is smoothed in decibels and both channels share it
(Giannoulis, Massberg, Reiss: Digital Dynamic Range Compressor Design, JAES 60/6, 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

STEP = 32
"""Samples that have one gain, between which it goes in a straight line."""
KNEE = 6.0
"""Decibels around the threshold in which the ratio comes in."""
_FLOOR = 1e-9


@dataclass(frozen=True)
class Compression:
    """How it is set.

    Attributes:
        threshold: Decibels of full scale above which it turns down.
        ratio: So many decibels more going in are one more coming out.
        attack, release: Seconds in which it does 63 % of the way down, and up again.
        makeup: Decibels by which all is louder after it.
    """

    threshold: float = -18.0
    ratio: float = 4.0
    attack: float = 0.01
    release: float = 0.15
    makeup: float = 0.0


def compressed(sound: np.ndarray, rate: int, how: Compression, *, loop: bool = False) -> np.ndarray:
    """Return (frames, channels).

    Args:
        loop: It has been playing for a round already: its gain is the same at both ends.
    """
    if loop:
        return compressed(np.concatenate((sound, sound)), rate, how)[len(sound) :]
    if not len(sound):
        return sound
    reduction = -smoothed(wanted(levels(sound), how), rate, how)
    centres = (np.arange(len(reduction)) + 0.5) * STEP
    decibels = np.interp(np.arange(len(sound)), centres, reduction) + how.makeup
    return np.asarray(sound * 10 ** (decibels[:, None] / 20))


def levels(sound: np.ndarray) -> np.ndarray:
    """Return the peak of each step, of whichever channel is louder, in decibels of full scale."""
    size = np.abs(sound).max(axis=1)
    steps = np.pad(size, (0, -len(size) % STEP)).reshape(-1, STEP)
    return np.asarray(20 * np.log10(np.maximum(steps.max(axis=1), _FLOOR)))


def wanted(level: np.ndarray, how: Compression) -> np.ndarray:
    """Return by how many decibels each level is to be turned down, had it all the time."""
    over = level - how.threshold
    slope = 1 - 1 / how.ratio
    bent = slope * (over + KNEE / 2) ** 2 / (2 * KNEE)
    return np.where(over <= -KNEE / 2, 0, np.where(over >= KNEE / 2, slope * over, bent))


def smoothed(reduction: np.ndarray, rate: int, how: Compression, before: float = 0.0) -> np.ndarray:
    """Return the reduction as it follows from ``before`` on: quickly down, slowly up."""
    down, up = (math.exp(-STEP / rate / max(s, 1e-6)) for s in (how.attack, how.release))
    now, result = before, np.empty_like(reduction)
    for at, target in enumerate(reduction.tolist()):
        keep = down if target > now else up
        now = target + (now - target) * keep
        result[at] = now
    return result
