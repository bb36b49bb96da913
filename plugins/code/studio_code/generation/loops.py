"""Detect from the text alone that a model repeats itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_SAME_LINES: Final = 4
"""So many identical lines among the last ``_LAST_LINES`` of tests are a loop."""
_LAST_LINES: Final = 24
_SHORTEST: Final = 12
"""Characters of a line that counts: brackets and ``pass`` come again in honest code."""
_LONGEST_BLOCK: Final = 16
_ROUNDS, _ROUNDS_OF_ONE = 4, 8
"""Lines that come again, one below the other, so many times: honest code has no such."""
_TAIL: Final = 400
_PERIOD: Final = re.compile(r"(.{1,50}?)\1{7,}\Z", re.DOTALL)
_LONGEST_RULE: Final = 160
"""Characters: a line of dashes, or the indent of one that begins, is no loop."""


def repeats(text: str) -> bool:
    """Return whether the end of a text is the same lines, or signs, again and again."""
    lines = text.split("\n")[:-1]
    if _block_at_the_end(lines):
        return True
    tail = text[-_TAIL:]
    match = _PERIOD.search(tail) if len(tail) == _TAIL and tail.strip() else None
    return match is not None and len(match[0]) > _LONGEST_RULE


def repeats_a_line(text: str) -> bool:
    """Return the same of tests, of which each is a line of its own: four alike are enough."""
    lines = [line.strip() for line in text.split("\n")[:-1]]
    last = next((line for line in reversed(lines) if line), "")
    same = lines[-_LAST_LINES:].count(last)
    return (len(last) >= _SHORTEST and same >= _SAME_LINES) or repeats(text)


def before_repeating(text: str) -> str:
    """Return the text up to the first time that its last whole line, or block, came again."""
    lines = text.split("\n")[:-1]
    if size := _block_at_the_end(lines):
        block, start = lines[-size:], len(lines) - size
        while start >= size and lines[start - size : start] == block:
            start -= size
        return "\n".join([*lines[: start + size], ""])
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    places = [number for number, line in enumerate(lines) if line.strip() == last]
    unique = lines[: places[1]] if len(places) > 1 else lines
    return "\n".join([*unique, ""])


def _block_at_the_end(lines: Sequence[str]) -> int:
    """Return how many lines come again and again at the end; 0 where none do."""
    for size in range(1, _LONGEST_BLOCK + 1):
        rounds = _ROUNDS if size > 1 else _ROUNDS_OF_ONE
        block, tail = list(lines[-size:]), list(lines[-size * rounds :])
        if tail == block * rounds and any(len(line.strip()) >= _SHORTEST for line in block):
            return size
    return 0
