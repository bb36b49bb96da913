"""The sound device through PortAudio, whose binding is played by the test."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio.api import StudioError
from studio.api.window.sound import devices


class PortAudioError(Exception):
    pass


class FakeSounddevice:
    """As much of the package sounddevice as is used, on a machine with a device or without."""

    PortAudioError = PortAudioError

    def __init__(self, *, found_at: int = 0, rate: float = 48000.0) -> None:
        self.looked, self.found_at, self.rate = 0, found_at, rate
        self.streams: list[Any] = []

    def query_devices(self, kind: str) -> dict[str, float]:
        assert kind == "output"
        if self.looked < self.found_at:
            raise PortAudioError("Error querying device -1")
        return {"default_samplerate": self.rate}

    def _terminate(self) -> None:
        self.looked += 1

    def _initialize(self) -> None:
        pass

    def OutputStream(self, rate: int, **how: Any) -> Any:
        stream = SimpleNamespace(rate=rate, time=1.5, active=False, calls=[], **how)
        for name in ("start", "stop"):
            setattr(stream, name, lambda name=name: stream.calls.append(name))
        stream.close = lambda ignore_errors: stream.calls.append("close")
        self.streams.append(stream)
        return stream


def with_fake(monkeypatch: pytest.MonkeyPatch, fake: Any) -> Any:
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


@pytest.mark.parametrize(("rate", "taken"), [(48000.0, 48000), (44100.0, 44100), (96000.0, 44100)])
def test_the_default_output_is_opened_at_a_rate_that_is_rendered(
    monkeypatch: pytest.MonkeyPatch, rate: float, taken: int
) -> None:
    fake = with_fake(monkeypatch, FakeSounddevice(rate=rate))
    asked = []
    stream = devices.open_stream(lambda out, at, late: asked.append((len(out), at, late)))
    assert stream.rate == fake.streams[0].rate == taken
    out = np.zeros((64, 2), np.float32)
    status = SimpleNamespace(output_underflow=True)
    fake.streams[0].callback(out, 64, SimpleNamespace(outputBufferDacTime=7.25), status)
    assert asked == [(64, 7.25, True)]
    assert stream.time() == 1.5
    stream.start()
    stream.close()
    assert fake.streams[0].calls[-2:] == ["start", "close"]
    assert not stream.is_alive()


def test_a_device_that_was_plugged_in_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = with_fake(monkeypatch, FakeSounddevice(found_at=1))
    assert devices.open_stream(lambda *_: None).rate == 48000
    assert fake.looked == 1


def test_no_device_is_said_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with_fake(monkeypatch, FakeSounddevice(found_at=9))
    with pytest.raises(StudioError, match="no sound device") as said:
        devices.open_stream(lambda *_: None)
    assert said.value.message == "There is no sound device.", "not in the words of PortAudio"
    assert "WAV" in said.value.hint


@pytest.mark.parametrize(
    ("error", "words"),
    [(ImportError("No module"), "package sounddevice"), (OSError("no library"), "PortAudio")],
)
def test_a_missing_package_or_library_is_said(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    class Refusing:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "sounddevice":
                raise error

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    with pytest.raises(StudioError, match=words) as said:
        devices.open_stream(lambda *_: None)
    assert "WAV" in said.value.hint
