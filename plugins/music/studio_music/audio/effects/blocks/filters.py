"""Filters and what else changes a signal: bands, resonances, moving bands, drive, echo.

In a loop a filter has heard one round before, so that the start goes on from the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from studio_music.audio.effects.stage import BLOCK, RATE, Signal, Stage

_LAPS, _CHUNK = 4, 1024
_SIZE = _LAPS * BLOCK
Gain = Callable[[Signal, Signal], Signal]
"""From hertz (1, bins) and seconds (frames, 1) to gains (frames, bins)."""


def low(s: Stage, sound: Signal, hertz: float, order: int = 2) -> Signal:
    """Return what lies below a frequency."""
    return _run(s, sound, _butterworth(order, hertz, "lowpass"))


def high(s: Stage, sound: Signal, hertz: float, order: int = 2) -> Signal:
    """Return what lies above a frequency."""
    return _run(s, sound, _butterworth(order, hertz, "highpass"))


def band(s: Stage, sound: Signal, lowest: float, highest: float) -> Signal:
    """Return what lies between two frequencies."""
    return low(s, high(s, sound, lowest), highest)


def resonate(s: Stage, sound: Signal, places: Sequence[tuple[float, float, float]]) -> Signal:
    """Filter a sound through a body: resonances at (hertz, width in hertz, gain)."""
    total = s.silence()
    for hertz, width, gain in places:
        radius = np.exp(-np.pi * width / RATE)
        angle = 2 * np.pi * _fit(hertz) / RATE
        below = [1.0, -2 * radius * np.cos(angle), radius**2]
        sos = np.array([[(1 - radius**2) / 2, 0, -(1 - radius**2) / 2, *below]])
        total += gain * _run(s, sound, sos)
    return total


def moving(s: Stage, sound: Signal, gain: Gain) -> Signal:
    """Return a sound through a filter that changes: ``gain`` says how, every 6 ms."""
    window = np.hanning(_SIZE + 1)[:-1]
    before = _SIZE - BLOCK  # the first sample lies in as many windows as any other
    if s.loop:
        wide = np.concatenate((sound[s.frames - before :], sound))
    else:
        wide = np.concatenate((np.zeros(before), sound, np.zeros(-s.frames % BLOCK + before)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, _SIZE)[::BLOCK]
    blocks = np.zeros((len(windows) + _LAPS - 1, BLOCK))
    hertz = np.maximum(np.fft.rfftfreq(_SIZE, 1 / RATE), 1.0)[None, :]
    for first in range(0, len(windows), _CHUNK):
        taken = windows[first : first + _CHUNK]
        when = (np.arange(first, first + len(taken)) * BLOCK - before + _SIZE / 2) / RATE
        spectra = np.fft.rfft(taken * window) * gain(hertz, np.clip(when, 0, s.length)[:, None])
        parts = (np.fft.irfft(spectra, _SIZE) * window).reshape(-1, _LAPS, BLOCK)
        for lap in range(_LAPS):
            blocks[first + lap : first + lap + len(taken)] += parts[:, lap]
    total = blocks.reshape(-1) / 1.5  # the sum of four squared windows
    if s.loop:
        total[s.frames : s.frames + before] += total[:before]
        return total[before:]
    return total[before : before + s.frames]


def bump(centre: Signal | float, octaves: float) -> Gain:
    """Return a band for ``moving``, so many octaves wide: around one frequency, or along a path."""

    def gain(hertz: Signal, when: Signal) -> Signal:
        middle: Signal | float = centre
        if isinstance(centre, np.ndarray):
            middle = centre[np.minimum((when * RATE).astype(int), len(centre) - 1)]
        away = np.log2(hertz) - np.log2(middle)
        return np.asarray(np.exp(-((away / (octaves / 2)) ** 2)))

    return gain


def drive(sound: Signal, amount: float) -> Signal:
    """Return a sound overdriven: 1 leaves it nearly alone, 10 squares it off."""
    return np.asarray(np.tanh(sound * amount) / np.tanh(amount))


def crush(sound: Signal, hertz: float, levels: int = 16) -> Signal:
    """Return a sound as an old machine plays it: few samples a second, few levels."""
    step = max(1, round(RATE / hertz))
    held = np.repeat(sound[::step], step)[: len(sound)]
    return np.asarray(np.rint(held * levels) / levels)


def echo(s: Stage, sound: Signal, seconds: float, gain: float, times: int = 4) -> Signal:
    """Return a sound with echoes, each ``gain`` of the one before."""
    total = sound.copy()
    for number in range(1, times + 1):
        s.put(total, sound * gain**number, seconds * number)
    return total


def _fit(hertz: float) -> float:
    return float(min(max(hertz, 10.0), 0.47 * RATE))


def _butterworth(order: int, hertz: float, kind: str) -> np.ndarray:
    from scipy.signal import butter  # here: the window reads of the families, and filters nothing

    return np.asarray(butter(order, _fit(hertz), kind, fs=RATE, output="sos"))


def _run(s: Stage, sound: Signal, sos: np.ndarray) -> Signal:
    from scipy.signal import sosfilt

    if not s.loop:
        return np.asarray(sosfilt(sos, sound))
    return np.asarray(sosfilt(sos, np.concatenate((sound, sound)))[len(sound) :])
