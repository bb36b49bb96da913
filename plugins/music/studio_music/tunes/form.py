"""The form of a tune: its sections of eight bars, and which bars say again what was said.

Plain data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SECTION: Final = 8
QUIET: Final = ("calm", "sad", "solemn")
"""Moods whose tunes have the form of a song, and lie lower."""


@dataclass(frozen=True)
class Bar:
    """One bar of the plan.

    Attributes:
        within: Its number in its section, from 0.
        section_left: Bars to the end of the section; 1 for its last.
        left: Bars to the end of the tune; 1 for the last.
        source: The bar that it repeats, note by note; None where it is new.
    """

    within: int
    section_left: int
    left: int
    source: int | None


def planned(bars: int, mood: str) -> tuple[Bar, ...]:
    """Return the plan of a tune of that many bars.

    Sections are repeated as songs (AABA) or dances (AABB) do; the last bar is always written anew,
    so that it can be an ending.
    """
    lengths = section_lengths(bars)
    first: dict[tuple[str, int], int] = {}
    plan: list[Bar] = []
    for letter, length in zip(letters(len(lengths), mood), lengths, strict=True):
        for within in range(length):
            number = len(plan)
            source = first.setdefault((letter, within), number)
            again = source != number and number != bars - 1
            plan.append(Bar(within, length - within, bars - number, source if again else None))
    return tuple(plan)


def section_lengths(bars: int) -> list[int]:
    """Return how many bars each section has: eight, and what is left over; none of one or two."""
    full, rest = divmod(bars, SECTION)
    if full and rest in (1, 2):
        return [SECTION] * (full - 1) + [SECTION + rest]
    return [SECTION] * full + ([rest] if rest else [])


def letters(sections: int, mood: str) -> str:
    """Return a letter for each section."""
    if sections == 4:
        return "AABA" if mood in QUIET else "AABB"
    if sections < 4:
        return "ABA"[:sections]
    pairs = "AABBCCAABBDD"
    return (pairs * (sections // len(pairs) + 1))[: sections - 1] + "A"
