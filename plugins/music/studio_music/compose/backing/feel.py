"""How a genre plays a tune that was written straight: half beats that swing, notes that come early.

Only what was written here is changed so; tunes of others stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import msgspec
import numpy as np

from studio_music.compose.backing.genres import Genre
from studio_music.compose.backing.pattern_notation import is_compound
from studio_music.score.piece import TICKS, Metre, Note, Piece

_HALF: Final = TICKS // 2
_LATE: Final = 2 * TICKS // 3
"""Where the half beat lies when it swings."""


def felt(piece: Piece, genre: Genre, rng: np.random.Generator) -> Piece:
    """Return the piece with its melody played as in ``genre``; its last bar stays."""
    if is_compound(piece.metre):
        return piece
    tracks = []
    for track in piece.tracks:
        if track.role == "melody" and len(track.notes) > 1:
            notes = _pushed(track.notes, genre.push, piece, rng)
            notes = _swung(notes) if genre.swing else notes
            track = msgspec.structs.replace(track, notes=tuple(notes))
        tracks.append(track)
    return msgspec.structs.replace(piece, tracks=tuple(tracks))


def _pushed(
    notes: Sequence[Note], chance: float, piece: Piece, rng: np.random.Generator
) -> list[Note]:
    """Let some notes on strong beats come half a beat early, where the one before is long enough.

    What is pushed depends on the place in the bar and what follows, so that a bar that comes again
    is pushed again.
    """
    bar = piece.metre.bar
    choices: dict[tuple[int, int, int], bool] = {}
    pushed = [notes[0]]
    for note in notes[1:]:
        before, at = pushed[-1], note.start % bar
        rests = note.start - before.end
        roomy = before.length >= TICKS if rests < _HALF else True
        if at in _strong(piece.metre) and roomy and note.end <= piece.end - bar:
            place = (at, note.pitch, note.length)
            if choices.setdefault(place, bool(rng.random() < chance)):
                early = note.start - _HALF
                if before.end > early:
                    pushed[-1] = msgspec.structs.replace(before, length=early - before.start)
                note = msgspec.structs.replace(note, start=early, length=note.length + _HALF)
        pushed.append(note)
    return pushed


def _strong(metre: Metre) -> tuple[int, ...]:
    return (0,) if metre.beats % 2 else (0, metre.bar // 2)


def _swung(notes: Sequence[Note]) -> list[Note]:
    """Let half beats come late, in beats that have no shorter notes."""
    starts = {note.start for note in notes}
    ends = {note.end for note in notes}
    plain = {
        beat: {tick % TICKS for tick in ticks} <= {0, _HALF}
        for beat, ticks in groupby(sorted(starts | ends), key=lambda tick: tick // TICKS)
    }

    def late(tick: int) -> int:
        swings = tick % TICKS == _HALF and plain[tick // TICKS]
        return tick - _HALF + _LATE if swings else tick

    return [
        msgspec.structs.replace(
            note, start=late(note.start), length=late(note.end) - late(note.start)
        )
        for note in notes
    ]
