"""How a tune fits the chords under it: beat by beat, by textbook rules."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from studio_music.score.piece import TICKS, Key, Metre, Note, Piece
from studio_music.score.theory.melody import melody_of

LEAST_FIT: Final = 0.66
"""Of the beats, a tone of the chord counting whole, a tension half. What is composed here has 0.73
to 1 and mostly 0.9; under chords a semitone or a tritone off it has 0.4."""

FEWEST_BEATS: Final = 12
"""Fewer say nothing."""

_STEP: Final = 2
"""Semitones by which what is suspended goes to its chord."""


def share_that_fits(piece: Piece, key: Key) -> float | None:
    """Return the share of the beats where the tune fits the chords; None without enough of both."""
    struck = [note for track in piece.tracks if track.role == "chords" for note in track.notes]
    if not struck:
        return None
    melody = melody_of(piece).notes
    fits = []
    at = chord_at = 0
    for start, end, beats in _slots(piece):
        while chord_at < len(struck) and struck[chord_at].end <= start:
            chord_at += 1
        tones = {n.pitch % 12 for n in struck[chord_at:] if n.start < end and n.end > start}
        for beat in beats if tones else ():
            while at < len(melody) and melody[at].end <= beat:
                at += 1
            if at < len(melody) and melody[at].start <= beat:
                following = melody[at + 1] if at + 1 < len(melody) else None
                fits.append(_fit(melody[at], following, tones, key))
    return sum(fits) / len(fits) if len(fits) >= FEWEST_BEATS else None


def _slots(piece: Piece) -> Iterator[tuple[int, int, range]]:
    """Yield where one chord sounds: bars, and halves of long even ones; each with its beats."""
    starts = [*piece.bar_starts()[bool(piece.pickup) :], piece.end]
    for start, end in pairwise(starts):
        metre = [change.metre for change in piece.metres if change.tick <= start][-1]
        is_long = metre.bar >= 4 * TICKS and metre.beats % 2 == 0
        slot = metre.bar // 2 if is_long else metre.bar
        for begin in range(start, end, slot):
            yield begin, min(begin + slot, end), range(begin, min(begin + slot, end), _beat(metre))


def _beat(metre: Metre) -> int:
    compound = metre.unit == 8 and metre.beats % 3 == 0
    return TICKS * 3 // 2 if compound else TICKS


def _fit(note: Note, following: Note | None, tones: set[int], key: Key) -> float:
    """Return 1 for a tone of the chord, ½ for a tension or what goes to a tone by step, else 0."""
    tone = note.pitch % 12
    if tone in tones:
        return 1.0
    rubs = (tone - 1) % 12 in tones
    if tone in key.scale and not rubs:
        return 0.5
    if following is None or following.start > note.end or following.pitch % 12 not in tones:
        return 0.0
    return 0.5 if abs(following.pitch - note.pitch) <= _STEP else 0.0
