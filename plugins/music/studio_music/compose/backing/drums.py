"""The drums of a backing: rows of strokes as notes of the percussion channel."""

from __future__ import annotations

from typing import Final

import numpy as np

from studio_music.compose.backing.bars import Bar
from studio_music.compose.backing.dynamics import velocity
from studio_music.compose.backing.pattern_notation import Rows, strokes
from studio_music.score.piece import Note

KIT: Final = {
    "kick": 36,
    "rim": 37,
    "snare": 38,
    "clap": 39,
    "lowtom": 43,
    "hat": 42,
    "pedal": 44,
    "open": 46,
    "midtom": 47,
    "crash": 49,
    "hightom": 50,
    "ride": 51,
    "tambourine": 54,
    "shaker": 70,
    "triangle": 81,
}
"""The General MIDI key of each drum, by the name of its row."""


def drummed(rows: Rows, bar: Bar, rng: np.random.Generator) -> list[Note]:
    """Return the strokes of one bar."""
    notes = []
    for name, row in rows.items():
        if name not in KIT:
            continue
        for stroke in strokes(row):
            start = bar.start + round(stroke.start * bar.metre.bar)
            end = min(bar.end, start + round(stroke.length * bar.metre.bar))
            if start < end:
                loud = velocity(stroke.sign, bar, rng)
                notes.append(Note(start, KIT[name], end - start, loud))
    return notes


def closing(bar: Bar, rng: np.random.Generator) -> list[Note]:
    """Return the last stroke of a piece."""
    length = min(bar.end - bar.start, bar.metre.bar)
    return [Note(bar.start, KIT[name], length, velocity("x", bar, rng)) for name in _LAST]


_LAST = ("kick", "crash")
