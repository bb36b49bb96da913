"""What the benches measure of a piece: figures that know nothing of moods, genres and patterns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np

from studio_music.piece import TICKS, Note, Piece
from studio_music.theory.key_detection import found_key, pitched_notes

ROUGH: Final = frozenset({1, 2, 6, 10, 11})
"""Semitones of seconds, sevenths and tritones."""
SHARP: Final = frozenset({1, 6, 11})
"""Of minor seconds, major sevenths and tritones."""


def figures_of(piece: Piece) -> dict[str, float]:
    """Return what is measured of a piece."""
    tune = next(track for track in piece.tracks if track.role == "melody").notes
    notes = pitched_notes(piece)
    key = found_key(notes)
    return {
        "minor": float(key is not None and key.mode == "minor"),
        "pitch": float(np.mean([note.pitch for note in tune])),
        "pace": len(tune) / piece.seconds(piece.end),
        "loudness": float(np.mean([note.velocity for note in tune])),
        "joined": sum(note.length for note in tune) / piece.end,
        "dissonance": dissonance(notes, piece.end),
        "sharpness": dissonance(notes, piece.end, SHARP),
    }


def dissonance(notes: Sequence[Note], end: int, rough: frozenset[int] = ROUGH) -> float:
    """Return the share of pairs that sound together, beat by beat, that rub."""
    rubbing, pairs = 0, 0
    for tick in range(0, end, TICKS):
        sounding = {note.pitch for note in notes if note.start <= tick < note.end}
        for one, other in combinations(sounding, 2):
            if (one - other) % 12:
                pairs += 1
                rubbing += (one - other) % 12 in rough
    return rubbing / max(pairs, 1)
