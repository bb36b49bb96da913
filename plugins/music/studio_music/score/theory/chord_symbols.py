"""Chords by name: what "Dm7" and "Bb/D" sound, and how a chord is spelled in a key."""

from __future__ import annotations

from typing import Final

import msgspec

from studio_music.score.formats.chord_symbols import Parts, parts, symbol
from studio_music.score.formats.pitch_spelling import STEPS, spell
from studio_music.score.piece import Key

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
    "madd9": (0, 3, 7, 14),
    "7b9": (0, 4, 7, 10, 13),
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

    def moved(self, semitones: int) -> Harmony:
        """Return the chord so much higher."""
        over = None if self.over is None else (self.over + semitones) % 12
        return Harmony((self.root + semitones) % 12, self.quality, over)

    def symbol(self, key: Key) -> str:
        """Return its name, spelled as in ``key``."""
        over = None if self.over is None else _spelled(self.over, key)
        return symbol(Parts(_spelled(self.root, key), self.quality, over))


def parsed(name: str) -> Harmony | None:
    """Return the chord of a symbol; None if it is none of those known here."""
    symbol_parts = parts(name)
    if symbol_parts is None:
        return None
    quality = _ALIASES.get(symbol_parts.kind, symbol_parts.kind)
    if quality not in INTERVALS:
        return None
    over = _pitch_class(symbol_parts.bass) if symbol_parts.bass else None
    return Harmony(_pitch_class(symbol_parts.root), quality, over)


def _spelled(pitch_class: int, key: Key) -> tuple[str, int]:
    written = spell(60 + pitch_class, key)
    return written.step, written.alter


def _pitch_class(name: tuple[str, int]) -> int:
    letter, alteration = name
    return (STEPS[letter] + alteration) % 12
