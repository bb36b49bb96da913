"""A piece played on a synthesiser behind a MIDI port, by the clock of the player. Knows no Qt."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from studio.api import StudioError
from studio_music.audio.midi.ports import SynthPort
from studio_music.audio.mix.mixdown import heard
from studio_music.score.piece import TICKS, Piece

_TURN: Final = 0.004  # seconds between two looks at the clock
_HAIR: Final = TICKS // 16  # ticks that the clock may seem to go back without a jump
_LEAP: Final = TICKS  # ticks that are more than go by between two looks
_ALIVE_SECONDS: Final = 2.0
_DRUMS: Final = 9
_PITCHED: Final = tuple(channel for channel in range(16) if channel != _DRUMS)
_OFF, _ON, _CONTROL, _PROGRAM = 0x80, 0x90, 0xB0, 0xC0
_VOLUME, _PAN, _REVERB, _ALL_OFF = 7, 10, 91, 123

_Key = tuple[int, int]  # channel and pitch


class Messages:
    """The MIDI messages of a piece for a synthesiser: one channel a track, drums on the tenth.

    Where fifteen channels are not enough, later tracks share those of the first.

    Attributes:
        setup: Programs, volumes, pans and reverb.
    """

    def __init__(self, piece: Piece) -> None:
        self.setup: list[bytes] = []
        events: list[tuple[int, int, int, int, int]] = []
        pitched = 0
        for track in heard(piece):
            channel = _DRUMS if track.drums else _PITCHED[pitched % len(_PITCHED)]
            pitched += not track.drums
            self.setup += [
                bytes([_CONTROL | channel, _VOLUME, min(127, max(0, round(track.volume * 127)))]),
                bytes([_CONTROL | channel, _PAN, min(127, max(0, 64 + round(track.pan * 63)))]),
                bytes([_CONTROL | channel, _REVERB, min(127, max(0, round(track.reverb * 127)))]),
                bytes([_PROGRAM | channel, 0 if track.drums else track.program]),
            ]
            for note in track.notes:  # what ends comes before what begins
                events.append((note.start, _ON, channel, note.pitch, note.velocity))
                events.append((note.end, _OFF, channel, note.pitch, 64))
        self._events = sorted(events)

    def between(self, first: int, last: int) -> list[bytes]:
        """Return the messages from tick ``first`` to ``last``, both included, in order."""
        low = bisect_left(self._events, (first,))
        high = bisect_right(self._events, (last + 1,))
        return [
            bytes([kind | channel, *rest]) for _, kind, channel, *rest in self._events[low:high]
        ]

    def sounding(self, tick: int) -> set[_Key]:
        """Return channel and pitch of the notes that have begun at ``tick`` and not yet ended."""
        keys: set[_Key] = set()
        for _, kind, channel, pitch, _ in self._events[: bisect_right(self._events, (tick + 1,))]:
            (keys.add if kind == _ON else keys.discard)((channel, pitch))
        return keys


class SynthOutput:
    """A thread that sends messages when due, until closed; then every note is ended.

    Attributes:
        trouble: Why it cannot play, or no longer; None while all is well.
    """

    def __init__(
        self,
        name: str,
        piece: Piece,
        clock: Callable[[], int],
        open_port: Callable[[str], Any] = SynthPort,
    ) -> None:
        """Play ``piece`` on port ``name``; ``clock`` tells the tick that is heard."""
        self.trouble: StudioError | None = None
        self._name, self._clock, self._open = name, clock, open_port
        self._wanted, self._closing = piece, threading.Event()
        self._piece: Piece | None = None
        self._messages = Messages(Piece())
        self._sounding: set[_Key] = set()
        self._last = self._next = clock()
        self._thread = threading.Thread(target=self._work, name="midi output", daemon=True)
        self._thread.start()

    def update(self, piece: Piece) -> None:
        """Go on with other notes."""
        self._wanted = piece

    def close(self) -> None:
        """End every note and let go of the port; does not wait for it."""
        self._closing.set()

    def join(self) -> None:
        """Wait until the port is let go."""
        self._thread.join()

    def _work(self) -> None:
        """This and what follows is the thread."""
        try:
            port = self._open(self._name)
        except StudioError as error:
            self.trouble = error
            return
        try:
            self._play(port)
            self._silence(port)
        except StudioError as error:
            self.trouble = error
        finally:
            port.close()

    def _play(self, port: Any) -> None:
        seen = monotonic()
        while not self._closing.wait(_TURN):
            self.turn(port)
            if monotonic() - seen > _ALIVE_SECONDS:
                port.check()
                seen = monotonic()

    def turn(self, port: Any) -> None:
        """Send the messages due now."""
        tick = self._clock()
        if self._wanted is not self._piece:
            self._take_piece(port, tick)
        if tick < self._last - _HAIR or tick > self._last + _LEAP:  # a loop, or another place
            self._silence(port)
            self._next = max(0, tick - _HAIR)  # the first of a loop began since it was looked last
        for data in self._messages.between(self._next, tick):
            key = (data[0] & 0x0F, data[1])
            (self._sounding.add if data[0] & 0xF0 == _ON else self._sounding.discard)(key)
            port.send(data)
        self._next, self._last = max(self._next, tick + 1), tick

    def _take_piece(self, port: Any, tick: int) -> None:
        self._piece = self._wanted
        before, self._messages = self._messages.setup, Messages(self._piece)
        if self._messages.setup != before:
            for data in self._messages.setup:
                port.send(data)
        self._end(port, self._sounding - self._messages.sounding(tick))

    def _silence(self, port: Any) -> None:
        self._end(port, set(self._sounding))
        for channel in sorted({data[0] & 0x0F for data in self._messages.setup}):
            port.send(bytes([_CONTROL | channel, _ALL_OFF, 0]))

    def _end(self, port: Any, keys: set[_Key]) -> None:
        for channel, pitch in sorted(keys):
            port.send(bytes([_OFF | channel, pitch, 64]))
        self._sounding -= keys
