"""A piece as it is played: blocks of sound one after the other, from a place, round a loop.

What a block needs from those before it is a value, so that playing can go back to any block and go
on from there with other notes. Knows no threads and no devices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio_music.audio.mix import bus_compressor, limiter, reverb
from studio_music.audio.mix.mixdown import Mixdown

BLOCK = 2048
"""Samples of a block: about 45 ms."""

_SEAM = 512  # samples over which an edit is faded in
_ONSET = 256  # samples over which a note is faded in that playing starts in the middle of
_LEVEL = 10 ** (4 / 20)  # what is heard is about as loud as what is rendered


@dataclass(frozen=True)
class Performance:
    """A timeline that is played from sample ``start`` on, as time goes by.

    Attributes:
        since: The time, in samples since playing began, at which this performance starts.
        loop: First sample and end of what is repeated, or None.
    """

    timeline: Mixdown
    start: int
    since: int = 0
    loop: tuple[int, int] | None = None

    def place(self, time: float) -> float:
        """Return the sample of the piece that sounds at ``time``."""
        place = self.start + max(0, time - self.since)
        if self.loop and place >= self.loop[1]:
            low, high = self.loop
            place = low + (place - high) % (high - low)
        return place

    def tick(self, time: float) -> int:
        """Return the tick that sounds at ``time``; not beyond the end of the piece."""
        return self.timeline.tick(min(self.place(time), self.timeline.frames))

    def is_over(self, time: float) -> bool:
        """Return whether the last note has been let go at ``time``."""
        return not self.loop and self.place(time) >= self.timeline.frames

    def is_silent(self, time: float) -> bool:
        """Return whether all has died away at ``time``."""
        room = reverb.length(self.timeline.piece.mix.room)
        rings = self.timeline.tail + round(room * self.timeline.tones.synth.rate)
        return not self.loop and self.place(time) >= self.timeline.frames + rings

    def mix(self, time: int, *, entering: bool = False) -> np.ndarray:
        """Return (3, BLOCK): the notes that sound from ``time`` on, and the send to the room.

        ``entering``: nothing was played before, so that a note in whose middle this starts must be
        faded in; notes that start here keep their attack.
        """
        bus = np.zeros((3, BLOCK), np.float32)
        at = self.start + time - self.since
        end = self.loop[1] if self.loop else None
        if entering:
            self.timeline.mix_into(bus, at, until=at, let_go=end)
            bus[:, :_ONSET] *= np.linspace(0, 1, _ONSET, dtype=np.float32)
        since = at if entering else 0
        self.timeline.mix_into(bus, at, since=since, until=end, let_go=end)
        if self.loop:
            self._mix_rounds(bus, at, *self.loop)
        return bus

    def _mix_rounds(self, bus: np.ndarray, at: int, low: int, high: int) -> None:
        """Add the later rounds of a loop, and what rings on of the rounds before."""
        length, since_first = high - low, at - high
        latest = (since_first + BLOCK - 1) // length
        earliest = max(0, (since_first - self.timeline.reach) // length - 1)
        for number in range(earliest, latest + 1):
            place = low + since_first - number * length
            self.timeline.mix_into(bus, place, since=low, until=high, let_go=high)


@dataclass(frozen=True)
class Moment:
    """State passed from the previous blocks to the next."""

    time: int
    room: reverb.Memory
    held: limiter.Held
    pressed: bus_compressor.Held = bus_compressor.START


@dataclass(frozen=True)
class Block:
    """Finished sound: (BLOCK, 2) from ``before.time`` on, and what comes next.

    Attributes:
        leaving: What is faded out in it, if it is a seam.
    """

    samples: np.ndarray
    performance: Performance
    leaving: Performance | None
    before: Moment
    after: Moment


class Mixer:
    """The room, the compressor and the limiter that performances go through."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._room = reverb.Reverb(rate, BLOCK)
        self._seconds = reverb.USUAL

    def silence(self) -> Moment:
        """Return the moment before anything has sounded."""
        return Moment(0, self._room.silence, limiter.START)

    def _room_of(self, seconds: float) -> reverb.Reverb:
        if seconds != self._seconds:
            self._room, self._seconds = reverb.Reverb(self._rate, BLOCK, seconds), seconds
        return self._room

    def play(
        self, performance: Performance, moment: Moment, leaving: Performance | None = None
    ) -> Block:
        """Return the next block.

        Args:
            leaving: What was played up to now, where this block is the first of something else: it
                is faded out, and the new one in.
        """
        first = moment.time == performance.since
        bus = performance.mix(moment.time, entering=first and leaving is None)
        if leaving:
            old = leaving.mix(moment.time)
            share = np.minimum(1, np.arange(BLOCK, dtype=np.float32) / _SEAM)
            bus = old + (bus - old) * share
        mix = performance.timeline.piece.mix
        room = self._room_of(mix.room).add(bus, moment.room)
        compressed, pressed = bus_compressor.compress(
            bus[:2], self._rate, mix.compression, moment.pressed
        )
        sound, held = limiter.limit(compressed * np.float32(_LEVEL), moment.held)
        after = Moment(moment.time + BLOCK, room, held, pressed)
        return Block(np.ascontiguousarray(sound.T), performance, leaving, moment, after)
