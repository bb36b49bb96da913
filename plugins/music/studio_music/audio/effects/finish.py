"""What happens to every effect after its recipe: brightness, grit, room, ends, level."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.signal import fftconvolve

from studio_music.audio.effects.stage import RATE
from studio_music.audio.mix import loudness

PEAK = 10 ** (-1 / 20)
"""The loudest sample of what is not set to a loudness: −1 dB."""

_QUIET = 10 ** (-72 / 20)
_EDGE = 0.002
_RINGING = 0.05
"""Seconds, and share of the length, over which the end fades: what still rings fades slowly."""


def tilt(sound: np.ndarray, amount: float, *, loop: bool = False) -> np.ndarray:
    """Return (frames,) brighter (to 1) or duller (to −1): up to 6 dB an octave around 1 kHz."""
    if not amount:
        return sound
    pad = 0 if loop else 2048
    wide = np.concatenate((sound, np.zeros(pad)))
    hertz = np.maximum(np.fft.rfftfreq(len(wide), 1 / RATE), 40)
    gain = np.clip((hertz / 1000) ** amount, 0.02, 12)
    return np.fft.irfft(np.fft.rfft(wide) * gain, len(wide))[: len(sound)]


def grit(sound: np.ndarray, amount: float) -> np.ndarray:
    """Return a sound with distortion, 0…1; its level stays about the same."""
    if not amount:
        return sound
    peak = max(1e-9, float(np.abs(sound).max()))
    factor = 1 + 11 * amount
    return np.asarray(np.tanh(sound / peak * factor) / np.tanh(factor) * peak)


@lru_cache(maxsize=8)
def room(tenths: int, rate: int = RATE) -> np.ndarray:
    """Return the impulse response of a room (frames, 2), with ``tenths`` of a second to −60 dB."""
    seconds = tenths / 10
    frames = round(seconds * rate)
    time = np.arange(frames)[:, None] / rate
    noise = np.random.default_rng(17).standard_normal((frames, 2))
    dull = np.stack([np.convolve(noise[:, side], np.full(5, 0.2), "same") for side in (0, 1)], 1)
    wall = noise * np.exp(-6.9078 / (0.45 * seconds) * time)
    wall = (0.5 * wall + dull * np.exp(-6.9078 / seconds * time)) * np.clip(time / 0.012, 0, 1)
    return np.asarray(wall / np.sqrt((wall**2).sum(axis=0)))


def space(sound: np.ndarray, amount: float, *, loop: bool = False, rate: int = RATE) -> np.ndarray:
    """Return (frames, channels) in a room, 0…1: from a closet to a cave. Longer by its echo, and
    in two channels; a loop stays as long, its echo goes on at its start."""
    if not amount:
        return sound
    walls = room(round(10 * (0.3 + 2.7 * amount)), rate)
    pair = np.repeat(sound, 2, axis=1) if sound.shape[1] == 1 else sound
    wet = fftconvolve(pair, walls, axes=0)
    level = 0.9 * amount**0.7
    if not loop:
        dry = np.concatenate((pair, np.zeros((len(wet) - len(pair), 2))))
        return np.asarray((1 - 0.6 * amount) * dry + level * wet)
    rounds = -(-len(wet) // len(pair))
    folded = np.zeros((rounds * len(pair), 2))
    folded[: len(wet)] = wet
    return np.asarray((1 - 0.6 * amount) * pair + level * folded.reshape(rounds, -1, 2).sum(axis=0))


def ends(sound: np.ndarray) -> np.ndarray:
    """Return (frames, channels) without the silence behind it, ending in silence; no offset."""
    level = np.abs(sound).max(axis=1)
    loud = np.flatnonzero(level > _QUIET * max(1e-9, float(level.max())))
    last = int(loud[-1]) + 1 if len(loud) else len(sound)
    cut = np.array(sound[: max(last, round(0.02 * RATE))])
    rings = float(level[-round(0.01 * RATE) :].max()) > 0.003 * float(level.max())
    edge = min(len(cut), round(max(_EDGE, _RINGING * len(cut) / RATE * rings) * RATE))
    cut[-edge:] *= np.linspace(1, 0, edge)[:, None]
    return cut


def lufs(sound: np.ndarray, rate: int = RATE) -> float:
    """Return the loudness of (frames, channels) by ITU-R BS.1770-4; −inf if silent.

    Of a sound shorter than the 0.4 s of a window of the standard: over the sound itself.
    """
    return loudness.integrated(loudness.windows(sound.T.astype(np.float32), rate))


def levelled(sound: np.ndarray, target: float | None, rate: int = RATE) -> np.ndarray:
    """Return a sound with its peak at −1 dB, or with a loudness in LUFS; never over −1 dB: a peak
    that would be is rounded off.
    """
    peak = float(np.abs(sound).max(initial=0.0))
    if peak < 1e-9:
        return sound
    if target is None:
        return sound * (PEAK / peak)
    measured = lufs(sound, rate)
    if not np.isfinite(measured):
        return sound * (PEAK / peak)
    return rounded(sound * 10 ** ((target - measured) / 20))


def rounded(sound: np.ndarray) -> np.ndarray:
    """Soft-limit a sound: bend samples above 70 % of full scale below −1 dB."""
    knee, size = 0.7, np.abs(sound)
    if float(size.max(initial=0.0)) <= PEAK:
        return sound
    room_left = PEAK - knee
    over = knee + room_left * np.tanh((size - knee) / room_left)
    return np.asarray(np.sign(sound) * np.where(size > knee, over, size))
