"""Messages of a keyboard become notes. Knows no ports, no clock and no Qt."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from studio_music.score.piece import Note

MOST: Final = 20_000
"""Notes after which nothing more is taken: a keyboard that has gone wild."""

_SUSTAIN: Final = 64
_DOWN: Final = 64  # from this value on a pedal is down
_ALL_OFF: Final = (120, 123)  # controls: all sound off, all notes off

_Key = tuple[int, int]  # channel and pitch


class PlayedNotes:
    """Notes as they were played, in ticks, while they are still being played.

    A key that is struck again ends the note that sounds. What a sustain pedal holds ends when the
    pedal goes up. What never ends ends with the recording. Clock, sensing and other messages that
    say nothing of notes are passed over.
    """

    def __init__(self) -> None:
        self._done: list[Note] = []
        self._sounding: dict[_Key, tuple[float, int]] = {}
        self._held: set[_Key] = set()  # let go, but for the pedal
        self._pedals: set[int] = set()

    @property
    def count(self) -> int:
        """How many notes were begun."""
        return len(self._done) + len(self._sounding)

    def take(self, tick: float, message: Any) -> None:
        """Take a message of mido that came at ``tick``, in the order they came."""
        if message.type == "note_on" and message.velocity > 0:
            key = (message.channel, message.note)
            self._end(key, tick)
            if self.count < MOST:
                self._sounding[key] = (tick, message.velocity)
        elif message.type in ("note_on", "note_off"):
            self._let_go((message.channel, message.note), tick)
        elif message.type == "control_change":
            self._control(message.channel, message.control, message.value, tick)
        elif message.type == "reset":
            self.end(tick)

    def end(self, tick: float) -> None:
        """End every sounding note; the pedals are up again."""
        for key in list(self._sounding):
            self._end(key, tick)
        self._pedals.clear()

    def notes(self, start: int, early: int = 0) -> list[Note]:
        """Return the ended notes, from tick ``start`` on.

        Notes struck up to ``early`` ticks before begin there, earlier ones are left out.
        """
        selected = [n for n in self._done if n.start >= start - early and n.end > start]
        begun = ((note, max(start, note.start)) for note in selected)
        return sorted(replace(n, start=begin, length=n.end - begin) for n, begin in begun)

    def _control(self, channel: int, control: int, value: int, tick: float) -> None:
        if control == _SUSTAIN and value >= _DOWN:
            self._pedals.add(channel)
        elif control == _SUSTAIN:
            self._pedals.discard(channel)
            for key in [key for key in self._held if key[0] == channel]:
                self._end(key, tick)
        elif control in _ALL_OFF:
            for key in [key for key in self._sounding if key[0] == channel]:
                self._end(key, tick)

    def _let_go(self, key: _Key, tick: float) -> None:
        if key[0] in self._pedals and key in self._sounding:
            self._held.add(key)
        else:
            self._end(key, tick)

    def _end(self, key: _Key, tick: float) -> None:
        self._held.discard(key)
        begun = self._sounding.pop(key, None)
        if begun is not None:
            start, velocity = begun
            length = max(1, round(tick) - round(start))
            self._done.append(Note(round(start), key[1], length, velocity))
