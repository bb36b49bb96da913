"""Microphone recorder that buffers samples until fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from studio.api.stability import since
from studio.api.window.sound.devices import open_microphone


class Recorder:
    """A recording that is going on from the moment it is made.

    Attributes:
        rate: Samples a second.
        level: The loudest sample since it was asked last, 0…1.
    """

    def __init__(
        self,
        open_input: Callable[[Callable[[np.ndarray], None]], Any] = open_microphone,
        *,
        longest: float = 300,
    ) -> None:
        """Open a microphone. Slow: it looks for devices.

        Args:
            longest: Seconds after which it takes no more.

        Raises:
            StudioError: There is none; says what else can be done.
        """
        self._longest = longest
        self._parts: list[np.ndarray] = []
        self._frames, self._peak = 0, 0.0
        self._microphone = open_input(self._take)
        self.rate: int = self._microphone.rate

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self._frames / self.rate

    @property
    def over(self) -> bool:
        """Whether nothing more comes: it is full, or the microphone was pulled out."""
        return self.seconds >= self._longest or not self._microphone.is_alive()

    def level(self) -> float:
        """Return the loudest sample since this was asked last, 0…1."""
        peak, self._peak = self._peak, 0.0
        return peak

    @since("1.1")
    def take(self) -> np.ndarray:
        """Return and clear the samples since the last call, (frames,) float32."""
        count = len(self._parts)  # another one may come meanwhile, from a thread of the device
        taken = self._parts[:count]
        del self._parts[:count]
        sound = np.concatenate([np.zeros(0, np.float32), *taken])
        self._frames -= len(sound)
        return sound

    def end(self) -> np.ndarray:
        """Let go of the microphone; return (frames, 1) float32."""
        self._microphone.close()
        return np.concatenate([np.zeros(0, np.float32), *self._parts])[:, None]

    def _take(self, part: np.ndarray) -> None:
        room = round(self._longest * self.rate) - self._frames if self._parts else len(part)
        part = part[: max(0, room)]
        self._parts.append(part)
        self._frames += len(part)
        self._peak = max(self._peak, float(np.abs(part).max(initial=0.0)))
