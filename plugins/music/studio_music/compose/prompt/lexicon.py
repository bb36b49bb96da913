"""The words that an ask is understood by, and what each stands for. Plain data."""

from __future__ import annotations

from typing import Final, NamedTuple


class Dance(NamedTuple):
    """A kind of tune: its metre, quarter notes a minute, and the backing that suits it."""

    metre: str
    tempo: float
    genre: str
    mood: str = "any"


DANCES: Final = {
    "slip jig": Dance("9/8", 170, "folk", "lively"),
    "jig": Dance("6/8", 165, "folk", "lively"),
    "reel": Dance("4/4", 190, "folk", "lively"),
    "hornpipe": Dance("4/4", 150, "folk", "lively"),
    "polka": Dance("2/4", 126, "folk", "lively"),
    "strathspey": Dance("4/4", 116, "folk"),
    "barn dance": Dance("4/4", 140, "folk", "happy"),
    "mazurka": Dance("3/4", 130, "folk"),
    "minuet": Dance("3/4", 112, "waltz"),
    "waltz": Dance("3/4", 120, "waltz"),
    "march": Dance("4/4", 112, "march"),
    "tango": Dance("4/4", 120, "tango"),
    "lullaby": Dance("3/4", 76, "ballad", "calm"),
    "hymn": Dance("4/4", 84, "none", "solemn"),
    "ballad": Dance("4/4", 76, "ballad"),
}

GENRES: Final = {
    "folk": ("folk", "folky", "celtic", "irish", "scottish", "country"),
    "pop": ("pop",),
    "rock": ("rock",),
    "jazz": ("jazz", "jazzy", "swing", "swinging"),
    "bossa": ("bossa nova", "bossa", "latin"),
    "electronic": ("electronic", "electro", "techno", "house", "synth"),
    "funk": ("funk", "funky"),
    "blues": ("blues", "bluesy", "twelve-bar blues", "12-bar blues"),
    "reggae": ("reggae", "ska", "dub"),
    "ambient": ("ambient", "atmospheric", "atmosphere", "drone", "soundscape", "new age"),
    "orchestral": (
        "orchestral",
        "orchestra",
        "symphonic",
        "symphony",
        "cinematic",
        "film",
        "classical",
    ),
    "battle": (
        "boss battle",
        "boss fight",
        "boss",
        "battle",
        "combat",
        "fight",
        "fighting",
        "war",
        "chase",
    ),
    "gospel": ("gospel", "spiritual"),
    "suspense": ("thriller", "spy", "heist"),
    "chiptune": ("chiptune", "chip tune", "8-bit", "8 bit", "eight-bit", "retro game", "arcade"),
    "none": (
        "without (?:a |any )?(?:backing|accompaniment|chords)",
        "no (?:backing|accompaniment|chords)",
        "unaccompanied",
        "(?:melody|tune) only",
        "(?:just|only) (?:the |a )?(?:melody|tune)",
    ),
}
"""Backing → patterns of the words for it."""

DRUMLESS: Final = ("solo", "(?:no|without) (?:any )?(?:drums|percussion)", "drumless")
DRUMS: Final = ("with (?:the |some )?(?:drums|percussion)",)
QUIET: Final = ("lullaby", "hymn", "tango")
"""Words for a backing without drums and with them, and dances that have none."""

ARCS: Final = {
    "rise": (
        "rising", "rises", "builds? up", "building up", "building", "crescendo",
        "intensif(?:y|ies)",
        "growing", "increasing(?:ly)? (?:tension|intense)",
    ),
    "fall": ("falling", "fades? away", "fading", "decrescendo", "diminuendo", "winding down"),
    "relief": ("relief", "relieved", "calms? down", "settles? down", "resolves?", "release"),
    "waves": ("waves?", "ups and downs", "swelling"),
    "arch": ("with a climax", "to a climax", "climax", "arc", "arch"),
}  # fmt: skip
"""How the tension runs → patterns of the words for it."""

LOOPS: Final = ("loop", "looped", "looping", "loopable", "seamless", "endless")
LIFTS: Final = ("modulate", "modulates", "modulating", "modulation", "key change", "changes key")
"""Words for a piece that leads back to its start, and for one whose end lies in a higher key."""

TEMPI: Final = {
    "very slow": 48,
    "very slowly": 48,
    "very fast": 176,
    "very quick": 176,
    "grave": 44,
    "largo": 50,
    "lento": 54,
    "larghetto": 62,
    "adagio": 68,
    "andante": 84,
    "andantino": 92,
    "moderato": 108,
    "allegretto": 116,
    "allegro": 132,
    "vivace": 156,
    "prestissimo": 200,
    "presto": 180,
    "slow": 62,
    "slowly": 62,
    "moderate": 104,
    "medium": 104,
    "brisk": 136,
    "fast": 144,
    "quick": 144,
    "quickly": 144,
}
"""Beats a minute that a word stands for, about the middle of what metronomes print for it."""

GENRE_MOODS: Final = {"battle": "furious", "suspense": "tense"}
"""The mood of a backing that is asked for without one."""

MEDIUM_TEMPO: Final = 104
"""The word that leaves the tempo of a dance as it is; others scale it."""

OPEN_TONICS: Final = {
    "major": ("G", "D", "A", "C", "F"),
    "minor": ("A", "E", "D", "G", "B"),
}
"""Keys to draw from where none is asked for: those the tunes are at home in."""

OLD_MODES: Final = {
    "dorian": "minor",
    "aeolian": "minor",
    "phrygian": "minor",
    "mixolydian": "major",
    "lydian": "major",
    "ionian": "major",
}
"""The mode of a key that comes nearest to an old one."""

METRES: Final = {
    "common time": "4/4",
    "cut time": "2/2",
    "alla breve": "2/2",
    "triple time": "3/4",
    "duple time": "2/4",
    "compound time": "6/8",
    "waltz time": "3/4",
    "march time": "4/4",
}
IN_METRES: Final = {
    2: "2/4", 3: "3/4", 4: "4/4", 5: "5/4", 6: "6/8", 7: "7/8", 9: "9/8", 12: "12/8",
}  # fmt: skip
"""What "in three" stands for."""

LENGTHS: Final = {"short": 8, "long": 32}

INSTRUMENTS: Final = {
    "grand piano": 0,
    "piano": 0,
    "harpsichord": 6,
    "music box": 10,
    "vibraphone": 11,
    "organ": 19,
    "accordion": 21,
    "harmonica": 22,
    "guitar": 24,
    "violin": 40,
    "fiddle": 110,
    "viola": 41,
    "cello": 42,
    "harp": 46,
    "choir": 52,
    "marimba": 12,
    "xylophone": 13,
    "strings": 48,
    "string ensemble": 48,
    "trumpet": 56,
    "trombone": 57,
    "tuba": 58,
    "brass": 61,
    "brass section": 61,
    "horn": 60,
    "saxophone": 66,
    "sax": 66,
    "oboe": 68,
    "bassoon": 70,
    "clarinet": 71,
    "piccolo": 72,
    "flute": 73,
    "recorder": 74,
    "whistle": 78,
    "synthesiser": 80,
    "synthesizer": 80,
    "banjo": 105,
    "bagpipes": 109,
    "bagpipe": 109,
}
"""Instruments for the tune, as General MIDI programs."""

_SMALL: Final = """zero one two three four five six seven eight nine ten eleven twelve thirteen
fourteen fifteen sixteen seventeen eighteen nineteen twenty"""
NUMBERS: Final[dict[str, float]] = {
    **{word: number for number, word in enumerate(_SMALL.split())},
    "twenty-four": 24,
    "thirty-two": 32,
    "thirty": 30,
    "forty-eight": 48,
    "forty": 40,
    "sixty-four": 64,
    "sixty": 60,
    "ninety": 90,
    "hundred": 100,
    "half a": 0.5,
    "half": 0.5,
    "a": 1,
}
"""Numbers in words, with units behind them."""

_EMPTY: Final = """
a an and the of in on at for with to by it its is be me my i id please something some tune tunes
piece melody song music theme thing number write compose make create give play played want would
like love us key tempo time metre meter length long style kind feel mood sounding sounds that which
nice new little game video level about around roughly exactly precisely bars bar beat
beats backing accompaniment
"""
FILLERS: Final = frozenset(_EMPTY.split())
"""Words that ask for nothing by themselves."""
