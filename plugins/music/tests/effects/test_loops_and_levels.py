"""Textures close without a seam; loudness is that of the standard."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from studio_music.audio.effects import finish
from studio_music.audio.effects.catalogue import FAMILIES
from studio_music.audio.effects.request import Request
from studio_music.audio.effects.settings import Settings
from studio_music.audio.effects.synthesis import render, sound_of

ENDLESS = [name for name, family in FAMILIES.items() if family.endless]


def seam(loop: np.ndarray) -> float:
    """The jump from the last sample to the first, as a share of the largest jump inside."""
    jump = np.abs(loop[0] - loop[-1]).max()
    return float(jump / np.abs(np.diff(loop, axis=0)).max())


def turned(loop: np.ndarray) -> float:
    """How much louder high frequencies are around the joint than elsewhere: a click has many."""
    middle = np.roll(loop, len(loop) // 2, axis=0).mean(axis=1)
    sharp = np.abs(np.diff(middle, 3))
    joint, around = len(sharp) // 2, 40
    inside = np.sort(np.lib.stride_tricks.sliding_window_view(sharp, 2 * around)[::around].max(1))
    return float(sharp[joint - around : joint + around].max() / inside[int(0.995 * len(inside))])


def test_loops_have_no_seam_and_a_cut_sound_has_one() -> None:
    for name in ("machine_hum", "engine", "rain", "spaceship"):
        loop = render(FAMILIES[name], Settings(seconds=1.5), 1)
        assert seam(loop) <= 1, name
        assert turned(loop) <= 1.5, name
    hum = render(FAMILIES["machine_hum"], Settings(seconds=1.5), 1)
    end = len(hum) - 1000 + int(np.abs(hum[-1000:, 0] - hum[0, 0]).argmax())
    assert turned(hum[: end + 1]) > 3, "the control: a loop that was cut clicks"


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDLESS)
def test_every_texture_closes(name: str) -> None:
    loop = render(FAMILIES[name], Settings(seconds=2.0, space=0.3), 3)
    assert seam(loop) <= 1
    assert turned(loop) <= 2


@pytest.mark.slow
def test_textures_turn_into_each_other_as_loops() -> None:
    first, second = FAMILIES["machine_hum"], FAMILIES["wind"]
    request = Request(first, Settings(seconds=0.6), second, 0.5)
    loop = sound_of(request, 1)
    assert request.loop
    assert len(loop) == len(render(first, Settings(seconds=0.6), 1))
    assert len(loop) / 44_100 == pytest.approx(0.6, rel=0.04)
    assert seam(loop) <= 1


def test_loudness_is_that_of_the_standard() -> None:
    """BS.1770: a sine of 997 Hz at full scale in one channel has −3.01 LUFS; and its filters."""
    time = np.arange(3 * 48_000) / 48_000
    for level in (1.0, 0.1):
        tone = level * np.sin(2 * np.pi * 997 * time)[:, None]
        expected = -3.01 + 20 * np.log10(level)
        assert finish.lufs(tone, 48_000) == pytest.approx(expected, abs=0.1)
        assert finish.lufs(np.repeat(tone, 2, 1), 48_000) == pytest.approx(expected + 3.01, abs=0.1)
    noise = np.random.default_rng(1).standard_normal(3 * 48_000) * 0.1
    # the coefficients of the standard for 48 kHz, and its formula without gates
    b = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    heard = lfilter(b, [1, -1.69065929318241, 0.73248077421585], noise)
    heard = lfilter([1, -2, 1], [1, -1.99004745483398, 0.99007225036621], heard)
    expected = -0.691 + 10 * np.log10(np.mean(heard**2))
    assert finish.lufs(noise[:, None], 48_000) == pytest.approx(expected, abs=0.1)
