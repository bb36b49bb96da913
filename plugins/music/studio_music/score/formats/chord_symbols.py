"""Chord symbols ("Bbm7/F") in their parts, and the kinds that MusicXML has for them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SYMBOL: Final = re.compile(r"([A-G])([#b]{0,2})([^/]*)(?:/([A-G])([#b]{0,2}))?")
KINDS: Final = {
    "": "major",
    "m": "minor",
    "7": "dominant",
    "maj7": "major-seventh",
    "m7": "minor-seventh",
    "dim": "diminished",
    "dim7": "diminished-seventh",
    "m7b5": "half-diminished",
    "aug": "augmented",
    "+": "augmented",
    "sus4": "suspended-fourth",
    "sus2": "suspended-second",
    "6": "major-sixth",
    "m6": "minor-sixth",
    "9": "dominant-ninth",
    "maj9": "major-ninth",
    "m9": "minor-ninth",
    "5": "power",
}


class Parts(NamedTuple):
    """The parts of a symbol; roots are a letter and its alteration in semitones."""

    root: tuple[str, int]
    kind: str
    bass: tuple[str, int] | None = None


def parts(symbol: str) -> Parts | None:
    """Return the parts of a chord symbol, None if it is none."""
    match = _SYMBOL.fullmatch(symbol.strip())
    if not match:
        return None
    step, mark, kind, bass, bass_mark = match.groups()
    low = (bass, _alter(bass_mark)) if bass else None
    return Parts((step, _alter(mark)), kind.strip(), low)


def symbol(chord: Parts) -> str:
    """Return the symbol with these parts."""
    text = _root(chord.root) + chord.kind
    return f"{text}/{_root(chord.bass)}" if chord.bass else text


def short_kind(name: str) -> str | None:
    """Return the ending that stands for one of MusicXML's kinds, None for one that has none."""
    return next((short for short, long in KINDS.items() if long == name), None)


def _alter(mark: str) -> int:
    return mark.count("#") - mark.count("b")


def _root(root: tuple[str, int]) -> str:
    step, alter = root
    return step + ("#" * alter if alter > 0 else "b" * -alter)
