"""A finished sound is played as it is, at the rate of the device, from where one likes."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import ErrorCode, StudioError
from studio.api.window.sound.sample_player import SamplePlayer


class FakeStream:
    """A device that takes what it is asked to."""

    def __init__(self, fill: object, rate: int = 44100) -> None:
        self.fill, self.rate = fill, rate
        self.started = self.closed = False

    def start(self) -> None:
        self.started = True

    def close(self) -> None:
        self.closed = True

    def take(self, frames: int) -> np.ndarray:
        out = np.full((frames, 2), np.nan, np.float32)
        self.fill(out, 0.0, False)
        return out


def playing(samples: np.ndarray, rate: int, start: int = 0, device: int = 44100) -> tuple:
    streams: list[FakeStream] = []

    def open_stream(fill: object) -> FakeStream:
        streams.append(FakeStream(fill, device))
        return streams[-1]

    player = SamplePlayer(open_stream)
    player.play(samples, rate, start)
    return player, streams


def test_samples_come_as_they_are_behind_a_soft_start() -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, (4000, 2)).astype(np.float32)
    player, (stream,) = playing(sound, 44100)
    assert stream.started
    first, rest = stream.take(1000), stream.take(4000)
    assert abs(first[0]).max() == 0
    assert np.array_equal(first[256:], sound[256:1000])
    assert np.array_equal(rest[:3000], sound[1000:])
    assert not rest[3000:].any()
    assert not player.playing
    assert player.frame == 4000


def test_it_starts_anywhere_and_mono_is_on_both_sides() -> None:
    sound = np.linspace(0, 1, 3000, dtype=np.float32)
    player, (stream,) = playing(sound, 44100, start=1000)
    out = stream.take(500)
    assert np.array_equal(out[256:, 0], sound[1256:1500])
    assert np.array_equal(out[:, 0], out[:, 1])
    assert player.frame == 1500


def test_another_rate_keeps_pitch_and_place() -> None:
    seconds = np.arange(22050) / 22050
    tone = np.sin(2 * np.pi * 441 * seconds).astype(np.float32)
    player, (stream,) = playing(tone, 22050, device=44100)
    out = stream.take(44100)[:44000, 0]
    spectrum = abs(np.fft.rfft(out))
    assert spectrum.argmax() * 44100 / len(out) == pytest.approx(441, abs=2)
    assert player.frame == pytest.approx(22050, abs=2)


def test_stop_lets_go_of_the_device_and_play_opens_it_anew() -> None:
    player, streams = playing(np.zeros((100, 2), np.float32), 44100)
    player.stop()
    player.stop()
    assert streams[0].closed
    assert not player.playing
    player.play(np.ones((100, 2), np.float32), 44100)
    assert player.playing
    assert len(streams) == 2


def test_without_a_device_it_says_why() -> None:
    def refuse(fill: object) -> FakeStream:
        raise StudioError(ErrorCode.UNSUPPORTED, "There is no sound device.")

    player = SamplePlayer(refuse)
    with pytest.raises(StudioError, match="no sound device"):
        player.play(np.zeros((100, 2), np.float32), 44100)
    assert not player.playing
