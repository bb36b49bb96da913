"""One player of a backing for a few bars: a bass or drums under the selection."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from studio_music.compose.backing.arrangement import arranging
from studio_music.score.piece import Chord, MetreChange, Note, Piece, Track
from studio_music.score.theory.melody import highest_line


def played(
    piece: Piece, melody: Sequence[Note], role: str, genre: str, seed: int
) -> tuple[Track, tuple[int, int], tuple[Chord, ...]]:
    """Return a bass or drum part under a melody, in whole bars.

    Args:
        piece: Its chords are followed where it has some; elsewhere they are derived.
        melody: Notes of the piece, one at least.
        role: "bass" or "drums".
        genre: One of ``GENRES``.
        seed: The same one, the same part.

    Returns:
        The track; the ticks of the first bar line and the last; and the chords of the whole piece,
        including the derived ones where it had none.
    """
    first, last = _bars(piece, melody)
    line = highest_line(tuple(sorted(melody)))
    sounding = [chord for chord in piece.chords if chord.tick < last]
    own = [chord for chord in sounding if chord.tick > first]
    own = [*[chord for chord in sounding if chord.tick <= first][-1:], *own]
    part = Piece(
        key=piece.key,
        tempos=piece.tempos[:1],
        metres=_metres(piece, first, last),
        length=last - first,
        tracks=(Track("", tuple(_moved(note, -first) for note in line), role="melody"),),
        chords=tuple(Chord(max(0, chord.tick - first), chord.symbol) for chord in own),
    )
    *_, backing = arranging(part, genre, np.random.default_rng(seed), loop=True)
    assert isinstance(backing, Piece)
    (track,) = (track for track in backing.tracks if track.role == role)
    notes = tuple(_moved(note, first) for note in track.notes)
    derived = () if own else tuple(Chord(c.tick + first, c.symbol) for c in backing.chords)
    chords = tuple(sorted((*piece.chords, *derived), key=lambda chord: chord.tick))
    return msgspec.structs.replace(track, notes=notes), (first, last), chords


def _bars(piece: Piece, melody: Sequence[Note]) -> tuple[int, int]:
    """Return the bar line before the first note and the one behind the last."""
    starts = piece.bar_starts()
    begun, end = min(note.start for note in melody), max(note.end for note in melody)
    first = max((start for start in starts if start <= begun), default=0)
    behind = [start for start in starts if start >= end]
    return first, min(behind, default=max(piece.end, end))


def _metres(piece: Piece, first: int, last: int) -> tuple[MetreChange, ...]:
    """Return the metres between two bar lines, counted from the first."""
    before = [change.metre for change in piece.metres if change.tick <= first][-1]
    within = [change for change in piece.metres if first < change.tick < last]
    later = (MetreChange(change.tick - first, change.metre) for change in within)
    return (MetreChange(0, before), *later)


def _moved(note: Note, ticks: int) -> Note:
    return msgspec.structs.replace(note, start=note.start + ticks)
