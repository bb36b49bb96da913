"""The sound device of this machine, through PortAudio: opened, or the reason why not in a sentence.

PortAudio and its Python binding are imported at first use: looking for devices takes a moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from studio.api.errors import ErrorCode, StudioError

RATES = (44100, 48000)
_LATENCY = 0.1  # seconds that the device may be ahead: the window is busy now and then

Fill = Callable[[np.ndarray, float, bool], None]
"""Fills (frames, 2) float32 that will sound at a time of ``Stream.time``; whether samples were
missing before. Called from a thread of the device."""


class Stream(Protocol):
    """Sound on its way to a device.

    Attributes:
        rate: Samples a second.
    """

    rate: int

    def time(self) -> float:
        """Return the time in seconds by the clock of the device."""
        ...

    def start(self) -> None:
        """Let the device ask for sound."""
        ...

    def stop(self) -> None:
        """Let it stop asking; ``start`` goes on."""
        ...

    def is_alive(self) -> bool:
        """Return whether the device is still there and asks for sound."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


class DeviceStream:
    """The default output of this machine."""

    def __init__(self, fill: Fill, sounddevice: Any, rate: int) -> None:
        self.rate = rate
        self._time, self._error = 0.0, sounddevice.PortAudioError

        def callback(out: np.ndarray, frames: int, time: Any, status: Any) -> None:
            fill(out, time.outputBufferDacTime, bool(status.output_underflow))

        self._stream = sounddevice.OutputStream(
            rate, channels=2, dtype="float32", latency=_LATENCY, callback=callback
        )

    def time(self) -> float:
        """Return the time of the device's clock; the last one known when it is gone."""
        try:
            self._time = float(self._stream.time)
        except self._error:  # another thread has closed it, or it was unplugged
            pass
        return self._time

    def start(self) -> None:
        """Let the device ask for sound."""
        if not self._stream.active:
            self._stream.stop()  # after an end of its own PortAudio wants to be told
            self._stream.start()

    def stop(self) -> None:
        """Let it stop asking."""
        self._stream.stop()

    def is_alive(self) -> bool:
        """Return whether it asks for sound."""
        return bool(self._stream.active)

    def close(self) -> None:
        """Let go of the device."""
        self._stream.close(ignore_errors=True)


def open_stream(fill: Fill) -> Stream:
    """Return the default output of this machine, not started.

    Raises:
        StudioError: There is none, or it does not open; says why and what else can be done.
    """
    sounddevice = _sounddevice()
    try:
        return _opened(fill, sounddevice)
    except (sounddevice.PortAudioError, ValueError):
        # PortAudio knows only the devices that were there when it began: let it look anew.
        sounddevice._terminate()
        sounddevice._initialize()
    try:
        return _opened(fill, sounddevice)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"There is no sound device{_reason(error)}.",
            "Connect one and press Play again, or export as WAV.",
        ) from error


def open_microphone(take: Callable[[np.ndarray], None]) -> Microphone:
    """Return the default input of this machine, started.

    Args:
        take: Gets each (frames,) float32 of one channel, from a thread of the device.

    Raises:
        StudioError: There is none, or it does not open; says why and what else can be done.
    """
    sounddevice = _sounddevice()
    for attempt in range(2):
        try:
            rate = round(sounddevice.query_devices(kind="input")["default_samplerate"])
            stream = sounddevice.InputStream(
                rate,
                channels=1,
                dtype="float32",
                callback=lambda data, _frames, _time, _status: take(data[:, 0].copy()),
            )
            stream.start()
            return Microphone(stream, rate)
        except (sounddevice.PortAudioError, ValueError) as error:
            reason = _reason(error)
            if not attempt:  # one that was connected later is not known yet
                sounddevice._terminate()
                sounddevice._initialize()
    raise StudioError(
        ErrorCode.UNSUPPORTED,
        f"There is no microphone{reason}.",
        "Connect one and try again, or open a recording.",
    )


class Microphone:
    """Sound on its way from a device, at ``rate`` samples a second."""

    def __init__(self, stream: Any, rate: int) -> None:
        self._stream, self.rate = stream, rate

    def is_alive(self) -> bool:
        """Return whether the device is still there."""
        return bool(self._stream.active)

    def close(self) -> None:
        """Let go of the device."""
        self._stream.close(ignore_errors=True)


def _opened(fill: Fill, sounddevice: Any) -> Stream:
    device = sounddevice.query_devices(kind="output")
    rate = round(device["default_samplerate"])
    return DeviceStream(fill, sounddevice, rate if rate in RATES else RATES[0])


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "Playback needs the package sounddevice, which is not installed.",
            "Install it with `pip install sounddevice`, or export as WAV.",
        ) from error
    except OSError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "Playback needs the PortAudio library, which is not installed.",
            "Install it (on Debian: libportaudio2), or export as WAV.",
        ) from error
    return sounddevice


def _reason(error: Exception) -> str:
    """Return why, in brackets; nothing where PortAudio says no more than that there is none."""
    words = str(error.args[0] if error.args else error).strip().rstrip(".")
    if words.startswith("Error querying device -1"):
        return ""
    return f" ({words[:1].lower() + words[1:] or 'no reason was given'})"
