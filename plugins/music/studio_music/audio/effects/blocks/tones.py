"""Tones: a pitch, which may move, as a wave. Corners are rounded so that nothing folds back."""

from __future__ import annotations

import numpy as np

from studio_music.audio.effects.stage import RATE, Signal, Stage

Pitch = Signal | float
_TOP = 0.45 * RATE


def phase(s: Stage, pitch: Pitch) -> Signal:
    """Return the cycles gone through at each sample, from 0; those of a loop come round.

    A loop begins anywhere, lest many tones begin together there.
    """
    start = float(s.rng.uniform()) if s.loop else 0.0
    if isinstance(pitch, np.ndarray):
        steps = np.minimum(pitch, _TOP) / RATE
        total = float(steps.sum())
        if s.loop and total:
            steps = steps * (max(1, round(total)) / total)
        return np.asarray(np.cumsum(steps) - steps[0] + start)
    return s.whole(min(pitch, _TOP)) * s.time + start


def sine(s: Stage, pitch: Pitch) -> Signal:
    """Return a pure tone, from zero."""
    return np.asarray(np.sin(2 * np.pi * phase(s, pitch)))


def saw(s: Stage, pitch: Pitch) -> Signal:
    """Return a saw wave: bright, with all harmonics."""
    return _saw(phase(s, pitch))


def pulse(s: Stage, pitch: Pitch, width: float = 0.5) -> Signal:
    """Return a pulse wave; a width of a half is a square wave, thinner ones are more nasal."""
    turns = phase(s, pitch)
    return (_saw(turns) - _saw(turns + 1 - width)) * 0.5


def triangle(s: Stage, pitch: Pitch) -> Signal:
    """Return a triangle wave: soft, with odd harmonics."""
    place = (phase(s, pitch) + 0.25) % 1
    return 1 - 4 * np.abs(place - 0.5)


def bent(s: Stage, pitch: Pitch, ratio: float, index: Pitch) -> Signal:
    """Return a tone whose phase another one swings, ``ratio`` times as high, ``index`` radians."""
    turns, other = phase(s, pitch), phase(s, pitch * ratio)
    return np.asarray(np.sin(2 * np.pi * turns + index * np.sin(2 * np.pi * other)))


def harmonics(s: Stage, pitch: Pitch, levels: tuple[float, ...]) -> Signal:
    """Return the first harmonics of a pitch, each with its level; those too high are left out."""
    turns = 2 * np.pi * phase(s, pitch)
    highest = float(np.max(pitch))
    total = s.silence()
    for number, level in enumerate(levels, start=1):
        if level and number * highest < _TOP:
            total += level * np.sin(number * turns)
    return total


def _saw(turns: Signal) -> Signal:
    """Return the saw at these cycles, with each jump spread over two samples (polyBLEP)."""
    place = turns - np.floor(turns)
    step = np.clip(np.diff(turns, append=2 * turns[-1] - turns[-2]), 1e-9, 0.5)
    wave: Signal = 2 * place - 1
    after, before = np.flatnonzero(place < step), np.flatnonzero(place > 1 - step)
    part = place[after] / step[after]
    wave[after] -= part + part - part**2 - 1
    part = (place[before] - 1) / step[before]
    wave[before] -= part**2 + part + part + 1
    return wave
