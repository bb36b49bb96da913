"""How pitches are written in a key: letter, accidental, octave; and which of them a bar needs."""

from __future__ import annotations

from typing import Final, NamedTuple

from studio_music.score.piece import Key

STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_LINE: Final = "FCGDAEB"  # of fifths, F at −1
# How far a key reaches down the line of fifths from its signature on: in major to the flat third
# (and up to the raised fifth), in minor to the flat second (and up to the raised fourth).
_LOWEST: Final = {"major": -3, "minor": -2}


class Spelled(NamedTuple):
    """A written pitch: ``alter`` in semitones (sharp 1, flat −1), middle C in octave 4."""

    step: str
    alter: int
    octave: int

    @property
    def pitch(self) -> int:
        """The MIDI pitch that it sounds."""
        return 12 * (self.octave + 1) + STEPS[self.step] + self.alter

    @property
    def line(self) -> int:
        """Its place on the staff, counted in steps from C0 on."""
        return 7 * self.octave + "CDEFGAB".index(self.step)


def spell(pitch: int, key: Key) -> Spelled:
    """Return how ``pitch`` is written in ``key``."""
    lowest = key.fifths + _LOWEST[key.mode]
    place = lowest + (pitch * 7 - lowest) % 12  # seven semitones a fifth
    step, alter = _LINE[(place + 1) % 7], (place + 1) // 7
    return Spelled(step, alter, (pitch - alter - STEPS[step]) // 12 - 1)


def signature(fifths: int) -> dict[str, int]:
    """Return how a key signature alters the seven letters."""
    return {step: (fifths + 6 - at) // 7 for at, step in enumerate(_LINE)}


class Accidentals:
    """Which accidentals are to be written: those that neither key nor bar already says."""

    def __init__(self, key: Key) -> None:
        self._signature = signature(key.fifths)
        self._said: dict[tuple[str, int], int] = {}

    def next(self) -> None:
        """Forget the accidentals of the bar."""
        self._said.clear()

    def needs(self, written: Spelled) -> bool:
        """Return whether the accidental must be written, and remember it."""
        place = (written.step, written.octave)
        if self._said.get(place, self._signature[written.step]) == written.alter:
            return False
        self._said[place] = written.alter
        return True
