"""The staves of a track: clefs by range, two staves for a keyboard, voices within each."""

from __future__ import annotations

from typing import Final, NamedTuple

from studio_music.score.formats.bars import FINE, Bars
from studio_music.score.formats.note_values import BINARY
from studio_music.score.formats.voices import (
    Numbered,
    Voice,
    drum_strikes,
    grid_of,
    hands_and_feet,
    readable,
    strikes,
    voices,
)
from studio_music.score.piece import Track


class Clef(NamedTuple):
    """A clef: its sign and line, the octave it shifts by, and the pitches its five lines hold."""

    sign: str
    line: int
    octave: int
    lowest: int
    highest: int

    def ledger(self, pitch: int) -> int:
        """Return how far a pitch lies off the staff, in semitones."""
        return max(0, self.lowest - pitch, pitch - self.highest)


TREBLE: Final = Clef("G", 2, 0, 62, 79)
BASS: Final = Clef("F", 4, 0, 41, 59)
TREBLE_LOW: Final = Clef("G", 2, -1, 50, 67)
BASS_LOW: Final = Clef("F", 4, -1, 29, 47)
PERCUSSION: Final = Clef("percussion", 2, 0, 0, 127)

_SPLIT: Final = 60
_KEYBOARDS: Final = (*range(8), *range(16, 24))
_GUITARS: Final = range(24, 32)
_BASSES: Final = range(32, 40)


class Staff(NamedTuple):
    """A staff: its clef, and its voices from high to low."""

    clef: Clef
    voices: list[Voice]


def staves(track: Track, bars: Bars, *, for_display: bool) -> list[Staff]:
    """Return the one or two staves that a track is written on.

    For display, free timing is written as a reader would want it; else on the finest grid.
    """
    notes = [Numbered(number, note) for number, note in enumerate(track.notes)]
    if track.drums:
        return [Staff(PERCUSSION, _drum_voices(notes, bars, for_display))]
    pitches = [note.pitch for note in track.notes]
    clefs = _clefs(track, pitches)
    groups = [notes]
    if len(clefs) == 2:
        groups = [
            [numbered for numbered in notes if numbered.note.pitch >= _SPLIT],
            [numbered for numbered in notes if numbered.note.pitch < _SPLIT],
        ]
    grid = grid_of(track.notes) if for_display else FINE
    result = []
    for clef, group in zip(clefs, groups):
        chords = strikes(group, bars, grid)
        result.append(Staff(clef, voices(chords if grid == FINE else readable(chords, bars), bars)))
    return result


def _drum_voices(notes: list[Numbered], bars: Bars, for_display: bool) -> list[Voice]:
    grid = grid_of([numbered.note for numbered in notes]) if for_display else FINE
    layers = []
    for group in hands_and_feet(notes):
        chords = strikes(group, bars, grid)
        layers += voices(drum_strikes(chords, bars) if for_display else chords, bars)
    return layers


def _clefs(track: Track, pitches: list[int]) -> list[Clef]:
    if not pitches:
        return [TREBLE]
    if track.program in _BASSES:
        return [BASS_LOW]
    candidates = [TREBLE, BASS]
    if track.program in _GUITARS or track.role == "tenor":
        candidates = [TREBLE_LOW, TREBLE]
    best = min(candidates, key=lambda clef: sum(map(clef.ledger, pitches)))
    far = sum(best.ledger(pitch) > (3 if track.program in _KEYBOARDS else 7) for pitch in pitches)
    wide = min(pitches) < _SPLIT - 5 and max(pitches) > _SPLIT + 5
    # A single line that wanders through the range is easier to read on one staff.
    return [TREBLE, BASS] if wide and far > len(pitches) / 12 and _has_chords(track) else [best]


def _has_chords(track: Track) -> bool:
    together = sum(
        after.start < before.end - BINARY for before, after in zip(track.notes, track.notes[1:])
    )
    return together > len(track.notes) / 8
