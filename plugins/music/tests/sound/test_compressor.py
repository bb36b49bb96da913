"""The compressor: what it turns down, how fast, and that a loop has no seam."""

from __future__ import annotations

import numpy as np
import pytest

from studio_music.audio.mix.compressor import Compression, compressed

RATE = 44_100


def tone(level: float, seconds: float = 1.0) -> np.ndarray:
    """A tone with peaks at ``level`` decibels, loud enough at its start, too."""
    time = np.arange(round(seconds * RATE))[:, None] / RATE
    return np.asarray(10 ** (level / 20) * np.cos(2 * np.pi * 2205 * time))


def level(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(sound).max()))


@pytest.mark.parametrize(("going_in", "coming_out"), [(-6, -15), (-30, -30), (0, -13.5)])
def test_above_the_threshold_the_ratio_counts(going_in: float, coming_out: float) -> None:
    made = compressed(tone(going_in), RATE, Compression(-18, 4, 0.005, 0.1))
    assert level(made[RATE // 2 :]) == pytest.approx(coming_out, abs=0.1)
    louder = compressed(tone(going_in), RATE, Compression(-18, 4, 0.005, 0.1, 6))
    assert np.allclose(louder, made * 10 ** (6 / 20))


def test_it_takes_its_time_down_and_up() -> None:
    sound = np.concatenate((tone(0, 0.5), tone(-40, 0.5)))
    made = compressed(sound, RATE, Compression(-20, 4, 0.05, 0.2))
    reduction = 20 * np.log10(np.abs(made) / np.maximum(np.abs(sound), 1e-9) + 1e-9)

    def at(seconds: float) -> float:
        around = slice(round(seconds * RATE) - 20, round(seconds * RATE) + 20)
        return float(np.median(reduction[around]))

    assert at(0.05) == pytest.approx(-15 * 0.632, abs=0.3)
    assert at(0.49) == pytest.approx(-15, abs=0.1)
    assert at(0.5 + 0.2) == pytest.approx(-15 * 0.368, abs=0.3)


def test_channels_share_the_gain_and_a_ratio_of_one_changes_nothing() -> None:
    pair = np.concatenate((tone(0), tone(-30)), axis=1)
    made = compressed(pair, RATE, Compression(-18, 8))
    assert np.allclose(made[:, 1:], made[:, :1] * 10 ** (-30 / 20))
    assert np.allclose(compressed(pair, RATE, Compression(-18, 1)), pair)
    assert compressed(pair[:0], RATE, Compression()).shape == (0, 2)


def test_a_loop_has_the_same_gain_at_both_ends() -> None:
    sound = np.concatenate((tone(-40, 0.2), tone(0, 0.2)))
    made = compressed(sound, RATE, Compression(-20, 4), loop=True)
    once = compressed(sound, RATE, Compression(-20, 4))
    assert len(made) == len(sound)
    assert level(made[:100]) < level(sound[:100]) - 3, "still turned down from its end"
    assert level(once[:100]) == pytest.approx(level(sound[:100]), abs=0.1), "the control"
