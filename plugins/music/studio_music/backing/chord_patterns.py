"""The chords of a backing: strokes and broken chords as a row says, in smooth voicings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from studio_music.backing.bars import Bar
from studio_music.backing.chord_voicings import Voicing
from studio_music.backing.dynamics import velocity
from studio_music.backing.pattern_notation import Rows, strokes
from studio_music.piece import TICKS, Note

RESTRIKE = TICKS // 2
"""A chord that is held over a change is struck again where at least so much of it is left."""


def comped(
    rows: Rows, bar: Bar, chords: Sequence[tuple[int, int, Voicing]], rng: np.random.Generator
) -> list[Note]:
    """Return the chords of one bar.

    Args:
        chords: Start, end and voicing of what sounds in the bar.
    """
    notes = []
    for stroke in strokes(rows["chords"]):
        start = bar.start + round(stroke.start * bar.metre.bar)
        end = min(bar.end, start + round(stroke.length * bar.metre.bar))
        for begin, until, voicing in _pieces(start, end, chords):
            loud = velocity(stroke.sign, bar, rng)
            notes += [
                Note(begin, pitch, until - begin, loud) for pitch in _struck(stroke.sign, voicing)
            ]
    return notes


def closing(bar: Bar, voicing: Voicing, rng: np.random.Generator) -> list[Note]:
    """Return the last bar: the chord, held."""
    loud = velocity("x", bar, rng)
    return [Note(bar.start, pitch, bar.end - bar.start, loud) for pitch in voicing]


def _pieces(
    start: int, end: int, chords: Sequence[tuple[int, int, Voicing]]
) -> Iterator[tuple[int, int, Voicing]]:
    """Yield the stroke cut at changes of chord; short rests of it are dropped."""
    for begin, until, voicing in chords:
        first, last = max(start, begin), min(end, until)
        if first < last and (first == start or last - first >= RESTRIKE):
            yield first, last, voicing


def _struck(sign: str, voicing: Voicing) -> Voicing:
    """Return the voices of a stroke: all, or the one that a digit counts from below."""
    if not sign.isdigit():
        return voicing
    octave, place = divmod(int(sign) - 1, len(voicing))
    return (voicing[place] + 12 * octave,)
