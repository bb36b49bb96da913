"""Rules of harmony as plain data: the chords of a key and where each tends to go.

Weights are in the units of the search, natural logarithms of how much likelier something is; they
follow the common practice that any textbook of harmony describes (functions, fifths, cadences).
"""

from __future__ import annotations

from typing import Final

import msgspec


class Degree(msgspec.Struct, frozen=True):
    """A chord of a key: semitones of its root over the tonic, quality, the same with a seventh.

    ``target``: the degree that a secondary dominant leads to. ``liking``: how common it is.
    """

    step: int
    quality: str
    seventh: str
    target: str = ""
    liking: float = 0.0


DEGREES: Final = {
    "major": {
        "I": Degree(0, "", "maj7", liking=0.5),
        "ii": Degree(2, "m", "m7"),
        "iii": Degree(4, "m", "m7", liking=-0.6),
        "IV": Degree(5, "", "maj7", liking=0.2),
        "V": Degree(7, "", "7", liking=0.4),
        "V7": Degree(7, "7", "7", liking=0.1),
        "vi": Degree(9, "m", "m7", liking=0.1),
        "bVII": Degree(10, "", "7", liking=-1.0),
        "V/ii": Degree(9, "7", "7", "ii", -1.8),
        "V/IV": Degree(0, "7", "7", "IV", -1.8),
        "V/V": Degree(2, "7", "7", "V", -1.5),
        "V/vi": Degree(4, "7", "7", "vi", -1.5),
    },
    "minor": {
        "i": Degree(0, "m", "m7", liking=0.5),
        "ii": Degree(2, "dim", "m7b5", liking=-0.9),
        "III": Degree(3, "", "maj7"),
        "iv": Degree(5, "m", "m7", liking=0.2),
        "IV": Degree(5, "", "7", liking=-0.5),
        "v": Degree(7, "m", "m7", liking=-0.4),
        "V": Degree(7, "", "7", liking=0.2),
        "V7": Degree(7, "7", "7", liking=0.1),
        "VI": Degree(8, "", "maj7", liking=0.1),
        "VII": Degree(10, "", "7", liking=0.1),
        "bII": Degree(1, "", "maj7", liking=-2.2),
        "vii": Degree(11, "dim", "dim7", "i", -2.0),
        "V/iv": Degree(0, "7", "7", "iv", -1.8),
        "V/V": Degree(2, "7", "7", "V", -1.8),
    },
}
"""The chords that are tried in each mode, by Roman numeral."""

COLOURS: Final[dict[str, dict[str, float]]] = {
    "dark": {"bII": 2.4, "vii": 2.4, "ii": 1.2, "VI": 0.3, "III": -1.5, "VII": -1.2, "IV": -0.6,
             "v": -0.8},
    "clear": {"V7": -0.6, "ii": -0.3, "iii": -0.3},
    "lush": {"ii": 0.6, "iii": 0.9, "IV": 0.5, "vi": 0.5, "V": -0.5, "VI": 0.5, "iv": 0.3},
}  # fmt: skip
"""By how much likelier some chords are in a colour that is not that of the genre."""

LUSH: Final = {"": "maj9", "maj7": "maj9", "m": "m9", "m7": "m9"}
"""What chords become in the lush colour."""

DARK: Final = {
    "i": "madd9", "ii": "m7b5", "iv": "m6", "V": "7b9", "V7": "7b9", "VI": "maj7", "bII": "maj7",
    "vii": "dim7", "I": "6", "vi": "madd9", "IV": "maj7",
}  # fmt: skip
"""What the chords of a key become in the dark colour: each with a second, a tritone or both."""

REST, HEIGHT = 0.35, 0.65
"""Up to this tension chords are clear, from the other on they are dark, whatever their colour."""

BLUES: Final[dict[str, dict[str, str]]] = {
    "clear": {"7": "", "m7": "m", "maj7": ""},
    "dark": {"7": "9", "m7": "m9", "maj7": "maj9"},
}
"""What the chords of the blues become at rest and at the height."""

PEDAL: Final = 0.6
"""How often the bass stays on the tonic through a phrase of the dark colour."""

CLEAR: Final = 1.8
"""By how much more the notes of the tune decide in the clear colour."""

TWELVE_BARS: Final = {
    "major": tuple((step, "7") for step in (0, 5, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7)),
    "minor": ((0, "m7"), (0, "m7"), (0, "m7"), (0, "m7"), (5, "m7"), (5, "m7"), (0, "m7"),
              (0, "m7"), (8, "maj7"), (7, "7"), (0, "m7"), (7, "7")),
}  # fmt: skip
"""The twelve bars of the blues: semitones over the tonic, and quality."""

GOES: Final = {
    "major": {
        "I": {"IV": 0.5, "V": 0.5, "vi": 0.5, "ii": 0.3, "V7": 0.2},
        "ii": {"V": 0.9, "V7": 0.9, "I": -0.5, "IV": 0.0},
        "iii": {"vi": 0.8, "IV": 0.6},
        "IV": {"I": 0.5, "V": 0.7, "V7": 0.6, "ii": 0.2},
        "V": {"I": 0.9, "vi": 0.4, "V7": 0.2, "IV": -0.4, "ii": -0.8},
        "V7": {"I": 1.1, "vi": 0.4, "V": -0.8, "IV": -0.8, "ii": -1.0},
        "vi": {"IV": 0.6, "ii": 0.6, "V": 0.3, "iii": 0.1},
        "bVII": {"IV": 0.5, "I": 0.7},
    },
    "minor": {
        "i": {"iv": 0.5, "V": 0.4, "VI": 0.5, "VII": 0.5, "III": 0.2},
        "ii": {"V": 1.0, "V7": 1.0},
        "III": {"VI": 0.5, "VII": 0.3, "iv": 0.3},
        "iv": {"V": 0.7, "V7": 0.7, "i": 0.5, "VII": 0.3},
        "IV": {"i": 0.5, "V": 0.5, "VII": 0.3},
        "v": {"i": 0.6, "VI": 0.4, "iv": 0.2},
        "V": {"i": 0.9, "VI": 0.4, "V7": 0.2, "iv": -0.5},
        "V7": {"i": 1.1, "VI": 0.4, "V": -0.8, "iv": -0.9},
        "VI": {"VII": 0.6, "iv": 0.5, "III": 0.3, "V": 0.4},
        "VII": {"III": 0.6, "i": 0.6, "VI": 0.2},
        "bII": {"V": 0.6, "V7": 0.6, "i": 0.8},
    },
}
"""How gladly one chord is followed by another."""

ELSEWHERE: Final = -0.5
"""For a step that ``GOES`` does not name."""

RESOLVED, UNRESOLVED = 1.4, -2.5
"""A secondary dominant that reaches its target, and one that does not."""

STAY_IN_BAR, STAY = 1.3, 0.1
"""The same chord again: within a bar, and over a bar line."""

TONICS: Final = {"major": "I", "minor": "i"}
DOMINANTS: Final = ("V", "V7")

FIRST_TONIC, LAST_TONIC, LAST_DOMINANT, BEFORE_LAST = 2.5, 6.0, 1.5, 1.2
"""The tonic at the start and at the end; the dominant at the end of a loop, and before the end."""

HALF_CADENCE: Final = 0.6
"""The dominant or the tonic at the end of a phrase."""
