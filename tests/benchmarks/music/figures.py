"""What the benches measure of a piece: figures that know nothing of moods, genres and patterns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np

from studio_music.score.piece import TICKS, Note, Piece
from studio_music.score.theory.chord_symbols import parsed
from studio_music.score.theory.key_detection import found_key, pitched_notes

ROUGH: Final = frozenset({1, 2, 6, 10, 11})
"""Semitones of seconds, sevenths and tritones."""
SHARP: Final = frozenset({1, 6, 11})
"""Of minor seconds, major sevenths and tritones."""

_KICKS: Final = frozenset({35, 36})
_SNARES: Final = frozenset({37, 38, 39, 40})
_TWO_AND_FOUR: Final = (TICKS, 3 * TICKS)


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


def rhythm_of(piece: Piece, role: str) -> dict[str, float]:
    """Return how one part moves: onsets a second, where they lie in beat and bar, height, length.

    Nothing of its instrument, and no pitches of drums.
    """
    notes = [note for track in piece.tracks if track.role == role for note in track.notes]
    starts = np.array(sorted({note.start for note in notes}) or [0])
    beat, bar = starts % TICKS, starts % piece.metre.bar
    found = {
        "a second": float(np.log2(len(starts) / piece.seconds(piece.end))),
        "on beats": float(np.mean(beat == 0)),
        "on half beats": float(np.mean(beat == TICKS // 2)),
        "on quarter beats": float(np.mean(beat % (TICKS // 2) == TICKS // 4)),
        "on thirds": float(np.mean((beat > 0) & (beat % (TICKS // 3) == 0))),
        "on one": float(np.mean(bar == 0)),
        "on two and four": float(np.mean(np.isin(bar, (TICKS, 3 * TICKS)))),
    }
    if notes and role != "drums":
        found["height"] = float(np.mean([note.pitch for note in notes]))
        found["length"] = float(np.log2(np.mean([note.length for note in notes]) / TICKS))
    return {f"{role} {name}": value for name, value in found.items()}


def chords_of(piece: Piece) -> dict[str, float]:
    """Return what chords a piece has, by their symbols, and how they rub."""
    known = [chord for each in piece.chords if (chord := parsed(each.symbol))]
    steps = [{(tone - chord.root) % 12 for tone in chord.tones} for chord in known]
    return {
        "chords a bar": len(known) * piece.metre.bar / piece.end,
        "more than triads": float(np.mean([len(each) > 3 for each in steps])),
        "dominant sevenths": float(np.mean([each >= {4, 10} for each in steps])),
        "diminished": float(np.mean([6 in each for each in steps])),
        "minor": float(np.mean([3 in each for each in steps])),
        "over another bass": float(np.mean([chord.over is not None for chord in known])),
        "dissonance": dissonance(pitched_notes(piece), piece.end),
    }


def backbeat_of(piece: Piece) -> dict[str, float]:
    """Return what a bar has of strokes on two and four by snares, and on and off beats by kicks."""
    strokes = [note for track in piece.tracks if track.drums for note in track.notes]
    bars = piece.end / piece.metre.bar
    back = [n for n in strokes if n.pitch in _SNARES and n.start % piece.metre.bar in _TWO_AND_FOUR]
    kicks = [note.start % TICKS == 0 for note in strokes if note.pitch in _KICKS]
    return {
        "backbeat": len(back) / bars,
        "kicks on beats": sum(kicks) / bars,
        "kicks off beats": (len(kicks) - sum(kicks)) / bars,
    }
