"""A small room: the response of its walls, laid over sound block by block. Exact and repeatable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from studio_music.sound.synth import noise

SECONDS = 1.5
WET = 0.18
_BANDS = ((160, 500, 1.3), (500, 1800, 1.25), (1800, 5000, 0.9), (5000, 9000, 0.55))
"""Of the room: low hertz, high hertz, seconds to -60 dB."""
_EARLY = ((0.011, 0.5, 0.2), (0.017, 0.2, 0.45), (0.023, 0.35, 0.3), (0.031, 0.2, 0.35))
"""First echoes: seconds, left, right."""


@cache
def response(rate: int) -> np.ndarray:
    """Return (2, frames) float32: what the room makes of one click."""
    frames = round(SECONDS * rate)
    time = np.arange(frames, dtype=np.float32) / rate
    rng = np.random.default_rng(7)
    room = np.zeros((2, frames), np.float32)
    for low, high, seconds in _BANDS:
        band = noise.coloured(rng, rate, frames, low, high, slope=3.0, channels=2)
        room += band * np.exp(-6.9078 / seconds * time) * np.sqrt((high - low) / 4000)
    room *= np.clip((time - 0.012) / 0.03, 0, 1) * np.clip((SECONDS - time) / 0.1, 0, 1)
    room /= np.sqrt((room**2).sum(axis=1, keepdims=True))
    for seconds, left, right in _EARLY:
        room[:, round(seconds * rate)] += np.array([left, right]) * 0.5
    return room * WET


@dataclass(frozen=True)
class Memory:
    """What the room still has to say: spectra of the last blocks, newest first, and the last half.

    A value: mixing goes on from any of them.
    """

    past: tuple[np.ndarray, ...]
    before: np.ndarray


class Reverb:
    """The room for blocks of one size."""

    def __init__(self, rate: int, block: int) -> None:
        self.block = block
        room = response(rate)
        count = -(-room.shape[1] // block)
        padded = np.zeros((2, count * block), np.float32)
        padded[:, : room.shape[1]] = room
        parts = padded.reshape(2, count, block)
        self._parts = np.fft.rfft(parts, 2 * block).astype(np.complex64)
        self._silent = np.zeros(block + 1, np.complex64)

    @property
    def silence(self) -> Memory:
        """The room before anything was played in it."""
        return Memory((), np.zeros(self.block, np.float32))

    def add(self, bus: np.ndarray, memory: Memory) -> Memory:
        """Add the room to ``bus`` (2, block), in place; returns what it remembers after it."""
        dry = bus.mean(axis=0)
        spectrum = np.fft.rfft(np.concatenate((memory.before, dry)))
        past = (spectrum, *memory.past)[: self._parts.shape[1]]
        total = np.zeros((2, self.block + 1), np.complex64)
        for number, old in enumerate(past):
            total += self._parts[:, number] * old
        bus += np.fft.irfft(total)[:, self.block :]
        return Memory(past, dry)
