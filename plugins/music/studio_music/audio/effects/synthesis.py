"""From a family and settings to samples. The same settings and seed give the same samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from studio_music.audio.effects import finish
from studio_music.audio.effects.family import Family
from studio_music.audio.effects.request import Request
from studio_music.audio.effects.settings import LONGEST, Settings
from studio_music.audio.effects.stage import BLOCK, RATE, Stage

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


def sound_of(request: Request, seed: int) -> np.ndarray:
    """Synthesise a request from one seed; return (frames, channels) float32."""
    if request.into is None or request.morph <= 0:
        return render(request.family, request.settings, seed)
    into, settings = request.into, request.settings
    if request.loop:  # both are as long, so that both come round at once
        settings = replace(settings, seconds=settings.seconds or request.family.seconds)
    pair = raw(request.family, settings, seed), raw(into, replace(settings, shape={}), seed)
    between = morphed(*pair, request.morph, seed, loop=request.loop)
    return finished(between, settings, loop=request.loop)


def render(family: Family, settings: Settings, seed: int) -> np.ndarray:
    """Return (frames, channels) float32: one effect, finished."""
    return finished(raw(family, settings, seed), settings, loop=family.endless)


def raw(family: Family, settings: Settings, seed: int) -> np.ndarray:
    """Return (frames, channels) float64 as its recipe makes it, peak 1."""
    seconds = min(LONGEST, settings.seconds or family.seconds)
    knobs = {knob.name: settings.shape.get(knob.name, knob.usual) for knob in family.knobs}
    frames = max(64, round(seconds * RATE))
    if family.endless:
        frames = BLOCK * _easy(max(4, round(frames / BLOCK)))
    sides = np.random.default_rng(seed).spawn(2 if family.wide else 1)
    channels = [
        family.recipe(
            Stage(
                frames=frames,
                rng=rng,
                knobs=knobs,
                pitch=2 ** (settings.pitch / 12),
                pace=seconds / family.seconds,
                variety=settings.variety,
                loop=family.endless,
            )
        )
        for rng in sides
    ]
    if family.wide:  # an ear hears a room between two alike halves, and two rooms between others
        first, second = channels
        channels = [0.85 * first + 0.4 * second, 0.85 * second + 0.4 * first]
    sound = np.stack(channels, axis=1)
    sound = sound - sound.mean(axis=0)
    return np.asarray(sound / max(1e-9, float(np.abs(sound).max())))


def finished(sound: np.ndarray, settings: Settings, *, loop: bool) -> np.ndarray:
    """Return (frames, channels) float32 with brightness, roughness, room and level."""
    sides = [
        finish.tilt(finish.grit(side, settings.roughness), settings.brightness, loop=loop)
        for side in sound.T
    ]
    placed = finish.space(np.stack(sides, axis=1), settings.space, loop=loop)
    cut = placed if loop else finish.ends(placed)
    return finish.levelled(cut, settings.loudness).astype(np.float32)


def _easy(count: int) -> int:
    """Return the number nearest to ``count`` without prime factors over 11: with others a Fourier
    transform takes many times as long. From 2 s on the length of a loop changes by 2 % at most.
    """

    def is_easy(number: int) -> bool:
        for factor in (2, 3, 5, 7, 11):
            while number % factor == 0:
                number //= factor
        return number == 1

    away = 0
    while not is_easy(count + away):
        away = -away if away > 0 else 1 - away
    return count + away
