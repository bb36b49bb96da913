"""What an ear tells of a sound, as figures: attack, length, brightness, noise, pitch, onsets."""

from __future__ import annotations

import numpy as np

RATE = 44_100
_SIZE, _HOP = 2048, 256


def mono(samples: np.ndarray) -> np.ndarray:
    return samples.mean(axis=1) if samples.ndim == 2 else samples


def level(sound: np.ndarray, seconds: float = 0.005) -> np.ndarray:
    """The loudest sample of every 5 ms, as a share of the loudest of all."""
    step = round(seconds * RATE)
    padded = np.concatenate((np.abs(sound), np.zeros(-len(sound) % step)))
    levels = padded.reshape(-1, step).max(axis=1)
    return levels / levels.max()


def attack(sound: np.ndarray) -> float:
    """Seconds from 10 % to 80 % of the loudest."""
    levels = level(sound, 0.002)
    return float(np.argmax(levels >= 0.8) - np.argmax(levels >= 0.1)) * 0.002


def loud_for(sound: np.ndarray, decibel: float = -30) -> float:
    """Seconds until it stays below so many decibels under its loudest."""
    loud = np.flatnonzero(level(sound) > 10 ** (decibel / 20))
    return float(loud[-1] + 1) * 0.005


def spectrum(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)) if len(sound) > 4000 else sound)) ** 2
    return np.fft.rfftfreq(len(sound), 1 / RATE), power


def centroid(sound: np.ndarray) -> float:
    """The middle of its power, in hertz."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float((np.fft.rfftfreq(len(sound), 1 / RATE) * power).sum() / power.sum())


def noisiness(sound: np.ndarray) -> float:
    """How even its spectrum is where its power lies, 0…1: noise is near 0.6, a tone near 0."""
    spectra = _frames(sound)
    power = spectra.sum(axis=0)
    order = np.cumsum(power) / power.sum()
    low, high = np.searchsorted(order, (0.05, 0.95))
    low = max(1, int(low) - 3)
    inside = spectra[:, low : int(high) + 4] + 1e-12
    flat = np.exp(np.log(inside).mean(axis=1)) / inside.mean(axis=1)
    return float(np.average(flat, weights=inside.sum(axis=1)))


def pitches(sound: np.ndarray) -> np.ndarray:
    """The strongest frequency of every 6 ms that is not quiet."""
    spectra = _frames(sound)
    loud = spectra.sum(axis=1) > 1e-3 * spectra.sum(axis=1).max()
    best = np.argmax(spectra[:, 1:-1], axis=1) + 1
    rows = np.arange(len(spectra))
    a, b, c = (np.log(spectra[rows, best + o] + 1e-20) for o in (-1, 0, 1))
    shift = 0.5 * (a - c) / np.where(a - 2 * b + c == 0, -1, a - 2 * b + c)
    return ((best + shift) * RATE / _SIZE)[loud]


def turn(sound: np.ndarray) -> float:
    """Octaves from the pitch of the first third to that of the last third."""
    found = pitches(sound)
    third = max(1, len(found) // 3)
    return float(np.log2(np.median(found[-third:]) / np.median(found[:third])))


def onsets(sound: np.ndarray, rise: float = 3.0) -> int:
    """How often it becomes clearly louder within 10 ms."""
    levels = np.maximum(level(sound), 0.02)
    before = np.concatenate(([0.02, 0.02], levels))[: len(levels)]
    starts = (levels > rise * before) & (levels > 0.12)
    places = np.flatnonzero(starts)
    return int(1 + (np.diff(places) > 6).sum()) if len(places) else 0


def _frames(sound: np.ndarray) -> np.ndarray:
    wide = np.concatenate((sound, np.zeros(_SIZE)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, _SIZE)[::_HOP]
    return np.abs(np.fft.rfft(windows * np.hanning(_SIZE))) ** 2
