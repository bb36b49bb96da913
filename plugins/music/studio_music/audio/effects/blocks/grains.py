"""Many small sounds at moments by chance: drops, bubbles, chirps, claps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from studio_music.audio.effects.stage import RATE, Signal, Stage


def scatter(
    s: Stage, times: np.ndarray, make: Callable[[int], Signal], levels: np.ndarray | float = 1.0
) -> Signal:
    """Return grains at these moments; ``make`` returns the one of a number."""
    total = s.silence()
    sizes = np.broadcast_to(levels, len(times))
    for number, at in enumerate(times):
        s.put(total, sizes[number] * make(number), float(at))
    return total


def chirp(
    start: float, end: float, seconds: float, *, attack: float = 0.1, fall: float = 5.0
) -> Signal:
    """Return a short pure tone that glides; ``attack`` is a share of it, ``fall`` how steeply it
    dies away."""
    frames = max(8, round(seconds * RATE))
    place = np.linspace(0, 1, frames)
    turns = np.cumsum(start * (end / start) ** place) / RATE
    shape = np.clip(place / attack, 0, 1) * np.exp(-fall * place) * np.clip((1 - place) / 0.1, 0, 1)
    return np.asarray(np.sin(2 * np.pi * turns) * shape)


def drop(hertz: float, seconds: float) -> Signal:
    """Return the bubble that a drop leaves under water: a tone that rises as it dies away."""
    return chirp(hertz, hertz * 1.7, seconds, attack=0.05, fall=6.0)


def tick(s: Stage, low: float, seconds: float) -> Signal:
    """Return a burst of noise above a frequency that dies away at once."""
    frames = max(8, round(seconds * RATE))
    noise = s.rng.standard_normal(frames)
    step = max(1, round(RATE / (4 * low)))
    dull = np.convolve(noise, np.full(step, 1 / step), "same")
    return np.asarray((noise - dull) * np.exp(-7 * np.linspace(0, 1, frames)))
