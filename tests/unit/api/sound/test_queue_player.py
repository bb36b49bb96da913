"""Sounds are played one behind the other, and fall silent without a click."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api.window.sound.queue_player import QueuePlayer
from studio.api.window.sound.wave_file import from_wav, to_wav
from tests.unit.api.sound.test_sample_player import FakeStream


@pytest.fixture
def stream() -> FakeStream:
    return FakeStream(None, 1000)


@pytest.fixture
def player(stream: FakeStream) -> QueuePlayer:
    def opened(fill: object) -> FakeStream:
        stream.fill = fill
        return stream

    return QueuePlayer(opened)


def test_one_sound_follows_the_other_without_a_gap(player: QueuePlayer, stream: FakeStream) -> None:
    player.add(np.full(30, 0.5, np.float32), 1000)
    player.add(np.full(30, 0.25, np.float32), 1000)
    assert player.playing
    assert player.seconds == pytest.approx(0.06)
    heard = np.concatenate([stream.take(25)[:, 0] for _ in range(4)])
    assert heard.tolist() == [0.5] * 30 + [0.25] * 30 + [0.0] * 40
    assert not player.playing
    player.add(np.full(10, 0.1, np.float32), 500)  # it goes on behind a silence, at another rate
    assert np.count_nonzero(stream.take(40)[:, 0]) == pytest.approx(20, abs=2)


def test_it_falls_silent_at_once_but_softly(player: QueuePlayer, stream: FakeStream) -> None:
    player.add(np.full(500, 0.5, np.float32), 1000)
    stream.take(100)
    assert player.level() == pytest.approx(0.5)
    player.clear()
    assert not player.playing
    rest = stream.take(100)[:, 0]
    assert np.abs(np.diff(np.concatenate([[0.5], rest]))).max() < 0.05
    assert not rest[20:].any()


def test_samples_are_a_file_and_back() -> None:
    sound = np.linspace(-1, 1, 50, dtype=np.float32)
    again, rate = from_wav(to_wav(sound, 8000))
    assert rate == 8000
    assert np.allclose(again, sound, atol=1e-4)
    with pytest.raises(ValueError, match="not a WAV"):
        from_wav(b"RIFF")
