"""Where in the text of a TOML file a value stands. Parses nothing: the file was read before."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*(\[{1,2})\s*([\w.\"-]+)\s*\]{1,2}\s*(?:#.*)?$")

Place = Sequence[str | int]
"""Keys and numbers that lead to a value: ``("tasks", 1, "title")``."""


def line_of(text: str, place: Place) -> int:
    """Return the line of the value at ``place``, counted from 1; that of its table if it has none.

    Inline tables are followed as far as their keys go: the n-th of a list is the one that has the
    n-th such key. 0 if nothing of it is there.
    """
    names = [str(part) for part in place if isinstance(part, str)]
    numbers = [part for part in place if isinstance(part, int)]
    if not names:
        return 0
    start, depth = _table(text, names, numbers)
    lines = text.splitlines()
    wanted = names[depth:]
    if not wanted:
        return start
    end = next((n for n in range(start, len(lines)) if _HEADER.match(lines[n])), len(lines))
    number = numbers[0] if numbers and depth == 0 else 0
    line = _key_line(lines, start, end, wanted[0], 0)
    for name in wanted[1:]:
        line = _key_line(lines, max(line - 1, 0), end, name, number) or line
    return line or start


def _table(text: str, names: Sequence[str], numbers: Sequence[int]) -> tuple[int, int]:
    """Return the line of the deepest table with a header of its own on the way, and its depth."""
    best, seen = (0, 0), 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not (header := _HEADER.match(line)):
            continue
        parts = header[2].replace('"', "").split(".")
        if parts == list(names[: len(parts)]) and len(parts) >= best[1]:
            is_list, wanted = header[1] == "[[", numbers[0] if numbers else 0
            if not is_list or seen == wanted:
                best = (number, len(parts))
            seen += is_list
    return best


def _key_line(lines: Sequence[str], start: int, end: int, name: str, number: int) -> int:
    """Return the line between two where the key ``name`` stands for the ``number``-th time."""
    key = re.compile(rf"(?:^|[{{,\s])\"?{re.escape(name)}\"?\s*=")
    for at in range(start, end):
        for _ in key.finditer(lines[at].partition("#")[0]):
            if number == 0:
                return at + 1
            number -= 1
    return 0
