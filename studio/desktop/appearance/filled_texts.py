"""Translates texts that code has filled in: of an error from another process only words are left.

They are found in a catalogue by their patterns, ``{name} is not in the library.``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache

from PySide6.QtCore import QLocale

from studio.api.window.figures import localised

_PLACE = re.compile(r"\{(\w+)\}")
_END = re.compile(r"(?<=[.!?…]) +")
_FIGURES = re.compile(r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?: ?[A-Za-zµ°%]+)?")
_QUOTED = re.compile(r"“([^“”]*)”")
_FEWEST_LETTERS = 12
"""Of a pattern: in one that is hardly more than its places, each holds a word or a known text."""
_LONGEST = 600
_REMEMBERED = 500
_DEEPEST = 3
"""So often a place may hold a text with places."""


class FilledTexts:
    """The texts of a catalogue, found by what they are once their places are filled.

    Args:
        translations: English → translation.

    Attributes:
        translate: Returns a text, one or several sentences, in that language; itself where it is
            unknown.
    """

    def __init__(self, translations: Mapping[str, str]) -> None:
        self._translations = translations
        self.translate = lru_cache(_REMEMBERED)(self._translation)

    def _translation(self, text: str) -> str:
        return self._text(text, _DEEPEST) if len(text) <= _LONGEST else text

    def _text(self, text: str, depth: int) -> str:
        """Translate whole sentences before texts whose places hold sentences."""
        return (
            self._one(text, depth, across=False)
            or self._sentences(text, depth)
            or self._one(text, depth, across=True)
            or text
        )

    def _sentences(self, text: str, depth: int) -> str | None:
        """Translate the longest beginning that is known, and what follows by itself."""
        for end in reversed([*_END.finditer(text)]):
            if translation := self._one(text[: end.start()], depth, across=False):
                return f"{translation} {self._text(text[end.end() :], depth)}"
        return None

    def _one(self, text: str, depth: int, *, across: bool) -> str | None:
        """Translate by a pattern; ``across``: whose places may hold the end of a sentence."""
        if translation := self._translations.get(text):
            return translation
        for pattern, parts in self._patterns:
            if not all(part in text for part in parts):
                continue
            match = _regex(pattern).fullmatch(text)
            if match and (values := self._values(match, "".join(parts), depth, across=across)):
                return _filled(self._translations[pattern], values)
        return None

    def _values(
        self, match: re.Match[str], between: str, depth: int, *, across: bool
    ) -> dict[str, str] | None:
        """Translate what the places hold; None where the pattern is not that of this text."""
        places = match.groupdict()
        letters = sum(map(str.isalpha, between))
        if not letters or (not across and any(map(_END.search, places.values()))):
            return None
        values = {name: self._value(value, depth) for name, value in places.items()}
        is_sure = letters >= _FEWEST_LETTERS or not any(
            " " in value and values[name] == value for name, value in places.items()
        )
        return values if is_sure else None

    def _value(self, value: str, depth: int) -> str:
        if _FIGURES.fullmatch(value):
            return localised(value)
        if quoted := _QUOTED.fullmatch(value):
            return QLocale().quoteString(quoted[1])
        return self._text(value, depth - 1) if depth and value else value

    @cached_property
    def _patterns(self) -> list[tuple[str, list[str]]]:
        """Each pattern with what it has between its places, the most particular first."""
        patterns = [
            (text, _PLACE.split(text)[::2]) for text in self._translations if _PLACE.search(text)
        ]
        patterns.sort(key=lambda entry: -sum(map(len, entry[1])))
        return patterns


def _filled(translation: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), translation)


def _regex(pattern: str) -> re.Pattern[str]:
    """Return an expression for a pattern; a place that comes again has the same value."""
    pieces, names = _PLACE.split(pattern), set[str]()
    for number in range(1, len(pieces), 2):
        name = pieces[number]
        pieces[number] = f"(?P={name})" if name in names else f"(?P<{name}>.*?)"
        names.add(name)
        pieces[number - 1] = re.escape(pieces[number - 1])
    pieces[-1] = re.escape(pieces[-1])
    return re.compile("".join(pieces), re.DOTALL)
