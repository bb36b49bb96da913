"""A room: the response of its walls, laid over sound block by block. Exact and repeatable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from studio_music.audio.synth import noise

WET = 0.18
USUAL = 1.3
"""Seconds in which the usual room dies away by 60 dB."""
_SECONDS = 1.5
"""That are computed of the usual room."""
_BANDS = ((160, 500, 1.3), (500, 1800, 1.25), (1800, 5000, 0.9), (5000, 9000, 0.55))
"""Of the usual room: low hertz, high hertz, seconds to -60 dB."""
_EARLY = ((0.011, 0.5, 0.2), (0.017, 0.2, 0.45), (0.023, 0.35, 0.3), (0.031, 0.2, 0.35))
"""First echoes: seconds, left, right."""


def length(room: float) -> float:
    """Return for how many seconds a room is heard that dies away by 60 dB in ``room`` seconds."""
    return max(0.3, _SECONDS * room / USUAL)


@lru_cache(maxsize=8)
def response(rate: int, room: float = USUAL) -> np.ndarray:
    """Return (2, frames) float32: the impulse response of a room."""
    whole, scale = length(room), room / USUAL
    frames = round(whole * rate)
    time = np.arange(frames, dtype=np.float32) / rate
    rng = np.random.default_rng(7)
    impulse = np.zeros((2, frames), np.float32)
    for low, high, seconds in _BANDS:
        band = noise.coloured(rng, rate, frames, low, high, slope=3.0, channels=2)
        fading = np.exp(-6.9078 / (seconds * scale) * time)
        impulse += band * fading * np.sqrt((high - low) / 4000)
    impulse *= np.clip((time - 0.012) / 0.03, 0, 1) * np.clip((whole - time) / 0.1, 0, 1)
    impulse /= np.sqrt((impulse**2).sum(axis=1, keepdims=True))
    for seconds, left, right in _EARLY:
        impulse[:, round(seconds * rate)] += np.array([left, right]) * 0.5
    return impulse * WET


@dataclass(frozen=True)
class Memory:
    """State of the reverb: spectra of the last blocks, newest first, and the last half.

    A value: mixing goes on from any of them.
    """

    past: tuple[np.ndarray, ...]
    before: np.ndarray


class Reverb:
    """A room for blocks of one size."""

    def __init__(self, rate: int, block: int, room: float = USUAL) -> None:
        self.block = block
        walls = response(rate, room)
        count = -(-walls.shape[1] // block)
        padded = np.zeros((2, count * block), np.float32)
        padded[:, : walls.shape[1]] = walls
        parts = padded.reshape(2, count, block)
        self._parts = np.fft.rfft(parts, 2 * block).astype(np.complex64)
        self._silent = np.zeros(block + 1, np.complex64)

    @property
    def silence(self) -> Memory:
        """The room before anything was played in it."""
        return Memory((), np.zeros(self.block, np.float32))

    def add(self, bus: np.ndarray, memory: Memory) -> Memory:
        """Add the room to left and right of ``bus``, in place; return the new state.

        Args:
            bus: (3, block): left, right, and the send to the room.
        """
        dry = bus[2].copy()
        spectrum = np.fft.rfft(np.concatenate((memory.before, dry)))
        past = (spectrum, *memory.past)[: self._parts.shape[1]]
        total = np.zeros((2, self.block + 1), np.complex64)
        for number, old in enumerate(past):
            total += self._parts[:, number] * old
        bus[:2] += np.fft.irfft(total)[:, self.block :]
        return Memory(past, dry)
