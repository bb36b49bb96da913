"""Prepares a change of key: the chord before it belongs to both keys, or is the new dominant.

All in the pitches before the part is lifted: where it begins, the new key lies higher by the lift;
where it ends, what follows lies lower by as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from studio_music.compose.backing.harmony import CHORD_TONE, FOREIGN, PASSING
from studio_music.compose.backing.harmony_rules import DEGREES
from studio_music.score.piece import TICKS, Key, Note
from studio_music.score.theory.chord_symbols import Harmony
from studio_music.score.theory.key_detection import key_at

DOMINANT: Final = 1.0
"""By how much the new dominant is preferred to a chord of both keys, as beats of the tune in it."""

_FIFTH: Final = 7

Chords = list[tuple[int, Harmony]]


class KeyChange(NamedTuple):
    """From the start of ``bar`` on, all lies ``semitones`` higher (negative: lower) than before."""

    bar: int
    semitones: int


class Preparation(NamedTuple):
    """The chord from ``start`` to ``end``, where ``key`` begins."""

    start: int
    end: int
    chord: Harmony
    key: Key


def preparation(
    melody: Sequence[Note], start: int, end: int, key: Key, semitones: int
) -> Preparation:
    """Return the chord before a change of key that the melody goes with best.

    Args:
        start, end: When it sounds, in ticks.
        key: Of what comes before. ``semitones``: by how much the new one lies higher.
    """
    new = key_at((key.pitch_class + semitones) % 12, key.mode)

    def merit(chord: Harmony) -> float:
        leads = _leads(chord, new)
        return _fit(chord, melody, start, end, new if leads else key) + DOMINANT * leads

    return Preparation(start, end, max(_candidates(key, new), key=merit), new)


def with_preparations(chords: Chords, prepared: Sequence[Preparation], end: int) -> Chords:
    """Return the chords up to ``end`` with those that lead to other keys, each for its time."""
    for preparation in prepared:
        *_, after = (chord for tick, chord in chords if tick <= preparation.end)
        outside = [at for at in chords if not preparation.start <= at[0] <= preparation.end]
        inside = [(preparation.start, preparation.chord), (preparation.end, after)]
        chords = sorted([*outside, *inside[: 1 + (preparation.end < end)]], key=lambda at: at[0])
    return chords


def yielding(notes: Sequence[Note], prepared: Sequence[Preparation]) -> tuple[Note, ...]:
    """Return the tune; where a chord prepares a key, its notes go to the next of chord or key."""

    def moved(note: Note) -> Note:
        for start, end, chord, key in prepared:
            if start <= note.start < end and note.pitch % 12 not in (*chord.tones, *key.scale):
                near = (note.pitch + step for step in (1, -1, 2, -2))
                pitch = next((p for p in near if p % 12 in chord.tones), note.pitch)
                return msgspec.structs.replace(note, pitch=pitch)
        return note

    return tuple(map(moved, notes))


def _leads(chord: Harmony, key: Key) -> bool:
    return chord.root == (key.pitch_class + _FIFTH) % 12 and chord.quality in ("", "7")


def _candidates(key: Key, new: Key) -> Iterator[Harmony]:
    """Yield the dominant of the new key, and the triads that both keys have."""
    yield Harmony((new.pitch_class + _FIFTH) % 12, "7")
    common = set(key.scale) & set(new.scale)
    for degree in DEGREES[key.mode].values():
        chord = Harmony((key.pitch_class + degree.step) % 12, degree.quality)
        if len(chord.tones) == 3 and common >= set(chord.tones):
            yield chord


def _fit(chord: Harmony, melody: Sequence[Note], start: int, end: int, key: Key) -> float:
    """Return how many beats of the melody lie in the chord, less those that do not."""
    fit = 0.0
    for note in melody:
        beats = (min(note.end, end) - max(note.start, start)) / TICKS
        if beats > 0:
            tone = note.pitch % 12
            worth = PASSING if tone in key.scale else FOREIGN
            fit += beats * (CHORD_TONE if tone in chord.tones else worth)
    return fit
