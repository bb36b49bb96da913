"""The MIDI ports of this machine, by mido and python-rtmidi, which come with an extra."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, Final

from studio.api import ErrorCode, StudioError

BACKEND: Final = "mido.backends.rtmidi"

_MOST_WAITING = 50_000  # messages; what a window that stands still for minutes may miss


def input_names() -> list[str]:
    """Return the ports that a keyboard plays into. Slow: it looks for devices.

    Raises:
        StudioError: The packages are missing, or the system has no MIDI; says what to do.
    """
    names: list[str] = _asked(lambda backend: backend.get_input_names())
    return names


def output_names() -> list[str]:
    """Return the ports that a synthesiser listens to; as ``input_names``."""
    names: list[str] = _asked(lambda backend: backend.get_output_names())
    return names


class KeyboardInput:
    """Messages of a keyboard, buffered with their arrival times until they are taken.

    Attributes:
        name: Of the port.
    """

    def __init__(self, name: str) -> None:
        """Open a port.

        Raises:
            StudioError: It is gone or in use, or as ``input_names``.
        """
        self.name = name
        self._came: deque[tuple[float, Any]] = deque(maxlen=_MOST_WAITING)
        self._port = _asked(lambda backend: backend.open_input(name, callback=self._take), name)

    def taken(self) -> list[tuple[float, Any]]:
        """Return (``time.monotonic`` seconds, message) for messages since the last call."""
        return [self._came.popleft() for _ in range(len(self._came))]

    def is_alive(self) -> bool:
        """Return whether the port is still there. Slow: it looks for devices."""
        try:
            return self.name in input_names()
        except StudioError:
            return False

    def close(self) -> None:
        """Let go of the port."""
        self._port.close()

    def _take(self, message: Any) -> None:
        """Keep a message. This is a thread of the system."""
        self._came.append((time.monotonic(), message))


class SynthPort:
    """A synthesiser behind a MIDI output port."""

    def __init__(self, name: str) -> None:
        """Open a port; errors as of ``KeyboardInput``."""
        self._name = name
        self._port = _asked(lambda backend: backend.open_output(name), name)

    def send(self, data: bytes) -> None:
        """Send one message, as its bytes.

        Raises:
            StudioError: The synthesiser is gone.
        """
        from mido import Message

        _asked(lambda _backend: self._port.send(Message.from_bytes(data)), self._name)

    def check(self) -> None:
        """Raise ``StudioError`` if the port is no longer there. Slow: it looks for devices."""
        if self._name not in output_names():
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"The MIDI port “{self._name}” was disconnected.",
                "Connect it again, or let this computer play.",
            )

    def close(self) -> None:
        """Let go of the port."""
        self._port.close()


def _asked(ask: Any, port: str = "") -> Any:
    try:
        import mido

        backend = mido.Backend(BACKEND, load=True)
    except ImportError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "MIDI devices need the packages mido and python-rtmidi, which are not installed.",
            "Install them with `pip install mido python-rtmidi` and start again.",
        ) from error
    try:
        return ask(backend)
    except (backend.module.rtmidi.RtMidiError, OSError) as error:
        reason = str(error.args[0] if error.args else error).strip().rstrip(".")
        if port:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"The MIDI port “{port}” cannot be used ({reason}).",
                "Check that the device is connected and not used by another program.",
            ) from error
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"This system offers no MIDI ({reason}).",
            "On Linux it comes with ALSA's sequencer (the kernel module snd-seq).",
        ) from error
