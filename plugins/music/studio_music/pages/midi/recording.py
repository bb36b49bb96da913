"""Notes from a keyboard while the piece runs, on the grid of the piece. No Qt."""

from __future__ import annotations

from typing import Any

from studio_music.audio.midi.played_notes import MOST, PlayedNotes
from studio_music.pages.editor.edits import NONE, Edited, exchange, quantised
from studio_music.pages.midi.count_in import bpm_at
from studio_music.score.piece import TICKS, Piece


class KeyboardRecording:
    """Notes that are being recorded from tick ``start`` on.

    Attributes:
        start: The tick of the first beat after the count-in.
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self._played = PlayedNotes()
        self._now, self._tick, self._pace = 0.0, float(start), 0.0

    @property
    def count(self) -> int:
        """How many notes were played."""
        return self._played.count

    @property
    def full(self) -> bool:
        """Whether no more are taken."""
        return self.count >= MOST

    def follow(self, piece: Piece, now: float, tick: int) -> None:
        """Take note that ``tick`` is heard at ``now``, in seconds; before ``start``: count-in."""
        self._now, self._tick = now, float(tick)
        self._pace = bpm_at(piece, max(self.start, tick)) / 60 * TICKS

    def take(self, came: list[tuple[float, Any]]) -> None:
        """Take messages of mido, each with its seconds on the clock of ``follow``."""
        for seconds, message in came:
            self._played.take(self._tick_at(seconds), message)

    def into(self, piece: Piece, track: int, snap: int, now: float) -> Edited:
        """Return ``piece`` with the notes played up to ``now`` in a track, on a grid of ``snap``.

        Notes struck less than half a step before the first beat begin with it; earlier ones, played
        to try the keys, are left out. Velocities stay.
        """
        self._played.end(self._tick_at(now))
        notes = self._played.notes(self.start, early=max(snap, TICKS // 4) // 2)
        straight = quantised(piece, notes, snap, ends=True)
        return exchange(piece, track, NONE, straight) if straight else Edited(piece)

    def _tick_at(self, seconds: float) -> float:
        return self._tick + (seconds - self._now) * self._pace
