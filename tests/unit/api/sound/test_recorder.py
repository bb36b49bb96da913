"""A microphone is recorded, through PortAudio whose binding is played by the test."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio.api import StudioError
from studio.api.window.sound import devices, recorder


class Unplugged(Exception):
    pass


class FakeInput:
    """As much of the package sounddevice as is used; ``found_at``: looks until it is there."""

    PortAudioError = Unplugged

    def __init__(self, found_at: int = 0) -> None:
        self.looked, self.found_at, self.streams = 0, found_at, []

    def query_devices(self, kind: str) -> dict[str, float]:
        assert kind == "input"
        if self.looked < self.found_at:
            raise Unplugged("Error querying device -1")
        return {"default_samplerate": 1000.0}

    def _terminate(self) -> None:
        self.looked += 1

    def _initialize(self) -> None:
        pass

    def InputStream(self, rate: int, **how: Any) -> Any:
        stream = SimpleNamespace(active=False, closed=False, **how)
        stream.start = lambda: setattr(stream, "active", True)
        stream.close = lambda ignore_errors: setattr(stream, "closed", True)
        self.streams.append(stream)
        return stream

    def speak(self, samples: np.ndarray) -> None:
        self.streams[-1].callback(samples[:, None], len(samples), None, None)


@pytest.fixture(params=[0, 1])
def fake(request: Any, monkeypatch: pytest.MonkeyPatch) -> FakeInput:
    """There from the start, or connected after PortAudio looked first."""
    fake = FakeInput(request.param)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def test_what_is_heard_is_kept_in_order(fake: FakeInput) -> None:
    made = recorder.Recorder()
    first, second = np.linspace(0, 0.5, 300), np.linspace(0.5, -0.9, 200)
    fake.speak(first)
    fake.speak(second)
    assert made.seconds == 0.5
    assert made.level() == pytest.approx(0.9)
    assert made.level() == 0
    assert not made.over
    assert made.end()[:, 0] == pytest.approx(np.concatenate([first, second]))
    assert fake.streams[-1].closed


def test_it_takes_no_more_than_it_may(fake: FakeInput) -> None:
    made = recorder.Recorder(longest=1)
    for _ in range(4):
        fake.speak(np.ones(400))
    assert made.over
    assert len(made.end()) == 1000


def test_a_microphone_that_is_pulled_out_ends_it(fake: FakeInput) -> None:
    made = recorder.Recorder()
    fake.speak(np.ones(400))
    assert not made.over
    fake.streams[-1].active = False
    assert made.over
    assert len(made.end()) == 400


def test_no_microphone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", FakeInput(found_at=9))
    with pytest.raises(StudioError, match="no microphone") as caught:
        devices.open_microphone(lambda part: None)
    assert "open a recording" in caught.value.hint


def test_what_was_heard_can_be_taken_as_it_comes(fake: FakeInput) -> None:
    made = recorder.Recorder()
    fake.speak(np.full(300, 0.1, np.float32))
    fake.speak(np.full(100, 0.2, np.float32))
    assert len(made.take()) == 400
    assert len(made.take()) == 0
    fake.speak(np.full(50, 0.3, np.float32))
    assert made.seconds == 0.05
    assert made.take() == pytest.approx(0.3)
