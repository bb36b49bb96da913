"""MIDI ports, through mido whose backend is played by the test, and through one of this machine."""

from __future__ import annotations

import importlib.util
import sys
import time
from types import ModuleType
from typing import Any

import pytest
from mido import Message

from studio.api import StudioError
from studio_music.audio.midi import ports


class FakePort:
    """A port of mido that the test plays on."""

    def __init__(self, name: str, callback: Any = None) -> None:
        if name not in FakePort.names:
            raise OSError(f"unknown port {name!r}")
        self.name, self.callback, self.closed = name, callback, False
        self.sent: list[Message] = []
        FakePort.opened.append(self)

    names: list[str]
    opened: list[FakePort]

    def send(self, message: Message) -> None:
        if self.name not in FakePort.names:
            raise OSError("it is gone")
        self.sent.append(message)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A backend of mido with one port."""
    made: Any = ModuleType("a_backend")
    made.rtmidi = ModuleType("rtmidi")
    made.rtmidi.RtMidiError = type("RtMidiError", (Exception,), {})
    made.Input = lambda name, **how: FakePort(name, how.get("callback"))
    made.Output = lambda name, **how: FakePort(name)
    made.get_devices = lambda **how: [
        {"name": name, "is_input": True, "is_output": True} for name in FakePort.names
    ]
    FakePort.names, FakePort.opened = ["Keys 20:0"], []
    monkeypatch.setitem(sys.modules, "a_backend", made)
    monkeypatch.setattr(ports, "BACKEND", "a_backend")
    return made


@pytest.mark.usefixtures("backend")
def test_messages_are_kept_in_order_with_their_time() -> None:
    before = time.monotonic()
    keys = ports.KeyboardInput(ports.input_names()[0])
    sent = [Message("note_on", note=60), Message("note_off", note=60)]
    for message in sent:
        FakePort.opened[0].callback(message)
    came = keys.taken()
    assert [message for _, message in came] == sent
    assert before <= came[0][0] <= came[1][0] <= time.monotonic()
    assert keys.taken() == []
    keys.close()
    assert FakePort.opened[0].closed


@pytest.mark.usefixtures("backend")
def test_a_keyboard_that_is_pulled_out_is_seen() -> None:
    keys = ports.KeyboardInput("Keys 20:0")
    assert keys.is_alive()
    FakePort.names.clear()
    assert not keys.is_alive()


@pytest.mark.usefixtures("backend")
def test_a_port_that_is_gone_is_told() -> None:
    FakePort.names.clear()
    for opened in (ports.KeyboardInput, ports.SynthPort):
        with pytest.raises(StudioError, match="“Keys 20:0” cannot be used") as caught:
            opened("Keys 20:0")
        assert "connected" in caught.value.hint


@pytest.mark.usefixtures("backend")
def test_bytes_are_sent_until_the_synthesiser_is_gone() -> None:
    synth = ports.SynthPort("Keys 20:0")
    synth.send(bytes([0x91, 60, 99]))
    assert FakePort.opened[0].sent == [Message("note_on", channel=1, note=60, velocity=99)]
    synth.check()
    FakePort.names.clear()
    with pytest.raises(StudioError, match="disconnected"):
        synth.check()
    with pytest.raises(StudioError, match="it is gone"):
        synth.send(bytes([0x81, 60, 0]))


def test_a_system_without_midi_is_told(backend: Any) -> None:
    def none(**_how: Any) -> None:
        raise backend.rtmidi.RtMidiError("error creating ALSA sequencer client object.")

    backend.get_devices = none
    with pytest.raises(StudioError, match=r"no MIDI \(error creating ALSA"):
        ports.input_names()


def test_missing_packages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "BACKEND", "a_backend_that_is_not_installed")
    with pytest.raises(StudioError, match="python-rtmidi, which are not installed") as caught:
        ports.input_names()
    assert "pip install" in caught.value.hint


def test_what_is_sent_to_a_virtual_port_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("rtmidi") is None:
        pytest.skip("python-rtmidi is not installed")
    import mido

    name, far, missing = "Offline Studio test", None, []
    for backend in (ports.BACKEND, f"{ports.BACKEND}/UNIX_JACK"):  # JACK needs no sound card
        try:
            far = mido.Backend(backend).open_output(name, virtual=True)
        except (OSError, NotImplementedError) as error:
            missing.append(str(error))
        else:
            monkeypatch.setattr(ports, "BACKEND", backend)
            break
    if far is None:
        pytest.skip(f"no virtual MIDI port here: {missing}")
    with far:
        found = next(port for port in ports.input_names() if name in port)
        keys = ports.KeyboardInput(found)
        sent = Message("note_on", note=61, velocity=99)
        far.send(sent)
        end, came = time.monotonic() + 5, []
        while not came and time.monotonic() < end:
            came = keys.taken()
        keys.close()
    assert [message for _, message in came] == [sent]
