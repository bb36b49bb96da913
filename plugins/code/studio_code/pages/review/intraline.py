"""Which characters differ between lines that replace each other. Knows no Qt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

Span = tuple[int, int]
"""Start and length within a line."""

_WORD = re.compile(r"\w+|\s+|.")
_MAX_LINE = 400
_MAX_LINES = 60
_ALIKE = 0.5
"""Lines that share less than this are other lines, not changed ones: nothing is marked in them."""


def differences(
    old: Sequence[str], new: Sequence[str]
) -> tuple[dict[int, list[Span]], dict[int, list[Span]]]:
    """Return what differs in the old and in the new lines, by their number within the hunk."""
    left: dict[int, list[Span]] = {}
    right: dict[int, list[Span]] = {}
    for i, j in _pairs(old, new):
        pair = line_differences(old[i], new[j])
        if pair is not None:
            left[i], right[j] = pair
    return left, right


def line_differences(old: str, new: str) -> tuple[list[Span], list[Span]] | None:
    """Return the spans that differ, or None where the lines have too little in common."""
    old, new = old.rstrip("\r\n"), new.rstrip("\r\n")
    if max(len(old), len(new)) > _MAX_LINE:
        return None
    before, after = _WORD.findall(old), _WORD.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    blocks = matcher.get_matching_blocks()
    same = sum(len("".join(before[b.a : b.a + b.size]).strip()) for b in blocks)
    if same < _ALIKE * max(1, min(len(old.strip()), len(new.strip()))):
        return None
    return _gaps(before, [(b.a, b.size) for b in blocks]), _gaps(
        after, [(b.b, b.size) for b in blocks]
    )


def _pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return which old line became which new one, both in order."""
    if max(len(old), len(new)) > _MAX_LINES:
        return []
    if len(old) == len(new):
        return [(n, n) for n in range(len(old))]
    pairs: list[tuple[int, int]] = []
    at = 0
    for i, line in enumerate(old):
        shares = [(_likeness(line, new[j]), -j) for j in range(at, len(new))]
        best, place = max(shares, default=(0.0, 0))
        if best >= _ALIKE:
            pairs.append((i, -place))
            at = -place + 1
    return pairs


def _likeness(one: str, other: str) -> float:
    """Return the share of words that two lines have in common."""
    first, second = set(re.findall(r"\w+", one)), set(re.findall(r"\w+", other))
    return len(first & second) / max(1, len(first | second))


def _gaps(words: list[str], same: list[tuple[int, int]]) -> list[Span]:
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    spans: list[Span] = []
    at = 0
    for start, size in same:
        if start > at:
            spans.append((starts[at], starts[start] - starts[at]))
        at = start + size
    return spans
