"""Words under the notes of an ABC line, dynamics and accents over them.

Source: ABC 2.1, 5.1 and 4.14.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from studio_music.score.piece import HAIRPINS, LOUDNESS, MAX_LYRIC, Dynamic

HELD, NONE, BAR = "_", "*", "|"
"""What stands for a note that holds the syllable before, for one without, and for a bar line."""

_TOKEN: Final = re.compile(r"[_*|]|(?:\\.|[^\s\-_*|\\])+-?|-")
_SPECIAL: Final = re.compile(r"([-_*|\\%])")
_BEGINS: Final = {"crescendo(": 0, "<(": 0, "diminuendo(": 1, ">(": 1}
_ACCENTS: Final = {
    "accent": "accent", ">": "accent", "emphasis": "accent", "marcato": "marcato", "^": "marcato",
    "sfz": "marcato",
}  # fmt: skip
_ENDS: Final = ("crescendo)", "<)", "diminuendo)", ">)")


def words_of(bars: Sequence[Sequence[str]]) -> str:
    """Return the words of a line: for each bar the syllable of each note, "" for none."""
    written = []
    for syllables in bars:
        words = ""
        for syllable in syllables:
            stem, goes_on = syllable.removesuffix("-"), syllable.endswith("-")
            if syllable != HELD:
                stem = _SPECIAL.sub(r"\\\1", stem).replace(" ", "~").replace("\u00a0", "~")
            words += (stem or NONE) + ("-" if goes_on else " ")
        written.append(words)
    return f"{BAR} ".join(written).rstrip()


def tokens_of(words: str) -> Iterator[str]:
    """Yield the tokens of a lyrics line: syllables, ``HELD``, ``NONE`` and ``BAR``."""
    for match in _TOKEN.finditer(words):
        token = match[0]
        if token in (HELD, NONE, BAR):
            yield token
        elif token == "-":  # a second hyphen: the syllable lasts over another note
            yield HELD
        else:
            goes_on = token.endswith("-") and not token.endswith("\\-")
            stem = token.removesuffix("-") if goes_on else token
            stem = re.sub(r"\\(.)", r"\1", stem).replace("~", "\u00a0")
            yield stem[: MAX_LYRIC - 1] + "-" * goes_on


def decorations(dynamics: Sequence[Dynamic]) -> list[tuple[int, str]]:
    """Return the decorations of dynamics, each with its tick, in order."""
    marks = []
    for dynamic in dynamics:
        if dynamic.end:
            marks += [(dynamic.tick, f"!{dynamic.sign}(!"), (dynamic.end, f"!{dynamic.sign})!")]
        else:
            marks.append((dynamic.tick, f"!{dynamic.sign}!"))
    return sorted(marks, key=lambda at: at[0])


def dynamic_of(decoration: str) -> tuple[str, str] | None:
    """Return the sign that a decoration stands for and, of hairpins, a name; None for others."""
    name = decoration.strip("!+")
    if name in LOUDNESS:
        return name, ""
    if name in _BEGINS:
        return HAIRPINS[_BEGINS[name]], "hairpin"
    return ("", "hairpin") if name in _ENDS else None


def accent_of(decoration: str) -> str:
    """Return the accent that a decoration puts on the next note, "" for none."""
    return _ACCENTS.get(decoration.strip("!+"), "")
