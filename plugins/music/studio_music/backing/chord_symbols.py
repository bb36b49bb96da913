"""Chords by name: what "Dm7" and "Bb/D" sound, and how a chord is spelled in a key."""

from __future__ import annotations

from typing import Final

import msgspec

from studio_music.formats.chord_symbols import parts
from studio_music.piece import Key

INTERVALS: Final = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "9": (0, 4, 7, 10, 14),
    "maj9": (0, 4, 7, 11, 14),
    "m9": (0, 3, 7, 10, 14),
}
"""Semitones over the root, by the part of the symbol behind it."""

_ALIASES: Final = {
    "min": "m",
    "-": "m",
    "maj": "",
    "M": "",
    "min7": "m7",
    "-7": "m7",
    "M7": "maj7",
    "Δ": "maj7",
    "°": "dim",
    "o": "dim",
    "ø": "m7b5",
    "+": "aug",
    "sus": "sus4",
}
_LETTERS: Final = "FCGDAEB"  # the line of fifths, without accidentals
_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


class Harmony(msgspec.Struct, frozen=True):
    """A chord: pitch class of its ``root``, ``quality`` (a key of ``INTERVALS``), and of its
    lowest note where that is not the root.
    """

    root: int
    quality: str = ""
    over: int | None = None

    @property
    def tones(self) -> tuple[int, ...]:
        """Its pitch classes, root first."""
        return tuple((self.root + step) % 12 for step in INTERVALS[self.quality])

    @property
    def lowest(self) -> int:
        """The pitch class that the bass plays."""
        return self.root if self.over is None else self.over

    def symbol(self, key: Key) -> str:
        """Return its name, spelled as in ``key``."""
        below = "" if self.over is None else f"/{spelled(self.over, key)}"
        return f"{spelled(self.root, key)}{self.quality}{below}"


def parsed(symbol: str) -> Harmony | None:
    """Return the chord of a symbol; None if it is none of those known here."""
    found = parts(symbol)
    if found is None:
        return None
    quality = _ALIASES.get(found.kind, found.kind)
    if quality not in INTERVALS:
        return None
    over = _pitch_class(found.bass) if found.bass else None
    return Harmony(_pitch_class(found.root), quality, over)


def spelled(pitch_class: int, key: Key) -> str:
    """Return the name of a pitch class, the nearest on the line of fifths to the middle of the key.

    So that an F sharp is one in G major, and a G flat in D flat major.
    """
    middle = key.fifths + 2  # F is −1 and C is 0: the middle of the seven notes of C major is D
    places = [place for place in range(-15, 20) if place * 7 % 12 == pitch_class % 12]
    place = min(places, key=lambda each: (abs(each - middle), each))
    accidentals, letter = divmod(place + 1, 7)
    return _LETTERS[letter] + ("#" * accidentals if accidentals > 0 else "b" * -accidentals)


def _pitch_class(name: tuple[str, int]) -> int:
    letter, alteration = name
    return (_STEPS[letter] + alteration) % 12
