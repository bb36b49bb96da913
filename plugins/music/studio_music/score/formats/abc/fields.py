"""The fields of ABC: keys with their modes, metres, unit lengths, tempos. Source: ABC 2.1."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final, NamedTuple

from studio_music.score.formats.pitch_spelling import signature
from studio_music.score.piece import Key, Metre

_MODES: Final = {
    "maj": 0, "ion": 0, "m": -3, "min": -3, "aeo": -3, "mix": -1, "dor": -2, "phr": -4, "lyd": 1,
    "loc": -5,
}  # fmt: skip
_MINOR: Final = ("m", "min", "aeo", "dor", "phr", "loc")
_KEY: Final = re.compile(r"([A-G])([#b♯♭]?)\s*([A-Za-z]*)")
_ACCIDENTAL: Final = re.compile(r"(?<!\S)(\^\^|\^|__|_|=)([A-Ga-g])")
_BEATS: Final = re.compile(
    r"(?<!\d)(\d{1,3}/\d{1,3}(?:\s+\d{1,3}/\d{1,3}){0,15})\s*=\s*(\d{1,5}(?:\.\d+)?)"
)
_ALTER: Final = {"^^": 2, "^": 1, "": 0, "=": 0, "_": -1, "__": -2}
_LONGEST: Final = 200  # characters of a field that are read
_LINE: Final = "FCGDAEB"


class WrittenKey(NamedTuple):
    """A key as it is written: the nearest of ours, and what its signature makes of the letters."""

    key: Key
    signature: dict[str, int]
    remark: str = ""


def alter(mark: str) -> int:
    """Return the semitones of an accidental as ABC writes it."""
    return _ALTER[mark]


def key(text: str) -> WrittenKey:
    """Return the key of a ``K:`` field; C major for what none can be found in."""
    text = text[:_LONGEST]
    if text.strip()[:2].lower() == "hp":  # the pipes: two sharps, written or not
        return WrittenKey(Key("A", "major"), signature(2))
    match = _KEY.match(text.strip())
    if not match:
        return WrittenKey(Key(), _explicit(text, signature(0)))
    tonic = match[1] + match[2].replace("♯", "#").replace("♭", "b")
    word = match[3].lower()
    mode = word if word == "m" else word[:3]
    mode = mode if mode in _MODES else "maj"
    place = _LINE.index(tonic[0]) - 1 + 7 * (tonic.count("#") - tonic[1:].count("b"))
    fifths = place + _MODES[mode]
    if not -7 <= fifths <= 7:
        return WrittenKey(Key(), signature(0), f"The key “{text[:20]}” is unknown.")
    kind = "minor" if mode in _MINOR else "major"
    nearest = Key.of_fifths(min(7, max(-7, place - 3 * (kind == "minor"))), kind)
    other = mode not in ("maj", "ion", "m", "min", "aeo")
    remark = f"{tonic} {word} is treated as {nearest}, with accidentals." if other else ""
    return WrittenKey(nearest, _explicit(text, signature(fifths)), remark)


def _explicit(text: str, letters: dict[str, int]) -> dict[str, int]:
    """Return a signature with the explicit accidentals of a field, as in ``K:D =c``."""
    if re.search(r"\bexp\b", text):
        letters = dict.fromkeys(letters, 0)
    return letters | {step.upper(): _ALTER[mark] for mark, step in _ACCIDENTAL.findall(text)}


def metre(text: str) -> Metre | None:
    """Return the metre of an ``M:`` field, None for a free one."""
    text = text[:_LONGEST].strip()
    if text.startswith("C|"):
        return Metre(2, 2)
    if text.startswith("C"):
        return Metre(4, 4)
    match = re.match(r"\(?([\d+ ]+)\)?\s*/\s*(\d+)", text)
    if not match:
        return None
    beats = sum(int(part) for part in match[1].replace(" ", "+").split("+") if part[:4].isdigit())
    unit = int(match[2][:4])
    return Metre(beats, unit) if 1 <= beats <= 32 and unit in (1, 2, 4, 8, 16, 32) else None


def unit_length(text: str) -> Fraction | None:
    """Return the length of an ``L:`` field as a part of a whole note."""
    match = re.match(r"\s*(\d{1,3})\s*/\s*(\d{1,3})", text)
    return (
        Fraction(int(match[1]), int(match[2])) if match and int(match[1]) * int(match[2]) else None
    )


def default_unit(metre_: Metre | None) -> Fraction:
    """Return the unit length where no ``L:`` says it: a sixteenth in short metres."""
    short = metre_ is not None and Fraction(metre_.beats, metre_.unit) < Fraction(3, 4)
    return Fraction(1, 16 if short else 8)


def tempo(text: str, unit: Fraction) -> float | None:
    """Return the quarter notes a minute of a ``Q:`` field."""
    text = re.sub(r'"[^"]*"', "", text[:_LONGEST])
    if match := _BEATS.search(text):
        parts = (part.split("/") for part in match[1].split())
        beat = sum(Fraction(int(above), max(1, int(below))) for above, below in parts)
        return float(beat * 4) * float(match[2])
    if match := re.search(r"(\d{1,5}(?:\.\d+)?)\s*$", text):
        return float(unit * 4) * float(match[1])
    return None
