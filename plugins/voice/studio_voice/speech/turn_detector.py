"""A microphone, heard piece by piece: at 16 kHz, with where somebody begins and stops to speak."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from studio_voice.speech.detector import BEFORE, HOP, SpeechDetector, State
from studio_voice.speech.echo_guard import EchoGuard
from studio_voice.speech.recordings import RATE

Array = NDArray[np.float32]

_UNIT: Final = 25
"""Parts of a second that are brought to 16 kHz with what is around them; all usual rates fit."""
_BEGINS: Final = 4
"""Frames of speech, of the last ``_OF``, that begin a turn: a click is shorter."""
_OF: Final = 6
_SURE: Final = 0.5
_DOUBT: Final = 0.35
"""Between the two what is going on goes on."""
_BEFORE_TURN: Final = 0.4
"""Seconds that are kept from before the moment it was sure."""
_LONGEST: Final = 120.0
"""Seconds of a turn; then it ends even if somebody goes on."""


class Resampler:
    """Sound of any rate, a piece at a time → the same at 16 kHz, 40 ms later."""

    def __init__(self, rate: int) -> None:
        """Slow the first time, as it imports SciPy: call it beside the window."""
        from scipy.signal import resample_poly

        self._resampled, self._unit = resample_poly, max(1, round(rate / _UNIT))
        self._held = np.zeros(self._unit, np.float32)

    def add(self, sound: Array) -> Array:
        """Return the samples at 16 kHz that are complete so far."""
        self._held = np.concatenate([self._held, sound])
        count = len(self._held) // self._unit - 2
        if count < 1:
            return np.zeros(0, np.float32)
        edge = RATE // _UNIT
        resampled = self._resampled(self._held[: (count + 2) * self._unit], edge, self._unit)
        self._held = self._held[count * self._unit :]
        return np.asarray(resampled[edge : edge * (count + 1)], np.float32)


class What(Enum):
    """Kinds of events."""

    BEGAN = "began"
    ENDED = "ended"


@dataclass(frozen=True)
class Noticed:
    """Event: somebody began to speak, or stopped; then ``sound`` is the turn, at 16 kHz."""

    what: What
    sound: Array | None = None


class TurnDetector:
    """Takes sound of 16 kHz; says when somebody begins to speak, and when a turn is over.

    Attributes:
        pause: Seconds of silence that end a turn.
        guard: Tells the studio's own sound from that of a person.
        speaking: Whether somebody speaks now.
    """

    def __init__(self, detector: SpeechDetector, guard: EchoGuard, pause: float) -> None:
        self._detector, self.guard, self.pause = detector, guard, pause
        self._state = State.new()
        self._rest = np.zeros(0, np.float32)
        self._tail = np.zeros(BEFORE, np.float32)
        self._recent = [False] * _OF
        self._quiet = 0
        self._kept: list[Array] = []
        self.speaking = self.held = False

    def hear(self, sound: Array) -> list[Noticed]:
        """Take the next piece."""
        self._rest = np.concatenate([self._rest, sound])
        noticed = []
        while len(self._rest) >= HOP:
            hop, self._rest = self._rest[:HOP], self._rest[HOP:]
            frame = np.concatenate([self._tail, hop])
            self._tail = hop[-BEFORE:]
            shares, self._state = self._detector.shares(frame[None], self._state)
            if (event := self._take(hop, float(shares[0]))) is not None:
                noticed.append(event)
        return noticed

    def hold(self) -> None:
        """Begin a turn that lasts until ``release``, despite pauses: a key is held down."""
        self.forget()
        self.held = self.speaking = True

    def release(self) -> Noticed:
        """End such a turn."""
        sound = np.concatenate([np.zeros(0, np.float32), *self._kept])
        self.forget()
        return Noticed(What.ENDED, sound)

    def forget(self) -> None:
        """Discard the current turn."""
        self._kept, self._quiet, self._recent = [], 0, [False] * _OF
        self.speaking = self.held = False

    def _take(self, hop: Array, share: float) -> Noticed | None:
        self._kept.append(hop)
        is_own = self.guard.is_own(hop)
        if self.held:
            return None
        if not self.speaking:
            self._recent = [*self._recent[1:], share >= _SURE and not is_own]
            before = round(_BEFORE_TURN * RATE / HOP) + _OF
            self._kept = self._kept[-before:]
            if sum(self._recent) < _BEGINS:
                return None
            self.speaking, self._quiet = True, 0
            return Noticed(What.BEGAN)
        self._quiet = self._quiet + 1 if share < _DOUBT or is_own else 0
        is_over = self._quiet * HOP / RATE >= self.pause
        if not is_over and len(self._kept) * HOP / RATE < _LONGEST:
            return None
        return self.release()
