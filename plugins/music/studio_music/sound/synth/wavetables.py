"""One cycle of a wave, read at a pitch that may waver: the solo instruments that are held."""

from __future__ import annotations

import numpy as np

SIZE = 4096
"""Samples of a cycle: enough for 64 partials to be read with straight lines between the samples."""


def table(amplitudes: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Return (shades, SIZE + 1) float32; ``amplitudes`` (shades, partials) from the first on."""
    shades, partials = amplitudes.shape
    spectrum = np.zeros((shades, SIZE // 2 + 1), np.complex128)
    spectrum[:, 1 : partials + 1] = amplitudes * np.exp(2j * np.pi * turns) * (SIZE / 2)
    wave = np.fft.irfft(spectrum, SIZE, axis=1)
    return np.concatenate((wave, wave[:, :1]), axis=1).astype(np.float32)


def read(waves: np.ndarray, cycles: np.ndarray, shade: np.ndarray) -> np.ndarray:
    """Return (frames,) float32: the table at ``cycles``, between its two shades by ``shade``.

    Args:
        waves: (2, SIZE + 1), dark and bright.
        cycles: (frames,) cycles since the start, as they went by.
        shade: (frames,) 0 for dark … 1 for bright.
    """
    place = (cycles % 1.0) * SIZE
    whole = place.astype(np.int32)
    part = (place - whole).astype(np.float32)
    dark, bright = (wave[whole] * (1 - part) + wave[whole + 1] * part for wave in waves)
    shaded: np.ndarray = dark + (bright - dark) * shade
    return shaded


def wavering(
    rate: int, frames: int, hertz: float, cents: float, speed: float, onset: float, turn: float
) -> np.ndarray:
    """Return (frames,) cycles of a tone whose vibrato of ``cents`` sets in after ``onset`` seconds.

    The vibrato lies as much above as below the pitch; ``turn`` is where in its swing it starts.
    """
    time = np.arange(frames) / rate
    depth = hertz * (2 ** (cents / 1200) - 1) * np.clip(time / max(onset, 0.01) - 0.5, 0, 1)
    swing = np.sin(2 * np.pi * (speed * time + turn))
    return np.cumsum((hertz + depth * swing) / rate)
