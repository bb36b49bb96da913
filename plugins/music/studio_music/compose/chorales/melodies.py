"""Whether a voice can sing a melody, and the melody in the octave in which it can.

Plain data.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from statistics import median
from typing import Final, NamedTuple

import msgspec

from studio.api import BadInput
from studio_music.compose.chorales.vocabulary import RANGES
from studio_music.score.piece import Note, Piece, Track
from studio_music.score.theory.ranges import VOICES

MAX_BARS: Final = 128
FASTEST: Final = 12.0
"""Notes a second, at the median, that nobody sings any more."""

_OCTAVES: Final = (0, 12, -12, 24, -24, 36, -36, 48, -48)


class Fitted(NamedTuple):
    """A melody that the voice can sing; ``remark`` describes the changes, or is empty."""

    melody: Track
    remark: str


def fitted(melody: Track, piece: Piece, voice: str) -> Fitted:
    """Return the melody in an octave that suits the voice.

    Args:
        melody: One note at a time.
        piece: Where it comes from: tempo, metre, length.
        voice: "soprano", "alto", "tenor" or "bass".

    Raises:
        BadInput: it is silent, of several voices, too long, too fast or too wide for that voice.
    """
    notes = sorted(melody.notes)
    if not notes:
        raise BadInput("This melody has no notes.", "Choose another track or another score.")
    if any(later.start < note.end for note, later in itertools.pairwise(notes)):
        raise BadInput(
            "This melody has notes that sound together, but a voice sings one note at a time.",
            "Choose a monophonic track.",
        )
    bars = len(piece.bar_starts())
    if bars > MAX_BARS:
        raise BadInput(
            f"This melody has {bars:,} bars; the limit is {MAX_BARS}.",
            "Split it into parts.",
        )
    pace = 1 / max(median(_seconds(piece, notes)), 1e-6)
    if pace > FASTEST:
        raise BadInput(
            f"This melody is too fast to sing: about {pace:.0f} notes per second.",
            "Choose a slower tempo or a simpler melody.",
        )
    return _in_octave(melody, notes, voice)


def role_of(voice: str) -> str:
    """Return the role of the track of a voice."""
    return "bass voice" if voice == "bass" else voice


def _in_octave(melody: Track, notes: list[Note], voice: str) -> Fitted:
    low, high = VOICES[role_of(voice)]
    lowest, highest = min(n.pitch for n in notes), max(n.pitch for n in notes)
    for room in (RANGES[voice], (low, high)):  # where the others have room, then anywhere at all
        fits = [s for s in _OCTAVES if room[0] <= lowest + s and highest + s <= room[1]]
        if fits:
            shift = fits[0]
            break
    else:
        raise BadInput(
            f"No {voice} can sing this melody: it spans {highest - lowest} semitones, and a "
            f"{voice} has {high - low}.",
            "Choose another voice, or a melody with a smaller range.",
        )
    moved = tuple(msgspec.structs.replace(note, pitch=note.pitch + shift) for note in notes)
    return Fitted(msgspec.structs.replace(melody, notes=moved), _remark(shift, voice))


def _remark(shift: int, voice: str) -> str:
    if not shift:
        return ""
    octaves = abs(shift) // 12
    way = "up" if shift > 0 else "down"
    return f"Moved {octaves} octave{'s' if octaves > 1 else ''} {way} to fit a {voice}."


def _seconds(piece: Piece, notes: list[Note]) -> Iterator[float]:
    for note in notes:
        yield piece.seconds(note.end) - piece.seconds(note.start)
