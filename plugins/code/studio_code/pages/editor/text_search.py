"""Finding and replacing in a text, bounded: no pattern holds anything up. Not for the window.

``regex`` and not ``re``: it ends a search after a time, and lets other threads run meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studio.api import BadInput

MOST = 10_000
"""Places that are shown and counted."""
SECONDS = 1.5
LONGEST = 2_000


@dataclass(frozen=True)
class Query:
    """Search text and options."""

    words: str
    case: bool = False
    whole: bool = False
    pattern: bool = False


def find_all(text: str, query: Query) -> list[tuple[int, int]]:
    """Return (start, end) of each place, as Qt counts; at most ``MOST``.

    Raises:
        StudioError: The pattern is none, or takes too long.
    """
    if not query.words:
        return []
    ranges = []
    try:
        for match in compiled(query).finditer(text, timeout=SECONDS, concurrent=True):
            if match.end() > match.start():
                ranges.append(match.span())
            if len(ranges) == MOST:
                break
    except TimeoutError as error:
        raise too_slow() from error
    return ranges if text.isascii() else _as_qt_counts(text, ranges)


def replace_all(text: str, query: Query, by: str) -> tuple[str, int]:
    """Return the text with every place replaced, and how many there were.

    Raises:
        StudioError: The pattern is none, takes too long, or the replacement names no group.
    """
    count = 0

    def put(match: Any) -> str:
        nonlocal count
        if match.end() == match.start():  # no place that was found
            return ""
        count += 1
        return _filled(match, query, by)

    try:
        return compiled(query).sub(put, text, timeout=SECONDS, concurrent=True), count
    except TimeoutError as error:
        raise too_slow() from error


def replaced(text: str, start: int, query: Query, by: str) -> str | None:
    """Return the replacement of the match at ``start`` in UTF-16 units; None if there is none.

    Raises:
        StudioError: As ``replace_all``.
    """
    if not text.isascii():
        start = len(text.encode("utf-16-le")[: 2 * start].decode("utf-16-le"))
    try:
        match = compiled(query).match(text, start, timeout=SECONDS, concurrent=True)
    except TimeoutError as error:
        raise too_slow() from error
    return None if match is None else _filled(match, query, by)


def _filled(match: Any, query: Query, by: str) -> str:
    r"""Return the replacement of a match: for a pattern, ``\1`` is its first group."""
    import regex

    try:
        return str(match.expand(by)) if query.pattern else by
    except (regex.error, IndexError) as error:
        raise _bad(error, "replacement") from error


def compiled(query: Query) -> Any:
    """Return the compiled pattern of a query.

    Raises:
        StudioError: The pattern is invalid or too long.
    """
    import regex

    if len(query.words) > LONGEST:
        raise BadInput(f"What to look for may have up to {LONGEST:,} characters.")
    words = query.words if query.pattern else regex.escape(query.words)
    if query.whole:
        words = rf"(?<!\w)(?:{words})(?!\w)"
    flags = regex.MULTILINE | (0 if query.case else regex.IGNORECASE)
    try:
        return regex.compile(words, flags)
    except (regex.error, OverflowError, RecursionError) as error:
        raise _bad(error, "pattern") from error


def _bad(error: Exception, what: str) -> BadInput:
    return BadInput(
        f"This is not a regular expression: {error}.", f"Mend the {what}, or look for the words."
    )


def too_slow() -> BadInput:
    """Return why a search was ended."""
    return BadInput(
        "This pattern takes too long on this text, so the search was ended.",
        "Make it simpler: repeats inside repeats are slow.",
    )


def _as_qt_counts(text: str, places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Characters above U+FFFF count as two in Qt."""
    at, units, result = 0, 0, []
    for start, end in places:
        units += _units(text[at:start])
        wide = _units(text[start:end])
        result.append((units, units + wide))
        at, units = end, units + wide
    return result


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
