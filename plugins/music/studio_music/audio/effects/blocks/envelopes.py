"""How things change over time: levels 0…1, and paths of pitches. Each is a signal of the stage."""

from __future__ import annotations

import numpy as np

from studio_music.audio.effects.stage import RATE, Signal, Stage

_SILENT = 6.9078
"""Natural logarithm of 60 dB."""


def decay(
    s: Stage, seconds: float, *, attack: float = 0.002, at: float = 0.0, hold: float = 0.0
) -> Signal:
    """Return a level that rises within ``attack``, stays for ``hold``, and is 60 dB lower
    ``seconds`` later; all in seconds, as they are."""
    since = s.time - at
    falling = np.exp(-_SILENT / max(seconds, 1e-3) * np.maximum(since - attack - hold, 0))
    level: Signal = np.clip(since / max(attack, 1e-4), 0, 1) * falling
    return level


def swell(s: Stage, peak: float, sharp: float = 2.0) -> Signal:
    """Return a level that rises to 1 at ``peak`` (0…1 of the whole) and falls; 0 at both ends."""
    place = np.linspace(0, 1, s.frames)
    bent = np.where(place < peak, place / peak * 0.5, 0.5 + (place - peak) / (1 - peak) * 0.5)
    level: Signal = np.sin(np.pi * bent) ** sharp
    return level


def gate(s: Stage, start: float, end: float, edge: float = 0.004) -> Signal:
    """Return a level that is 1 between two moments, with soft edges."""
    level: Signal = np.clip((s.time - start) / edge, 0, 1) * np.clip((end - s.time) / edge, 0, 1)
    return level


def glide(s: Stage, start: float, end: float, seconds: float = 0.0, bend: float = 1.0) -> Signal:
    """Return a path from one pitch to another in equal ratios, then it stays.

    Args:
        seconds: How long it takes; 0: the whole sound.
        bend: Over 1 it moves late, under 1 early.
    """
    place = np.clip(s.time / (seconds or s.length), 0, 1) ** bend
    path: Signal = start * (end / start) ** place
    return path


def steps(s: Stage, *stages: tuple[float, float]) -> Signal:
    """Return a path that stays on each value for its seconds; on the last one to the end."""
    ends = np.cumsum([seconds for _, seconds in stages[:-1]])
    values = np.array([value for value, _ in stages])
    return values[np.searchsorted(ends, s.time, side="right")]


def wobble(s: Stage, hertz: float, depth: float) -> Signal:
    """Return a factor that swings around 1 by ``depth``, from a phase by chance."""
    turn = 2 * np.pi * (s.whole(hertz) * s.time + s.rng.uniform())
    factor: Signal = 1 + depth * np.sin(turn)
    return factor


def drift(s: Stage, hertz: float, depth: float) -> Signal:
    """Return a factor that wanders around 1 by chance, about ``hertz`` times a second.

    Smooth, and comes round in a loop. ``depth`` is its usual distance from 1, in octaves.
    """
    top = max(2, round(hertz * s.length) + 1)
    spectrum = np.zeros(16 * top, complex)
    spectrum[1:top] = s.rng.standard_normal((top - 1, 2)) @ np.array([1, 1j])
    path = np.fft.irfft(spectrum)
    path *= depth / path.std()
    places = np.arange(s.frames) * (len(path) / s.frames)
    factor: Signal = 2 ** np.interp(places, np.arange(len(path) + 1), np.append(path, path[0]))
    return factor


def smooth(s: Stage, signal: Signal, seconds: float) -> Signal:
    """Remove changes faster than about ``seconds`` from a signal; wraps around in a loop."""
    width = max(1, round(seconds * RATE))
    window = np.hanning(width + 2)[1:-1]
    from scipy.signal import fftconvolve

    pad = width if s.loop else 0
    wide = np.concatenate((signal[len(signal) - pad :], signal, signal[:pad]))
    even = fftconvolve(wide, window / window.sum(), "same")
    return np.asarray(even[pad : pad + len(signal)])
