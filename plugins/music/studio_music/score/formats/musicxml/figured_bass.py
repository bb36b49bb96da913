"""Figured bass: the intervals over the bass of a piece for four voices, as MusicXML has them.

Figures are shortened as is usual: nothing for a triad, 6, 6 4, 7, 6 5, 4 3, 4 2. An accidental
stands before its figure; alone, it means the third.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from studio_music.score.formats.pitch_spelling import Spelled, signature, spell
from studio_music.score.piece import TICKS, Key, Note, Piece
from studio_music.score.theory.voice_leading import SIXTEENTH, rows_of

_SHORT: Final = {
    frozenset({3, 5}): (),
    frozenset({3}): (),
    frozenset({5}): (),
    frozenset(): (),
    frozenset({3, 6}): (6,),
    frozenset({6}): (6,),
    frozenset({4, 6}): (6, 4),
    frozenset({3, 5, 7}): (7,),
    frozenset({3, 7}): (7,),
    frozenset({5, 7}): (7,),
    frozenset({3, 5, 6}): (6, 5),
    frozenset({5, 6}): (6, 5),
    frozenset({3, 4, 6}): (4, 3),
    frozenset({2, 4, 6}): (4, 2),
    frozenset({2, 4}): (4, 2),
}
_ALTERED: Final = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}

Figures = tuple[tuple[int, str], ...]
"""Numbers from the highest, each with its accidental or ""; 0 for an accidental alone."""


def figured(piece: Piece) -> dict[int, str]:
    """Return the text before each note of the bass, by its start; {} without four voices."""
    rows = rows_of(piece) if piece.figured else None
    if rows is None:
        return {}
    bass = next(track for track in piece.tracks if track.role == "bass voice")
    return {note.start: "".join(_over(note, rows, piece.key)) for note in bass.notes}


def figures_of(chord: list[int], key: Key) -> Figures:
    """Return the figures of a chord of MIDI pitches, the lowest last; −1 for who is silent."""
    bass = spell(chord[-1], key)
    upper = [spell(pitch, key) for pitch in chord[:-1] if pitch >= 0]
    intervals = {_interval(note, bass): note for note in upper}
    intervals = {number: note for number, note in intervals.items() if number != 1}
    accidentals = signature(key.fifths)
    marks = {
        number: _ALTERED[note.alter]
        for number, note in intervals.items()
        if note.alter != accidentals[note.step]
    }
    numbers = _SHORT.get(frozenset(intervals), tuple(sorted(intervals, reverse=True)))
    numbers = (*numbers, *sorted(set(marks) - set(numbers), reverse=True))
    return tuple(
        (0 if number == 3 and number in marks else number, marks.get(number, ""))
        for number in numbers
    )


def _over(note: Note, rows: list[list[int]], key: Key) -> Iterator[str]:
    """Yield the figures over one note; where they change on a beat, with how long each holds."""
    beats = range(note.start, note.end, TICKS)
    row = [(tick, figures_of(rows[tick // SIXTEENTH], key)) for tick in beats]
    runs = [(next(run)[0], figures) for figures, run in groupby(row, key=lambda pair: pair[1])]
    ends = [tick for tick, _ in runs[1:]] + [note.end]
    if len(runs) == 1 and not runs[0][1]:
        return
    for (tick, figures), end in zip(runs, ends, strict=True):
        inside = "".join(_figure(*figure) for figure in figures or ((5, ""),))
        length = f"<duration>{end - tick}</duration>" if len(runs) > 1 else ""
        yield f"<figured-bass>{inside}{length}</figured-bass>"


def _figure(number: int, mark: str) -> str:
    prefix = f"<prefix>{mark}</prefix>" if mark else ""
    written = f"<figure-number>{number}</figure-number>" if number else ""
    return f"<figure>{prefix}{written}</figure>"


def _interval(note: Spelled, bass: Spelled) -> int:
    """Return the number of an interval, 1…7; octaves are left out of it."""
    return (note.line - bass.line) % 7 + 1
