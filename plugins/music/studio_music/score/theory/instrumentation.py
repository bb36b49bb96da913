"""Gives the tune an instrument that reaches all of its notes. Moves it by octaves at most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from studio_music.score.piece import Note, Piece, Track
from studio_music.score.theory.instruments import PROGRAMS
from studio_music.score.theory.ranges import program_range

PIANO: Final = 0
SUITING: Final = (73, 40, PIANO)
"""What plays a tune that has no backing: a flute, a violin, else a piano."""

_OCTAVES: Final = (0, 12, -12, 24, -24)


def cast(tune: Piece, requested: int | None, suiting: Sequence[int]) -> tuple[Piece, str]:
    """Return the tune on an instrument, and a remark where it is not as was asked.

    Args:
        requested: The program that a person wants; the tune is moved by octaves to fit it.
        suiting: Programs that suit, the best first; one that fits as it is.
    """
    pitches = [note.pitch for track in _melodies(tune) for note in track.notes]
    if requested is not None:
        for shift in _OCTAVES:
            if _reaches(requested, pitches, shift):
                return _played(tune, requested, shift), ""
    fitting = [number for number in suiting if _reaches(number, pitches)]
    program = fitting[0] if fitting else PIANO
    remark = ""
    if requested is not None:
        name, other = PROGRAMS[requested], PROGRAMS[program]
        remark = (
            f"The tune is outside the range of the {name.lower()}, so the {other.lower()} plays it."
        )
    return _played(tune, program, 0), remark


def _melodies(tune: Piece) -> list[Track]:
    return [track for track in tune.tracks if track.role == "melody"]


def _reaches(program: int, pitches: Sequence[int], shift: int = 0) -> bool:
    low, high = program_range(program)
    return all(low <= pitch + shift <= high for pitch in pitches)


def _played(tune: Piece, program: int, shift: int) -> Piece:
    tracks = tuple(
        msgspec.structs.replace(
            track,
            program=program,
            notes=tuple(_moved(note, shift) for note in track.notes),
        )
        if track.role == "melody"
        else track
        for track in tune.tracks
    )
    return msgspec.structs.replace(tune, tracks=tracks)


def _moved(note: Note, shift: int) -> Note:
    return msgspec.structs.replace(note, pitch=note.pitch + shift)
