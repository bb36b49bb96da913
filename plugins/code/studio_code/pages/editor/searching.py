"""Finding and replacing in a text, bounded: no pattern holds anything up. Not for the window.

``regex`` and not ``re``: it ends a search after a time, and lets other threads run meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from studio.api import BadInput

MOST = 10_000
"""Places that are shown and counted."""
SECONDS = 1.5
LONGEST = 2_000


@dataclass(frozen=True)
class Query:
    """What to look for, and how."""

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
    found = []
    try:
        for match in _compiled(query).finditer(text, timeout=SECONDS, concurrent=True):
            if match.end() > match.start():
                found.append(match.span())
            if len(found) == MOST:
                break
    except TimeoutError as error:
        raise _too_slow() from error
    return found if text.isascii() else _as_qt_counts(text, found)


def replace_all(text: str, query: Query, by: str) -> tuple[str, int]:
    """Return the text with every place replaced, and how many there were.

    Raises:
        StudioError: The pattern is none, takes too long, or the replacement names no group.
    """
    import regex

    try:
        return _compiled(query).subn(
            by if query.pattern else lambda _match: by, text, timeout=SECONDS, concurrent=True
        )
    except TimeoutError as error:
        raise _too_slow() from error
    except (regex.error, IndexError) as error:
        raise _bad(error, "replacement") from error


def replaced(part: str, query: Query, by: str) -> str:
    """Return what one place becomes.

    Raises:
        StudioError: As ``replace_all``.
    """
    return replace_all(part, query, by)[0] if query.pattern else by


def _compiled(query: Query):  # type: ignore[no-untyped-def]
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
        f"This is no regular expression: {error}.", f"Mend the {what}, or look for the words."
    )


def _too_slow() -> BadInput:
    return BadInput(
        "This pattern takes too long on this text, so the search was ended.",
        "Make it simpler: repeats inside repeats are slow.",
    )


def _as_qt_counts(text: str, places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Characters above U+FFFF count as two in Qt."""
    at, units, found = 0, 0, []
    for start, end in places:
        units += _units(text[at:start])
        wide = _units(text[start:end])
        found.append((units, units + wide))
        at, units = end, units + wide
    return found


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
