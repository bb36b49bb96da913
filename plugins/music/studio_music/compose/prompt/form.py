"""The form of a piece: its sections in a row, from words such as "intro, A, B, bridge, outro"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from studio.api import BadInput
from studio_music.compose.prompt.moods import MOODS

USUAL: Final = 8
LONGEST: Final = 128
SHORT: Final = 4
_SHORT: Final = ("intro", "outro", "break")
_NAMES: Final = {
    "intro": "intro",
    "introduction": "intro",
    "outro": "outro",
    "coda": "outro",
    "ending": "outro",
    "bridge": "bridge",
    "middle": "bridge",
    "break": "break",
    "verse": "A",
    "chorus": "B",
    "refrain": "B",
    "pre-chorus": "C",
}
_MOST: Final = 24

NAMED: Final = "|".join(map(re.escape, sorted(_NAMES, key=len, reverse=True)))
"""A pattern of the words for sections."""

_ONE: Final = rf"(?:(?i:{NAMED})|[A-D]{{1,16}})"
_NEXT: Final = r"[\s,;→>–-]+(?:(?:and|then)\s+)?"
_COUNTED: Final = rf"(?:(?i:{NAMED})|[A-D])[\s:]+\d{{1,3}}(?:\s+(?i:bars?|measures?))?"
_ROW: Final = re.compile(
    rf"(?i:\bform:?\s+)?(?<![\w#♯♭]){_COUNTED}(?:{_NEXT}{_COUNTED})+(?![\w#♯♭])|"
    rf"(?i:\bform:?\s+)?(?<![\w#♯♭]){_ONE}(?:{_NEXT}{_ONE})+(?![\w#♯♭])"
    r"|(?i:\bform:?\s+)[A-D]{2,16}\b|\b(?=[A-D]*B)A[A-D]{2,15}\b"
)
_SURE: Final = 3
"""Letters in a row that are no keys: two might be."""


def said(text: str) -> str:
    """Return the first sections in a row within a request ("intro, A, B", "AABA"), or ""."""
    for row in _ROW.finditer(text):
        letters = re.sub(r"[^A-D]", "", re.sub(rf"(?i){NAMED}", "", row[0]))
        if len(letters) >= _SURE or re.search(rf"(?i)\b(?:{NAMED}|form)\b", row[0]):
            return row[0]
    return ""


class Section(msgspec.Struct, frozen=True):
    """A section: "intro", "A" … "D", "bridge", "break" or "outro", and its bars."""

    name: str
    bars: int


def sections_of(text: str, bars: int | None = None, usual: int = USUAL) -> tuple[Section, ...]:
    """Return the sections that ``text`` names, (): none. A number behind one is its bars.

    Args:
        bars: How long all of them are together, where none has a number; None for the usual.
        usual: Bars of a section with a letter.

    Raises:
        BadInput: It names something else, too many sections, or more than there are bars.
    """
    text = re.sub(r"(?i)^\s*form:?\s+", "", text)
    names: list[str] = []
    own: dict[int, int] = {}
    for word in re.findall(r"[^\s,;:→>–-]+(?:-chorus)?", text):
        if word.lower() in ("and", "then", "bar", "bars", "measure", "measures"):
            continue
        if word.isdecimal() and names:
            own[len(names) - 1] = _counted(word)
            continue
        name = _NAMES.get(word.lower())
        if name is None and not re.fullmatch(r"[A-Da-d]+", word):
            raise BadInput(
                f"“{word[:40]}” is not a section.",
                "Use intro, A, B, C, D, bridge, break and outro, for example “intro A B A outro”.",
            )
        names += [name] if name else list(word.upper())
    if len(names) > _MOST:
        raise BadInput(f"A form can have at most {_MOST} sections; this one has {len(names)}.")
    lengths = [SHORT if name in _SHORT else usual for name in names]
    if own:
        lengths = [own.get(number, length) for number, length in enumerate(lengths)]
    elif names and bars is not None:
        lengths = _fitted(lengths, bars)
    return tuple(Section(name, length) for name, length in zip(names, lengths, strict=True))


def _counted(number: str) -> int:
    bars = int(number[:5])
    if not 1 <= bars <= LONGEST:
        raise BadInput(f"A section cannot have {bars:,} bars.", f"Ask for 1 to {LONGEST}.")
    return bars


def section_named(text: str) -> str:
    """Return the section that a word or a letter stands for, "" for none."""
    text = text.strip()
    return _NAMES.get(text.lower()) or (text.upper() if re.fullmatch("[A-Da-d]", text) else "")


def _fitted(lengths: Sequence[int], bars: int) -> list[int]:
    """Return lengths in the same proportions that add up to ``bars``, none below one."""
    if bars < len(lengths):
        raise BadInput(
            f"{len(lengths)} sections do not fit into {bars} bars.",
            "Ask for more bars or fewer sections.",
        )
    total = sum(lengths)
    ends, fitted, done = 0, [], 0
    for number, length in enumerate(lengths):
        ends += length
        left = len(lengths) - number - 1
        until = min(max(round(bars * ends / total), done + 1), bars - left)
        fitted.append(until - done)
        done = until
    return fitted


def usual_form(bars: int, mood: str) -> tuple[Section, ...]:
    """Return the form of a tune of that many bars."""
    lengths = section_lengths(bars)
    names = letters(len(lengths), song=MOODS[mood].low)
    return tuple(Section(name, length) for name, length in zip(names, lengths, strict=True))


def section_lengths(bars: int) -> list[int]:
    """Return the number of bars per section: eight, and the remainder; none of one or two."""
    full, rest = divmod(bars, USUAL)
    if full and rest in (1, 2):
        return [USUAL] * (full - 1) + [USUAL + rest]
    return [USUAL] * full + ([rest] if rest else [])


def letters(sections: int, *, song: bool) -> str:
    """Return a letter for each section."""
    if sections == 4:
        return "AABA" if song else "AABB"
    if sections < 4:
        return "ABA"[:sections]
    pairs = "AABBCCAABBDD"
    return (pairs * (sections // len(pairs) + 1))[: sections - 1] + "A"
