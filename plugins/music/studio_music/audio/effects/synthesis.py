"""From a family and settings to samples. The same settings and seed give the same samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from studio_music.audio.effects import finish
from studio_music.audio.effects.family import Family
from studio_music.audio.effects.morph import morphed
from studio_music.audio.effects.request import Request
from studio_music.audio.effects.settings import LONGEST, Settings
from studio_music.audio.effects.stage import BLOCK, RATE, Stage


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
