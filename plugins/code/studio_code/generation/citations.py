"""Where the code lies that an answer speaks of: places it names, definitions of its words. Pure.

Small models count no lines. What they name is looked up, so that every place is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from studio_code.folder.outline import parts
from studio_code.source import Source

MOST: Final = 8
_PLACE: Final = re.compile(r"([\w./-]+\.\w{1,5}):(\d{1,6})\b")
_NAMED: Final = re.compile(r"`([A-Za-z_][\w.]*)(?:\([^`\n]*\))?`|\b([A-Za-z_]\w*)\(\)")
_FENCED: Final = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Citation:
    """A place that an answer speaks of.

    Attributes:
        line: From 1.
        name: What is defined there; empty for a place that the answer names itself.
    """

    path: str
    line: int
    name: str = ""


def citations(answer: str, files: Sequence[Source]) -> list[Citation]:
    """Return the places of ``files`` that an answer speaks of, in its order; at most ``MOST``."""
    prose = _FENCED.sub("", answer)
    lengths = {file.path: file.text.count("\n") + 1 for file in files}
    defined = _defined(files)
    counts: dict[Citation, int] = {}
    for match in _PLACE.finditer(prose):
        path, line = _known(match[1], files), int(match[2])
        if path and 1 <= line <= lengths[path]:
            counts.setdefault(Citation(path, line), match.start())
    for match in _NAMED.finditer(prose):
        if place := defined.get(match[1] or match[2]):
            counts.setdefault(place, match.start())
    return sorted(counts, key=lambda place: counts[place])[:MOST]


def _known(name: str, files: Sequence[Source]) -> str:
    same = [file.path for file in files if file.path == name]
    ends = [file.path for file in files if PurePosixPath(file.path).name == name]
    return same[0] if same else ends[0] if len(ends) == 1 else ""


def _defined(files: Sequence[Source]) -> dict[str, Citation]:
    """Return name → place, of whole and of last names; a name of several places is none."""
    result: dict[str, Citation] = {}
    several: set[str] = set()
    for source in files:
        for part in parts(source.text, source.language.id):
            place = Citation(source.path, part.first, part.name)
            for name in {part.name, part.name.rpartition(".")[2]}:
                if name in result:
                    several.add(name)
                result.setdefault(name, place)
    return {name: place for name, place in result.items() if name not in several}
