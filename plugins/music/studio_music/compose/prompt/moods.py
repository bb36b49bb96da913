"""The moods: what each does to tempo, mode, register, notes, chords and loudness. Plain data.

They differ in what is known to tell moods apart by ear: mode, pace, loudness, height, how many
notes, how they are joined, and how much the chords rub. Source: P. Juslin and P. Laukka,
Expression, Perception, and Induction of Musical Emotions, 2004, table 4.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Mood(msgspec.Struct, frozen=True):
    """One mood.

    Attributes:
        words: What a person calls it. ``genre``: the backing that suits it.
        tempo: Beats a minute. ``mode``: "major", "minor", or "" for either.
        pace: Notes of the tune a second; None leaves it open. ``leaps``: 1 (steps) … 4; 0 open.
        octave: By how many octaves the tune lies higher than usual. ``low``: its tonic lies in the
            lower half of its range, and it has the form of a song.
        loudness: Velocity of the tune. ``joined``: which part of its length a note sounds.
        colour: Of the chords: "" for that of the genre, or as ``harmony_rules.COLOURS``.
        programs: Who plays the tune, the best first; () for who suits the genre.
    """

    words: str
    genre: str
    tempo: float
    mode: str = ""
    pace: float | None = None
    leaps: int = 0
    octave: int = 0
    low: bool = False
    loudness: int = 78
    joined: float = 1.0
    colour: str = ""
    programs: tuple[int, ...] = ()


MOODS: Final = {
    "any": Mood("", "folk", 100),
    "calm": Mood(
        "calm calming peaceful quiet gentle relaxed relaxing tranquil soothing serene restful",
        "ballad", 84, pace=1.7, leaps=2, low=True, loudness=62, colour="clear",
    ),
    "happy": Mood(
        "happy cheerful joyful joyous merry bright sunny jolly glad",
        "folk", 120, "major", 3.2, 3, loudness=86, colour="clear",
    ),
    "sad": Mood(
        "sad melancholy melancholic mournful sorrowful gloomy wistful lonely tearful grieving",
        "ballad", 68, "minor", 1.5, 2, low=True, loudness=58,
    ),
    "lively": Mood(
        "lively energetic exciting upbeat spirited driving wild dancing",
        "folk", 138, "major", 4.5, 4, loudness=94,
    ),
    "solemn": Mood(
        "solemn serious stately dignified ceremonial sacred reverent",
        "orchestral", 66, "minor", 1.1, 2, low=True, loudness=76, programs=(19, 48),
    ),
    "tense": Mood(
        "tense tension suspense suspenseful anxious nervous uneasy urgent threatening stealth",
        "suspense", 112, "minor", 2.6, 2, loudness=74, joined=0.55, colour="dark",
        programs=(40, 68),
    ),
    "dark": Mood(
        "dark sinister menacing evil scary creepy spooky haunted horror eerie dungeon ominous",
        "suspense", 62, "minor", 1.0, 2, -1, low=True, loudness=60, colour="dark",
        programs=(42, 70, 57),
    ),
    "mysterious": Mood(
        "mysterious mystery enigmatic strange magical mystic exploring exploration",
        "ambient", 76, "minor", 1.4, 4, 1, loudness=52, colour="dark", programs=(11, 73, 10),
    ),
    "heroic": Mood(
        "heroic epic triumphant victorious victory brave bold glorious majestic noble adventurous "
        "adventure",
        "orchestral", 116, "major", 2.2, 4, loudness=106, colour="clear",
        programs=(56, 60, 61),
    ),
    "tender": Mood(
        "tender romantic loving warm intimate affectionate nostalgic hopeful",
        "ballad", 74, "major", 1.6, 2, low=True, loudness=50, colour="lush", programs=(42, 40, 73),
    ),
    "playful": Mood(
        "playful funny comic cheeky whimsical quirky silly mischievous cute",
        "march", 132, "major", 3.8, 4, 1, loudness=74, joined=0.45, programs=(73, 13, 72),
    ),
    "dreamy": Mood(
        "dreamy dreamlike floating ethereal sleepy hypnotic spacey weightless",
        "ambient", 60, "major", 1.2, 3, 1, loudness=46, colour="lush", programs=(11, 73, 88),
    ),
    "furious": Mood(
        "furious angry aggressive violent frantic fierce raging brutal intense",
        "battle", 160, "minor", 5.0, 4, loudness=114, joined=0.75, colour="dark",
        programs=(30, 48, 0),
    ),
}  # fmt: skip
"""By name, as ``schema.Mood`` has them."""
