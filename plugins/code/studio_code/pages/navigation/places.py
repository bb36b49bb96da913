"""Places in the files of a folder: text that was searched for, definitions, references.

Reads the disk, bounded; not for the window's thread.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from studio.api import BadInput
from studio_code import languages, source, syntax
from studio_code.folder.outline import parts
from studio_code.pages.editor.text_search import SECONDS, Query, compiled, too_slow
from studio_code.pages.files.folder_listing import walk

MOST: Final = 2000
"""Places that are listed."""
_ALL_SECONDS: Final = 10.0
_SHOWN: Final = 200
"""Characters of a line that are shown."""


@dataclass(frozen=True)
class Place:
    """A line of a file.

    Attributes:
        line, column: From 1.
        words: The line, or what is to be said of it.
    """

    path: str
    line: int
    column: int
    words: str


@dataclass(frozen=True)
class Found:
    """Search result.

    Attributes:
        cut: Whether it is incomplete: too many places, or a timeout.
    """

    places: tuple[Place, ...] = ()
    cut: bool = False


def search(root: Path, query: Query, opened: Mapping[str, str]) -> Found:
    """Return the places in the folder's files that match a text or regular expression.

    Args:
        opened: Path → text of open files, which take precedence over the disk.

    Raises:
        StudioError: The regular expression is invalid, or takes too long on one file.
    """
    if not query.words:
        return Found()
    pattern = compiled(query)
    places: list[Place] = []
    end = time.monotonic() + _ALL_SECONDS
    for path, text in _texts(root, opened):
        if time.monotonic() > end:
            return Found(tuple(places), cut=True)
        try:
            for match in pattern.finditer(text, timeout=SECONDS, concurrent=True):
                if match.end() == match.start():
                    continue
                places.append(_place(path, text, match.start()))
                if len(places) == MOST:
                    return Found(tuple(places), cut=True)
        except TimeoutError as error:
            raise too_slow() from error
    return Found(tuple(places))


def definitions(root: Path, name: str, opened: Mapping[str, str], here: str = "") -> Found:
    """Return where ``name`` is defined: those of the file ``here`` first."""
    places: list[Place] = []
    end = time.monotonic() + _ALL_SECONDS
    value = re.compile(rf"^{re.escape(name)}\s*(?::[^=\n]+)?=(?!=)", re.MULTILINE)
    for path, text in _texts(root, opened, name):
        if time.monotonic() > end or len(places) >= MOST:
            return Found(_first(places, here), cut=True)
        lines = text.split("\n")
        language = languages.of_path(path).id
        for part in parts(text, language):
            if part.name.rpartition(".")[2] == name:
                line = _line_of(lines, part.first, part.last, name)
                places.append(Place(path, line, 1, part.header[:_SHOWN]))
        if language == "python":
            places += [_place(path, text, match.start()) for match in value.finditer(text)]
    return Found(_first(places, here))


def references(root: Path, name: str, opened: Mapping[str, str], here: str = "") -> Found:
    """Return where ``name`` stands as a name of code; whose name it is, is not looked at."""
    places: list[Place] = []
    end = time.monotonic() + _ALL_SECONDS
    for path, text in _texts(root, opened, name):
        if time.monotonic() > end or len(places) >= MOST:
            return Found(_first(places, here), cut=True)
        lines = text.split("\n")
        language = languages.of_path(path).id
        places += [
            Place(path, line, column, lines[line - 1].strip()[:_SHOWN])
            for line, column in syntax.identifiers(text, language, name)
        ]
    return Found(_first(places[:MOST], here))


def _first(places: list[Place], here: str) -> tuple[Place, ...]:
    return tuple(sorted(places, key=lambda place: place.path != here))


def _line_of(lines: list[str], first: int, last: int, name: str) -> int:
    """Return the line of a definition on which its name stands: below its decorators."""
    for number in range(first, min(last, len(lines)) + 1):
        if re.search(rf"\b{re.escape(name)}\b", lines[number - 1]):
            return number
    return first


def _place(path: str, text: str, at: int) -> Place:
    start = text.rfind("\n", 0, at) + 1
    stop = text.find("\n", at)
    line = text[start : stop if stop >= 0 else len(text)]
    return Place(path, text.count("\n", 0, at) + 1, at - start + 1, line.strip()[:_SHOWN])


def _texts(root: Path, opened: Mapping[str, str], word: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, text) of the files that are text, those with ``word`` in them."""
    unread = dict(opened)
    for path in walk(root):
        text = unread.pop(path, None)
        if text is None:
            try:
                text = source.read(root / path)
            except BadInput:
                continue  # a picture, or too large: no place to look for words
        if word in text:
            yield path, text
    yield from ((path, text) for path, text in unread.items() if word in text)
