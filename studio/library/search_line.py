"""Editing a search line: completing the input, and writing a term into it. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studio.library.search_query import FIELDS, STARRED, Term, terms_of
from studio.protocol.errors import StudioError


def terms_in(line: str) -> tuple[Term, ...]:
    """Return the terms of a line that may be half typed; none of one that is too long."""
    try:
        return terms_of(line)
    except StudioError:
        return ()


def has(line: str, field: str, value: str = "") -> bool:
    """Whether a line asks for a value of a field."""
    return any(
        term.field == field
        and not term.negated
        and (not value or value.casefold() in map(str.casefold, term.values))
        for term in terms_in(line)
    )


def put(line: str, field: str, value: str = "", *, on: bool = True, alone: bool = False) -> str:
    """Return the line with a value asked for, or no longer.

    Args:
        alone: Instead of what was asked of the field; else beside it, any of them will do.
    """
    if has(line, field, value) is on and not (alone and on):
        return line
    values: list[str] = []
    for term in reversed([t for t in terms_in(line) if t.field == field and not t.negated]):
        values = [*term.values, *values]
        line = f"{line[: term.start].rstrip()} {line[term.end :].lstrip()}".strip()
    if not value:
        return f"{line} {field}".strip() if on else line
    others = [] if alone else [item for item in values if item.casefold() != value.casefold()]
    wanted = [*others, value] if on else others
    return f"{line} {field}:{','.join(map(written, wanted))}".strip() if wanted else line


def written(value: str) -> str:
    """Return a value as it is typed: in quotation marks where it needs them."""
    return f'"{value}"' if not value or set(value) & set(' ,"') else value


def completions(
    line: str, cursor: int, words: Mapping[str, Sequence[str]]
) -> tuple[str, list[str]]:
    """Return the field whose values complete the term at the cursor, and the completions.

    Args:
        words: Field → its values; of the empty field the names of parameters.
    """
    _, piece = _piece(line, cursor)
    piece = piece.removeprefix("-")
    name, colon, begun = piece.partition(":")
    if colon:
        done, _, begun = begun.rpartition(",")
        wanted = begun.strip('"').casefold()
        values = [candidate for candidate in words.get(name, ()) if wanted in candidate.casefold()]
        values.sort(key=lambda candidate: not candidate.casefold().startswith(wanted))
        before = f"{name}:{done}," if done else f"{name}:"
        exact = [candidate for candidate in values if candidate.casefold() == wanted]
        return name, [] if exact else [before + written(candidate) for candidate in values]
    if not piece or '"' in piece:
        return "", []
    wanted = piece.casefold()
    names = [*(f"{field}:" for field in FIELDS), STARRED, *(f"{n}:" for n in words.get("", ()))]
    return "", [
        candidate
        for candidate in names
        if candidate.casefold().startswith(wanted) and candidate != piece
    ]


def completed(line: str, cursor: int, offer: str) -> tuple[str, int]:
    """Return the line with ``offer`` for the term at the cursor, and the cursor after it."""
    start, piece = _piece(line, cursor)
    sign = "-" if piece.startswith("-") else ""
    end = "" if offer.endswith(":") else " "
    before = line[:start] + sign + offer + end
    return before + line[cursor:].lstrip(), len(before)


def _piece(line: str, cursor: int) -> tuple[int, str]:
    """Return where the term before the cursor begins, and it."""
    start, quoted = 0, False
    for place, letter in enumerate(line[:cursor]):
        quoted ^= letter == '"'
        if letter.isspace() and not quoted:
            start = place + 1
    return start, line[start:cursor]
