"""Which bracket belongs to the one at the cursor. Pure functions over lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

PAIRS = {"(": ")", "[": "]", "{": "}"}
_OPENS = {close: open_ for open_, close in PAIRS.items()}
MOST_LINES = 2_000
"""Further away nobody sees both."""

Place = tuple[int, int]
"""Line and column, from 0."""


def partner(
    line_at: Callable[[int], str | None],
    quoted: Callable[[int, int], bool],
    line: int,
    column: int,
) -> tuple[Place, Place | None] | None:
    """Return the bracket beside the cursor and its partner (None if it has none).

    Args:
        line_at: Returns a line's text; None beyond the ends.
        quoted: Whether a place is inside a string or a comment.
    """
    text = line_at(line) or ""
    for at in (column - 1, column):
        if 0 <= at < len(text) and (text[at] in PAIRS or text[at] in _OPENS):
            if quoted(line, at):
                return None
            return (line, at), _search(line_at, quoted, line, at, text[at])
    return None


def _search(
    line_at: Callable[[int], str | None],
    quoted: Callable[[int, int], bool],
    line: int,
    column: int,
    mark: str,
) -> Place | None:
    forward = mark in PAIRS
    other = PAIRS[mark] if forward else _OPENS[mark]
    depth, step = 0, 1 if forward else -1
    for number in range(line, line + step * MOST_LINES, step):
        text = line_at(number)
        if text is None:
            return None
        for at in _columns(text, column if number == line else None, forward):
            if text[at] not in (mark, other) or quoted(number, at):
                continue
            depth += 1 if text[at] == mark else -1
            if depth == 0:
                return number, at
    return None


def _columns(text: str, start: int | None, forward: bool) -> Sequence[int]:
    if forward:
        return range(start or 0, len(text))
    return range(len(text) - 1 if start is None else start, -1, -1)
