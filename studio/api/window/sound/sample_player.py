"""Plays a finished sound: samples on their way to the device, as they are. Knows no Qt.

``player`` plays pieces, which can be edited meanwhile; this is for what is rendered already.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from studio.api.window.sound import devices

_FADE = 256
"""Samples over which it begins, so that nothing clicks."""


class SamplePlayer:
    """One sound at a time on the default output of this machine."""

    def __init__(
        self, open_stream: Callable[[devices.Fill], devices.Stream] = devices.open_stream
    ) -> None:
        self._open_stream = open_stream
        self._stream: devices.Stream | None = None
        self._samples = np.zeros((0, 2), np.float32)
        self._at = 0
        self._scale = 1.0
        self._fresh = False
        self._loop: tuple[int, int] | None = None

    @property
    def playing(self) -> bool:
        """Whether there is something left to play."""
        return self._stream is not None and self._at < len(self._samples)

    @property
    def frame(self) -> int:
        """Where it is, in frames of the sound that was given."""
        return round(self._at * self._scale)

    def play(
        self,
        samples: np.ndarray,
        rate: int,
        start: int = 0,
        loop: tuple[int, int] | None = None,
    ) -> None:
        """Play (n, channels) from a frame on. Slow at first: it opens the device.

        Args:
            loop: Frames that are repeated until it is stopped: the first, and one behind the last.

        Raises:
            StudioError: There is no device; says why and what else can be done.
        """
        self.stop()
        stream = self._open_stream(self._fill)
        self._scale = rate / stream.rate
        self._samples = _stereo(samples, self._scale)
        self._at = min(len(self._samples), round(start / self._scale))
        self._loop = None
        if loop is not None:
            first, last = (min(len(self._samples), round(at / self._scale)) for at in loop)
            self._loop = (first, last) if first < last else None
        self._fresh = True
        self._stream = stream
        stream.start()

    def stop(self) -> None:
        """Fall silent, and let go of the device."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _fill(self, out: np.ndarray, at: float, late: bool) -> None:
        """Give the device the next frames, and silence behind the end."""
        if self._loop is not None:
            first, last = self._loop
            ahead = self._at + np.arange(len(out))
            places = np.where(ahead < last, ahead, first + (ahead - first) % (last - first))
            out[:] = self._samples[places]
            self._at = int(first + (ahead[-1] + 1 - first) % (last - first))
            if ahead[-1] + 1 < last:
                self._at = int(ahead[-1] + 1)
        else:
            part = self._samples[self._at : self._at + len(out)]
            out[: len(part)] = part
            out[len(part) :] = 0
            self._at += len(part)
        if self._fresh:
            self._fresh = False
            length = min(_FADE, len(out))
            out[:length] *= np.linspace(0, 1, length, dtype=np.float32)[:, None]


def _stereo(samples: np.ndarray, scale: float) -> np.ndarray:
    """Return samples for two channels at the rate of the device; between two they go straight."""
    wide = samples.reshape(len(samples), -1)
    pair = wide[:, [0, min(1, wide.shape[1] - 1)]].astype(np.float32)
    if scale == 1.0 or len(pair) < 2:
        return pair
    places = np.arange(0, len(pair) - 1, scale)
    both = [np.interp(places, np.arange(len(pair)), pair[:, side]) for side in (0, 1)]
    return np.stack(both, axis=1).astype(np.float32)
