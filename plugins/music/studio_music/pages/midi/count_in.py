"""A bar of clicks before a recording: the piece with an empty bar put in. No Qt."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from msgspec.structs import replace

from studio_music.pages.editor.grid import bar_at
from studio_music.score.piece import MAX_QUARTERS, TICKS, MetreChange, Note, Piece, Track

_LONGEST: Final = 10 * 60
"""Seconds that a piece goes on for, so that more than is there can be recorded."""


def bar_of(piece: Piece, tick: int) -> tuple[int, int]:
    """Return (first tick, ticks) of the bar a recording at ``tick`` begins with."""
    bar = bar_at(piece, tick)
    if bar.number == 0:  # a pickup is too short to count in
        return 0, piece.metre.bar
    return bar.start, bar.end - bar.start


def counted_in(piece: Piece, start: int, bar: int) -> Piece:
    """Return ``piece`` with ``bar`` empty ticks before ``start`` and a long rest at its end.

    Of notes that sound at ``start`` nothing is heard after it.
    """
    tempo = bpm_at(piece, start)
    room = min(MAX_QUARTERS * TICKS, piece.end + bar + round(_LONGEST * tempo / 60 * TICKS))
    ordered = sorted(piece.metres, key=lambda change: change.tick)
    now = ordered[max(0, bisect_right(ordered, start, key=lambda change: change.tick) - 1)].metre
    metres = [m if m.tick < start else replace(m, tick=m.tick + bar) for m in ordered]
    metres.append(MetreChange(start, now))
    tempos = [t if t.tick <= start else replace(t, tick=t.tick + bar) for t in piece.tempos]
    return replace(
        piece,
        length=room,
        metres=tuple(sorted(metres, key=lambda change: change.tick)),
        tempos=tuple(tempos),
        tracks=tuple(_later(track, start, bar) for track in piece.tracks),
    )


def bpm_at(piece: Piece, tick: float) -> float:
    """Return the quarter notes a minute at ``tick``."""
    return piece.tempos[max(0, bisect_right(piece.tempos, tick, key=lambda t: t.tick) - 1)].bpm


def _later(track: Track, start: int, bar: int) -> Track:
    def moved(note: Note) -> Note:
        if note.start >= start:
            return replace(note, start=note.start + bar)
        return replace(note, length=min(note.length, start - note.start))

    return replace(track, notes=tuple(moved(note) for note in track.notes))
