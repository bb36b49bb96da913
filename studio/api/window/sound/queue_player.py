"""Plays sounds one behind the other as they come: speech that is still being made. Knows no Qt."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from studio.api.stability import since
from studio.api.window.sound import devices

_FADE_SECONDS = 0.02
_LOUDNESS_SECONDS = 0.7
"""How long what was played may still be heard: the device is late, and rooms ring on."""


@since("1.1")
class QueuePlayer:
    """A queue of sounds on the default output of this machine; silence while it is empty."""

    def __init__(
        self, open_stream: Callable[[devices.Fill], devices.Stream] = devices.open_stream
    ) -> None:
        """Open the device. Slow: call it beside the window.

        Raises:
            StudioError: There is none; says why and what else can be done.
        """
        self._lock = threading.Lock()
        self._waiting: deque[np.ndarray] = deque()
        self._fading = np.zeros(0, np.float32)
        self._levels: deque[tuple[float, float]] = deque(maxlen=200)
        self._stream = open_stream(self._fill)
        self._stream.start()

    @property
    def playing(self) -> bool:
        """Whether there is something left to play."""
        with self._lock:
            return bool(self._waiting)

    @property
    def seconds(self) -> float:
        """How much there is left to play."""
        with self._lock:
            return sum(map(len, self._waiting)) / self._stream.rate

    @property
    def alive(self) -> bool:
        """Whether the device is still there."""
        return self._stream.is_alive()

    def add(self, samples: np.ndarray, rate: int) -> None:
        """Play (n,) float32 behind what waits."""
        if rate != self._stream.rate and len(samples) > 1:
            places = np.arange(0, len(samples) - 1, rate / self._stream.rate)
            samples = np.interp(places, np.arange(len(samples)), samples)
        if len(samples):
            with self._lock:
                self._waiting.append(samples.astype(np.float32))

    def clear(self) -> None:
        """Fall silent, without a click; the device stays open."""
        count = round(_FADE_SECONDS * self._stream.rate)
        with self._lock:
            rest = self._waiting[0][:count] if self._waiting else np.zeros(0, np.float32)
            self._fading = rest * np.linspace(1, 0, len(rest), dtype=np.float32)
            self._waiting.clear()

    def level(self) -> float:
        """Return how loud it was in the last 0.7 seconds, at its loudest: a root mean square."""
        since_when = time.monotonic() - _LOUDNESS_SECONDS
        with self._lock:
            return max((level for when, level in self._levels if when >= since_when), default=0.0)

    def close(self) -> None:
        """Let go of the device."""
        self._stream.close()

    def _fill(self, out: np.ndarray, _at: float, _late: bool) -> None:
        with self._lock:
            mono = np.zeros(len(out), np.float32)
            done = min(len(self._fading), len(out))
            mono[:done], self._fading = self._fading[:done], self._fading[done:]
            while self._waiting and done < len(out):
                first = self._waiting[0]
                part = first[: len(out) - done]
                mono[done : done + len(part)] = part
                done += len(part)
                if len(part) < len(first):
                    self._waiting[0] = first[len(part) :]
                else:
                    self._waiting.popleft()
            out[:] = mono[:, None]
            self._levels.append((time.monotonic(), float(np.sqrt(np.mean(np.square(mono))))))
