"""A sound between two others: their spectra are moved into each other, as earth is carted.

In each moment the energy of the first is carried along the (logarithmic) frequency axis to where
that of the second is: a tone at 200 Hz and one at 800 Hz meet at 400 Hz, where a mere mixture would
have both. The method is optimal transport of spectra (T. Henderson and J. Solomon, "Audio
transport", DAFx 2019); phases are found anew (D. Griffin and J. Lim, 1984).
"""

from __future__ import annotations

import numpy as np

from studio_music.audio.effects.stage import RATE

_SIZE, _HOP, _ROUNDS = 2048, 256, 30
_WINDOW = np.hanning(_SIZE + 1)[:-1]
_WEIGHT = float((_WINDOW**2).sum() / _HOP)


def morphed(
    first: np.ndarray, second: np.ndarray, share: float, seed: int, *, loop: bool = False
) -> np.ndarray:
    """Return (frames, channels): ``share`` of the way from the first sound to the second.

    Args:
        share: 0 is the first sound as it is, 1 the second.
        loop: Both are loops, of one length; so is what is returned.
    """
    if share <= 0 or share >= 1:
        return first if share <= 0 else second
    channels = max(first.shape[1], second.shape[1])
    frames = round(len(first) * (1 - share) + len(second) * share)
    rng = np.random.default_rng(seed)
    sides = []
    for side in range(channels):
        pair = [np.abs(_spectra(s[:, side % s.shape[1]], loop)) for s in (first, second)]
        moments = _moments(frames, loop)
        target = _carried(_stretched(pair[0], moments), _stretched(pair[1], moments), share)
        sides.append(_sound(target, frames, rng, loop))
    sound = np.stack(sides, axis=1)
    return np.asarray(sound / max(1e-9, float(np.abs(sound).max())))


def _moments(frames: int, loop: bool) -> int:
    return frames // _HOP if loop else -(-frames // _HOP) + _SIZE // _HOP - 1


def _spectra(sound: np.ndarray, loop: bool) -> np.ndarray:
    """Return (moments, bins): a spectrum every 6 ms."""
    before = _SIZE - _HOP
    if loop:
        wide = np.concatenate((sound[len(sound) - before :], sound))
    else:
        wide = np.concatenate((np.zeros(before), sound, np.zeros(-len(sound) % _HOP + before)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, _SIZE)[::_HOP]
    return np.fft.rfft(windows * _WINDOW)


def _samples(spectra: np.ndarray, frames: int, loop: bool) -> np.ndarray:
    """Return the sound whose spectra come closest to these."""
    laps, before = _SIZE // _HOP, _SIZE - _HOP
    parts = (np.fft.irfft(spectra, _SIZE) * _WINDOW).reshape(-1, laps, _HOP)
    blocks = np.zeros((len(parts) + laps - 1, _HOP))
    for lap in range(laps):
        blocks[lap : lap + len(parts)] += parts[:, lap]
    total = blocks.reshape(-1) / _WEIGHT
    if loop:
        total[frames : frames + before] += total[:before]
    return total[before : before + frames]


def _stretched(levels: np.ndarray, moments: int) -> np.ndarray:
    """Return as many moments as asked for, between those there are."""
    places = np.linspace(0, len(levels) - 1, moments)
    whole = np.minimum(places.astype(int), max(0, len(levels) - 2))
    part = (places - whole)[:, None]
    after = levels[np.minimum(whole + 1, len(levels) - 1)]
    return np.asarray(levels[whole] * (1 - part) + after * part)


def _carried(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """Return the levels (moments, bins) on the way from one spectrum to the other.

    Both are cut into pieces of equal energy, in the order of their pitch; each piece goes from its
    place in the first to its place in the second.
    """
    powers = [spectrum**2 + 1e-12 for spectrum in (first, second)]
    sums = [spectrum.sum(axis=1, keepdims=True) for spectrum in powers]
    edges = np.concatenate([np.cumsum(p, axis=1) / s for p, s in zip(powers, sums)], axis=1)
    bins = first.shape[1]
    order = np.argsort(edges, axis=1, kind="stable")
    mass = np.diff(np.take_along_axis(edges, order, axis=1), axis=1, prepend=0.0)
    is_first = order < bins
    at_first = np.cumsum(is_first, axis=1) - is_first
    at_second = np.cumsum(~is_first, axis=1) - ~is_first
    hertz = np.maximum(np.arange(bins) * (RATE / _SIZE), 20.0)
    places = [hertz[np.minimum(at, bins - 1)] for at in (at_first, at_second)]
    goal = places[0] ** (1 - share) * places[1] ** share / (RATE / _SIZE)
    low = np.minimum(goal.astype(int), bins - 2)
    upper = np.clip(goal - low, 0, 1)
    rows = np.arange(len(first))[:, None] * bins
    total = np.bincount((rows + low).ravel(), (mass * (1 - upper)).ravel(), len(first) * bins)
    total += np.bincount((rows + low + 1).ravel(), (mass * upper).ravel(), len(first) * bins)
    energy = ((1 - share) * np.sqrt(sums[0]) + share * np.sqrt(sums[1])) ** 2
    return np.asarray(np.sqrt(total.reshape(len(first), bins) * energy))


def _sound(levels: np.ndarray, frames: int, rng: np.random.Generator, loop: bool) -> np.ndarray:
    """Return a sound with these levels: phases by chance, then such as agree with each other."""
    phases = np.exp(2j * np.pi * rng.uniform(size=levels.shape))
    before = np.zeros_like(phases)
    for _round in range(_ROUNDS):
        spectra = _spectra(_samples(levels * phases, frames, loop), loop)[: len(levels)]
        ahead = spectra + 0.99 * (spectra - before)
        before = spectra
        phases = ahead / np.maximum(np.abs(ahead), 1e-9)
    return _samples(levels * phases, frames, loop)
