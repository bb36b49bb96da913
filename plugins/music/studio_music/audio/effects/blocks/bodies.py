"""Struck bodies: sums of tones that die away, each at its own rate. Bells, glass, wood, metal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from studio_music.audio.effects.stage import RATE, Signal, Stage

_SILENT = 6.9078
_MOST_SECONDS = 12.0


@dataclass(frozen=True)
class Body:
    """A struck body.

    Attributes:
        ratios: Its partials, as multiples of the lowest.
        seconds: To −60 dB, of the lowest.
        damping: How much sooner high ones die: 0 not at all, 1 in proportion.
        tilt: Level of a partial, as a power of its ratio.
    """

    ratios: Sequence[float]
    seconds: float
    damping: float = 0.6
    tilt: float = -0.5


BELL = Body((0.5, 1, 1.19, 1.5, 2, 2.51, 3.01, 4.07, 5.43), 4.0, 0.8, -0.45)
"""A church bell: hum, prime, minor third, fifth, octave, and above."""
CHIME = Body((1, 2.76, 5.4, 8.93), 1.6, 0.7, -0.7)
"""A metal bar that is free at its ends."""
GLASS = Body((1, 2.32, 4.25, 6.63, 9.38), 0.5, 0.5, -0.2)
WOOD = Body((1, 2.57, 4.12, 6.1), 0.09, 0.5, -0.6)
METAL = Body((1, 1.47, 2.09, 2.56, 3.39, 4.08, 5.37, 6.74, 8.2, 10.1), 1.2, 0.5, -0.15)
PLATE = Body((1, 1.83, 2.31, 3.2, 3.9, 5.1, 6.6), 0.35, 0.4, -0.3)
STONE = Body((1, 1.9, 3.1, 4.7), 0.04, 0.3, -0.3)


def strike(
    s: Stage,
    body: Body,
    hertz: float,
    *,
    at: float = 0.0,
    seconds: float = 0.0,
    level: float = 1.0,
    soft: float = 0.0005,
) -> Signal:
    """Return the body struck once.

    Args:
        hertz: Its lowest partial.
        seconds: To −60 dB, in place of the body's own.
        soft: Seconds that the stroke takes; a soft one leaves high partials out.
    """
    total = s.silence()
    s.put(total, level * ring(s, body, hertz, seconds or body.seconds, soft), at)
    return total


def ring(s: Stage, body: Body, hertz: float, seconds: float, soft: float = 0.0005) -> Signal:
    """Return one stroke by itself, as long as it can be heard; its loudest sample is about 1."""
    ratios = np.array(body.ratios) * np.exp(s.rng.normal(0, 0.012 * s.variety, len(body.ratios)))
    pitches = ratios * hertz
    audible = pitches < 0.45 * RATE
    pitches, ratios = pitches[audible], np.array(body.ratios)[audible]
    if not len(pitches):
        return np.zeros(1)
    lasts = seconds / np.maximum(ratios, 1) ** body.damping
    levels = np.maximum(ratios, 0.5) ** body.tilt * np.exp(-pitches * soft * 0.7)
    levels *= np.exp(s.rng.normal(0, 0.25 * s.variety, len(levels)))
    longest = min(_MOST_SECONDS, float(lasts.max()), s.length if not s.loop else _MOST_SECONDS)
    time = np.arange(max(2, round(longest * RATE)))[None, :] / RATE
    waves = np.exp(-_SILENT / lasts[:, None] * time) * np.sin(2 * np.pi * pitches[:, None] * time)
    sound = (levels[:, None] * waves).sum(axis=0) * np.clip(time[0] / max(soft, 1e-4), 0, 1)
    return np.asarray(sound / max(1e-9, float(levels.sum())))
