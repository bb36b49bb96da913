"""Which notes of a piece are its melody: one voice, one note at a time. Changes nothing."""

from __future__ import annotations

from itertools import groupby

import msgspec

from studio.api import BadInput
from studio_music.score.piece import Note, Piece, Track

BACKING_ROLES = ("chords", "bass", "drums")


def melody_track(piece: Piece) -> Track:
    """Return the track with the melody: the one named so, else the highest.

    Raises:
        BadInput: The piece has no notes but drums.
    """
    tracks = [track for track in piece.tracks if track.notes and not track.drums]
    if not tracks and any(track.notes for track in piece.tracks):
        raise BadInput("This piece has only drums, no melody.", "Choose another score.")
    if not tracks:
        raise BadInput("This piece has no notes for a melody.", "Choose another score.")
    for role in ("melody", "soprano"):
        if named := [track for track in tracks if track.role == role]:
            return named[0]
    rest = [track for track in tracks if track.role not in BACKING_ROLES]
    return max(rest or tracks, key=_height)


def melody_of(piece: Piece) -> Track:
    """Return the melody as a track of one voice: where notes sound together, the highest.

    Raises:
        BadInput: The piece has no notes but drums.
    """
    track = melody_track(piece)
    return msgspec.structs.replace(track, notes=highest_line(track.notes))


def highest_line(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Return the notes with nothing higher sounding at their start, each cut where the next begins.

    A lower note that begins below a sounding one belongs to another voice and is left out.
    """
    line: list[Note] = []
    for start, together in groupby(sorted(notes), key=lambda note: note.start):
        top = max(together, key=lambda note: (note.pitch, note.length))
        if line and line[-1].end > start:
            if line[-1].pitch > top.pitch:
                continue
            line[-1] = msgspec.structs.replace(line[-1], length=start - line[-1].start)
        line.append(top)
    return tuple(line)


def _height(track: Track) -> float:
    """Return the mean pitch of a track, long notes counting for more."""
    total = sum(note.length for note in track.notes)
    return sum(note.pitch * note.length for note in track.notes) / total
