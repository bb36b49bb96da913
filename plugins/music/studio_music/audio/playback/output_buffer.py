"""The end of the line: finished blocks wait here until the device asks for them.

``fill`` runs in a thread of the device that must never wait: it copies, adds and counts, no more.
Everything else about playing is in ``player``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from studio_music.audio.mix.limiter import STEP
from studio_music.audio.playback.performance import BLOCK, Block

_FADE = 256  # samples over which sound ends when it is stopped
_VOICES = 8  # single notes that may sound at a time, beside the piece


@dataclass(frozen=True)
class Heard:
    """Where playing was when the device last asked.

    Attributes:
        block: Whose sample ``offset`` (below 0: not yet begun) sounds at ``at``.
        at: A time of the device's clock.
        count: Samples that the device has got since.
    """

    block: Block
    offset: int
    at: float
    count: int

    def time(self, now: float, rate: int) -> float:
        """Return what sounds ``now`` by the device's clock, in the time of the performance.

        A device that has just begun may let its clock run before its sound: hence the bound.
        """
        passed = min((now - self.at) * rate, self.count)
        return self.block.before.time + self.offset + passed - STEP


class OutputBuffer:
    """Blocks in a row, and single notes on top of them.

    Attributes:
        heard: What was asked for last, or None while nothing is played.
        level: Highest sample of the block that plays.
        asked: How often the device has asked for sound.
        underruns: How often there was no block, or the device was too late.
    """

    def __init__(self) -> None:
        self.heard: Heard | None = None
        self.level = 0.0
        self.asked = self.underruns = 0
        self._waiting: deque[Block] = deque()
        self._notes: deque[np.ndarray] = deque(maxlen=_VOICES)
        self._block: Block | None = None
        self._given = 0
        self._expects = self._stopping = False

    @property
    def ahead(self) -> int:
        """Blocks that wait."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing left to sound."""
        return not (self._waiting or self._notes or self._block or self._expects)

    def put(self, block: Block) -> None:
        """Add a block to the end of the row."""
        self._expects = True
        self._waiting.append(block)

    def take_back(self, keep: int) -> Block | None:
        """Take all but the first ``keep`` waiting blocks back; returns the first of those taken."""
        first = None
        while len(self._waiting) > keep:
            try:
                first = self._waiting.pop()
            except IndexError:  # the device has just taken it
                break
        return first

    def sound(self, note: np.ndarray) -> None:
        """Play a single note (frames, 2) at once, over any other sound."""
        self._notes.append(note)

    def finish(self) -> None:
        """Expect no more blocks: what waits is the end."""
        self._expects = False

    def stop(self) -> None:
        """Fall silent within a few milliseconds, and forget what waits."""
        self._expects = False
        self._waiting = deque()
        self._stopping = True

    def fill(self, out: np.ndarray, at: float, late: bool) -> None:
        """Fill (frames, 2) that will sound at ``at``. For the device."""
        self.asked += 1
        self.underruns += late
        out.fill(0)
        place = self._fade_out(out) if self._stopping else 0
        first_heard = None
        while place < len(out) and self._next():
            block = self._block
            assert block is not None, "there is a next one"
            first_heard = first_heard or Heard(block, self._given - place, at, len(out))
            count = min(len(out) - place, BLOCK - self._given)
            out[place : place + count] = block.samples[self._given : self._given + count]
            self._given += count
            place += count
        if first_heard or not self._expects:
            self.heard = first_heard
        if place < len(out) and self._expects:
            self.underruns += 1
        if self._notes:
            self._add_notes(out)
        self.level = float(np.abs(out).max(initial=0.0))

    def _fade_out(self, out: np.ndarray) -> int:
        """End what plays; returns how many samples that takes."""
        self._stopping = False
        block, self._block = self._block, None
        if block is None:
            return 0
        rest = block.samples[self._given : self._given + min(_FADE, len(out))]
        out[: len(rest)] = rest * np.linspace(1, 0, len(rest), dtype=np.float32)[:, None]
        return len(rest)

    def _next(self) -> bool:
        """Have a block that is not used up; returns whether there is one."""
        if self._block is None or self._given == BLOCK:
            try:
                self._block = self._waiting.popleft()
            except IndexError:
                self._block = None
                return False
            self._given = 0
        return True

    def _add_notes(self, out: np.ndarray) -> None:
        for _ in range(len(self._notes)):
            note = self._notes.popleft()
            count = min(len(out), len(note))
            out[:count] += note[:count]
            if len(note) > count:
                self._notes.append(note[count:])
        np.clip(out, -1, 1, out)
