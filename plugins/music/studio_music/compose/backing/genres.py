"""The genres: patterns and instruments, read from the readable files beside this module."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from studio_music.compose.backing.pattern_notation import Rows, fitted, is_compound
from studio_music.score.piece import Metre

GENRES: Final = (
    "folk",
    "pop",
    "rock",
    "jazz",
    "bossa",
    "waltz",
    "march",
    "ballad",
    "electronic",
    "funk",
    "blues",
    "reggae",
    "ambient",
    "orchestral",
    "battle",
    "suspense",
    "chiptune",
    "tango",
    "gospel",
)
FILL: Final = "fill"
"""The part that leads to the next phrase; the other parts are what it plays between."""


class Seat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one player of the backing is heard."""

    program: int = 0
    volume: float = 0.6
    pan: float = 0.0


class Genre(msgspec.Struct, frozen=True):
    """A genre.

    Attributes:
        colour: "triads" or "sevenths".
        tempo: Quarter notes a minute where nothing else says. ``pace``: notes a second of its
            tunes; 0 leaves it open.
        swing: Half beats of a tune come late. ``push``: how often a note on a strong beat comes
            half a beat early.
        melody: Programs that suit the tune, the best first.
        parts: Metre → part → its bars, which are played in turn.
    """

    title: str
    colour: str
    melody: tuple[int, ...]
    chords: Seat
    bass: Seat
    drums: Seat
    tempo: float
    parts: dict[Metre, dict[str, tuple[Rows, ...]]]
    pace: float = 0.0
    swing: bool = False
    push: float = 0.0

    def parts_in(self, metre: Metre) -> dict[str, tuple[Rows, ...]]:
        """Return the parts in ``metre``: as they are written, or fitted by rule."""
        if metre in self.parts:
            return self.parts[metre]
        written = self._nearest(metre)
        return {
            part: tuple(fitted(rows, written, metre) for rows in bars)
            for part, bars in self.parts[written].items()
        }

    def _nearest(self, metre: Metre) -> Metre:
        """Return the written metre that ``metre`` is most like."""
        compound = Metre(6, 8)
        return compound if is_compound(metre) and compound in self.parts else Metre(4, 4)


@cache
def genre_of(name: str) -> Genre:
    """Return the genre of this name.

    Raises:
        KeyError: There is none.
    """
    if name not in GENRES:
        raise KeyError(name)
    text = files(__package__).joinpath("genres", f"{name}.toml").read_text(encoding="utf-8")
    values = tomllib.loads(text)
    bars = values.pop("bar")
    return msgspec.structs.replace(
        msgspec.convert({**values, "parts": {}}, Genre), parts=_parts(bars)
    )


def _parts(bars: list[dict[str, Any]]) -> dict[Metre, dict[str, tuple[Rows, ...]]]:
    parts: dict[Metre, dict[str, tuple[Rows, ...]]] = {}
    for rows in bars:
        beats, unit = map(int, rows.pop("metre").split("/"))
        there = parts.setdefault(Metre(beats, unit), {})
        part = rows.pop("part")
        there[part] = (*there.get(part, ()), rows)
    return parts
