"""Parses a description: which sound, its morph target, its qualities. English and German.

Decides by words alone, and reports the ones it did not understand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from studio_music.effects import lexicon
from studio_music.effects.catalogue import FAMILIES
from studio_music.effects.family import Family

_LONGEST_PHRASE: Final = 4
_NAME, _SYNONYM = 2, 1
_UNITS: Final = {"variation", "version", "variant", "take", "sample", "variante"}
_TIMES: Final = {"s": 1.0, "sec": 1.0, "second": 1.0, "sekunde": 1.0, "ms": 0.001}
_NUMBERS: Final = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "twenty": 20, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "zehn": 10,
    "zwanzig": 20,
}  # fmt: skip

_ENDINGS: Final = (
    ("ies", "y"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"),
    ("er", ""), ("ly", ""), ("y", ""), ("en", ""), ("e", ""),
)  # fmt: skip
"""Endings, and what stands in their place in the stem."""


@dataclass
class Described:
    """A parsed description.

    Attributes:
        sound, into: Ids of families; empty where none was named.
        changes: As in ``lexicon.Change``, added up.
        shape: Knobs of ``sound`` that were named.
        seconds, count: As described; 0 where nothing was.
        known, unknown: The words that were understood, and those that were not.
    """

    sound: str = ""
    into: str = ""
    changes: dict[str, float] = field(default_factory=dict)
    shape: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    count: int = 0
    known: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    _done: list[lexicon.Change] = field(default_factory=list)

    def change(self, by: lexicon.Change) -> None:
        """Add a change, unless a word of the same sense has: "far away" says one thing."""
        if any(by is done for done in self._done):
            return
        self._done.append(by)
        for name, value in by.items():
            if name == "length":
                self.changes[name] = self.changes.get(name, 1.0) * value
            else:
                self.changes[name] = self.changes.get(name, 0.0) + value


@dataclass(frozen=True)
class _Meant:
    """A word or phrase, and the families that it may mean."""

    words: str
    families: tuple[tuple[str, int], ...] = ()
    boundary: bool = False


def understand(text: str) -> Described:
    """Parse a description; never fails, whatever the text."""
    said = Described()
    words = re.findall(r"\d+(?:[.,]\d+)?|[^\W\d_]+(?:['’-][^\W\d_]+)*", text.lower())
    words = list(_without_numbers(words, said))
    before, after = _split(words)
    rest = _name(list(_phrases(before)), said)
    if after:
        target = Described()
        rest += _name(list(_phrases(after)), target)
        said.into = target.sound
        said.known += target.known
    for word in rest:
        _describe(word, said)
    return said


def _without_numbers(words: list[str], said: Described) -> Iterator[str]:
    """Yield the words without numbers and their units, which go into the description."""
    place = 0
    while place < len(words):
        word = words[place]
        unit = next(iter(_stems(words[place + 1])), "") if place + 1 < len(words) else ""
        units = _stems(words[place + 1]) if place + 1 < len(words) else []
        number = _NUMBERS.get(word) or _number(word)
        time = next((each for each in units if each in _TIMES), "")
        if number is not None and time:
            said.seconds = number * _TIMES[time]
        elif number is not None and any(each in _UNITS for each in units):
            said.count = round(number)
        else:
            yield word
            place += 1
            continue
        said.known.append(f"{word} {unit}")
        place += 2


def _number(word: str) -> float | None:
    return float(word.replace(",", ".")) if word[0].isdigit() else None


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Return what stands before and behind "into"."""
    for place, word in enumerate(words):
        if place and word in lexicon.MORPHS:
            behind = [each for each in words[place:] if each not in lexicon.MORPHS]
            return words[:place], behind
    return [word for word in words if word not in lexicon.MORPHS], []


def _phrases(words: list[str]) -> Iterator[_Meant]:
    """Yield words and phrases with the families that they may mean; the longest ones first."""
    place = 0
    while place < len(words):
        for size in range(min(_LONGEST_PHRASE, len(words) - place), 0, -1):
            phrase = words[place : place + size]
            found = _families(" ".join(phrase))
            if found or size == 1:
                yield _Meant(" ".join(phrase), found, phrase[0] in lexicon.HEADS_BEFORE)
                place += size
                break


def _families(phrase: str) -> tuple[tuple[str, int], ...]:
    index = _index()
    for stem in _stems(phrase):
        if stem in index:
            return index[stem]
    return ()


@cache
def _index() -> Mapping[str, tuple[tuple[str, int], ...]]:
    """Return the families of each stem, and whether it is their name or a synonym."""
    index: dict[str, dict[str, int]] = {}
    for family in FAMILIES.values():
        for stem in _stems(family.id.replace("_", " ")):
            index.setdefault(stem, {})[family.id] = _NAME
        for word in (*family.words, *lexicon.GERMAN.get(family.id, "").split(", ")):
            for stem in _stems(word):
                index.setdefault(stem, {}).setdefault(family.id, _SYNONYM)
    return {stem: tuple(found.items()) for stem, found in index.items()}


@cache
def _stems(word: str) -> list[str]:
    """Return a word as it is and without its endings: the likeliest first."""
    found = [word]
    for ending, put in _ENDINGS:
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3:
            found.append(root + put)
            if len(root) > 3 and root[-1] == root[-2]:
                found.append(root[:-1])
    return found


def _name(meant: list[_Meant], said: Described) -> list[str]:
    """Choose the family; return the other words.

    The head of "a metal door in the rain" is the last name before "in".
    """
    parts: list[list[_Meant]] = [[]]
    for each in meant:
        if each.boundary:
            parts.append([])
        parts[-1].append(each)
    head = next((part for part in parts if any(each.families for each in part)), [])
    best, highest = None, (0, 0)
    for each in head:
        level = max((level for _, level in each.families), default=0)
        rank = (level, len(each.words.split()))  # of "church bell rings" the bell is said better
        if level and rank >= highest:
            best, highest = each, rank
    if best is not None:
        said.sound = max(best.families, key=lambda found: found[1])[0]
        said.known.append(best.words)
    return [word for each in meant if each is not best for word in each.words.split()]


def _describe(word: str, said: Described) -> None:
    """Take a word that names no sound: a knob of the sound, a change, a filler, or unknown."""
    if word in lexicon.FILLERS:
        return
    knobs = _knobs(FAMILIES[said.sound]) if said.sound else {}
    for stem in _stems(word):
        if stem in knobs:
            name, value = knobs[stem]
            said.shape[name] = value
            said.known.append(word)
            return
        if stem in lexicon.CHANGES:
            said.change(lexicon.CHANGES[stem])
            said.known.append(word)
            return
    if said.sound and any(found == said.sound for found, _ in _families(word)):
        said.known.append(word)  # says the same again: "a door slam"
        return
    said.unknown.append(word)


def _knobs(family: Family) -> dict[str, tuple[str, float]]:
    return {word: (knob.name, value) for knob in family.knobs for word, value in knob.words}
