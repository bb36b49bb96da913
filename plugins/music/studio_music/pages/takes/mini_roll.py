"""A piece as a small picture in the colours of the theme."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from studio_music.pages.roll.colours import Colours
from studio_music.score.piece import Piece

_LEAST_ROWS = 14
_MOST = 4000
"""Of more notes only some are painted: in a small picture nobody can tell."""


def paint_mini_roll(painter: QPainter, room: QRectF, piece: Piece, shades: Colours) -> None:
    """Paint the notes of a piece into a room, as high as its compass needs."""
    sounding = [(p, t) for p, t in enumerate(piece.tracks) if t.notes and not t.drums]
    pitches = [note.pitch for _, track in sounding for note in track.notes]
    if not pitches:
        return
    low, high = min(pitches), max(pitches)
    spare = max(0, _LEAST_ROWS - (high - low + 1)) / 2
    row = room.height() / (high - low + 1 + 2 * spare)
    across = room.width() / max(1, piece.end)
    step = 1 + len(pitches) // _MOST
    for place, track in reversed(sounding):
        for note in track.notes[::step]:
            box = QRectF(
                room.left() + note.start * across,
                room.top() + (high + spare - note.pitch) * row,
                max(1.0, note.length * across - 0.5),
                max(1.0, row * 0.85),
            )
            painter.fillRect(box, shades.note(place, note.velocity))
