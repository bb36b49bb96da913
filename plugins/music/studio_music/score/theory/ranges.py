"""What instruments and voices can sound: lowest and highest pitch. Plain data.

Sounding ranges as orchestration books give them for good players, rounded outwards.
"""

from __future__ import annotations

from typing import Final

from studio_music.score.piece import Track

ANY: Final = (0, 127)
DRUM_RANGE: Final = (27, 87)  # the percussion keys of General MIDI level 2

VOICES: Final = {
    "soprano": (57, 84),
    "alto": (52, 77),
    "tenor": (45, 72),
    "bass voice": (36, 66),
}
"""Range of each voice of a choir, by the role of its track."""

_FAMILIES: Final = {
    0: (21, 108),  # pianos
    8: (48, 108),  # chromatic percussion
    16: (24, 108),  # organs
    24: (38, 88),  # guitars
    32: (23, 67),  # basses
    40: (28, 103),  # strings
    48: (28, 103),  # ensembles
    56: (34, 88),  # brass
    64: (34, 94),  # reeds
    72: (55, 108),  # pipes
    80: (12, 120),  # synthesisers: leads, pads, effects
    88: (12, 120),
    96: (12, 120),
    104: (36, 96),  # instruments of the world
}
"""Range of each family of eight programs, by its first; what is not here has none."""

_PROGRAMS: Final = {
    21: (41, 93),  # accordion
    22: (48, 96),  # harmonica
    40: (55, 103),  # violin
    41: (48, 91),  # viola
    42: (36, 84),  # cello
    43: (28, 67),  # contrabass
    46: (23, 104),  # harp
    47: (36, 60),  # timpani
    52: (36, 84),  # choir
    56: (52, 88),  # trumpet
    57: (38, 77),  # trombone
    58: (26, 65),  # tuba
    60: (34, 77),  # French horn
    64: (56, 91),  # soprano sax
    65: (49, 84),  # alto sax
    66: (44, 79),  # tenor sax
    67: (36, 72),  # baritone sax
    68: (58, 93),  # oboe
    69: (52, 84),  # English horn
    70: (34, 77),  # bassoon
    71: (50, 94),  # clarinet
    72: (74, 108),  # piccolo
    73: (59, 98),  # flute
    109: (55, 84),  # bagpipe
    110: (55, 103),  # fiddle
}
"""Range of single programs that differ from their family."""


def range_of(track: Track) -> tuple[int, int]:
    """Return the lowest and the highest pitch that the instrument or voice of a track has."""
    if track.drums:
        return DRUM_RANGE
    return VOICES.get(track.role) or program_range(track.program)


def program_range(program: int) -> tuple[int, int]:
    """Return the lowest and the highest pitch of a General MIDI program."""
    return _PROGRAMS.get(program) or _FAMILIES.get(program - program % 8, ANY)
