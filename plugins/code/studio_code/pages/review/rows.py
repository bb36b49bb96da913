"""The rows of a review: heads of hunks, lines as they were and would be, folds. Knows no Qt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum

from studio_code.pages.review.hunks import Change, Hunk
from studio_code.pages.review.intraline import Span, differences

CONTEXT = 3
"""Lines around a hunk that are always in view."""
_MIN_FOLD = 4
MAX_CHARS = 2_000
"""Of one line; what comes after is not drawn."""

Run = tuple[int, int, str]
"""Start and length within a line, and the colour's name in the theme."""


class Sort(Enum):
    """Kind of a row."""

    HEAD = "head"
    FOLD = "fold"
    SAME = "same"
    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        number: Of the line, from 1: in the present text, or for ``NEW`` in the proposed one; for
            ``FOLD`` the first line that is folded.
        hunk: Index of its hunk; -1 for lines that stay.
        spans: What differs within the line.
        runs: Its colours.
        count: Lines that a fold hides.
        ends: False for a last line without a newline.
    """

    sort: Sort
    text: str = ""
    number: int = 0
    hunk: int = -1
    spans: Sequence[Span] = ()
    runs: Sequence[Run] = ()
    count: int = 0
    ends: bool = True


@dataclass(frozen=True)
class Table:
    """Rows with summary values for a view.

    Attributes:
        heads: Indices of the header rows, in the order of the hunks.
        longest: Characters of the longest row, tabs as four.
        largest: Largest line number.
    """

    rows: Sequence[Row] = ()
    heads: Sequence[int] = ()
    longest: int = 0
    largest: int = 1


@dataclass
class Colors:
    """The runs of each line of both texts; empty until they are known."""

    old: list[list[Run]] = field(default_factory=list)
    new: list[list[Run]] = field(default_factory=list)


def lay_out(change: Change, colors: Colors, opened: Collection[int] = ()) -> Table:
    """Return the rows of a change.

    Args:
        opened: First lines of folds that the user opened.
    """
    rows = _rows(change, colors, opened)
    return Table(
        rows,
        [number for number, row in enumerate(rows) if row.sort is Sort.HEAD],
        max((len(row.text) + 3 * row.text.count("\t") for row in rows), default=0),
        max((row.number for row in rows), default=1),
    )


def _rows(change: Change, colors: Colors, opened: Collection[int]) -> list[Row]:
    rows: list[Row] = []
    at, shift = 0, 0
    for index, hunk in enumerate(change.hunks):
        rows += _same(change, colors, at, hunk.start, opened, tail=index > 0)
        rows.append(Row(Sort.HEAD, number=hunk.start + 1, hunk=index))
        rows += _lines(hunk, index, shift, colors)
        at = hunk.end
        shift += len(hunk.new) - len(hunk.old) if hunk.fits else 0
    rows += _same(change, colors, at, len(change.lines), opened, tail=bool(change.hunks), end=True)
    return rows


def _lines(hunk: Hunk, index: int, shift: int, colors: Colors) -> list[Row]:
    old = hunk.old if hunk.fits else ()
    left, right = differences(old, hunk.new)
    first = hunk.start + shift
    return [
        *(
            _line(Sort.OLD, line, hunk.start + n, index, left.get(n, ()), colors.old)
            for n, line in enumerate(old)
        ),
        *(
            _line(
                Sort.NEW, line, first + n, index, right.get(n, ()), colors.new if hunk.fits else []
            )
            for n, line in enumerate(hunk.new)
        ),
    ]


def _same(
    change: Change,
    colors: Colors,
    start: int,
    stop: int,
    opened: Collection[int],
    *,
    tail: bool,
    end: bool = False,
) -> list[Row]:
    """Return lines that stay, folded but for those next to a hunk."""
    above = CONTEXT if tail else 0
    below = 0 if end else CONTEXT
    first, last = start + above, stop - below
    if last - first < _MIN_FOLD or first in opened:
        first = last = stop
    shown = [*range(start, first)], [*range(last, stop)]
    rows = [_line(Sort.SAME, change.lines[n], n, -1, (), colors.old) for n in shown[0]]
    if first < last:
        rows.append(Row(Sort.FOLD, number=first, count=last - first))
    rows += [_line(Sort.SAME, change.lines[n], n, -1, (), colors.old) for n in shown[1]]
    return rows


def _line(
    sort: Sort, line: str, number: int, hunk: int, spans: Sequence[Span], runs: list[list[Run]]
) -> Row:
    text = line.rstrip("\r\n")
    return Row(
        sort,
        text[:MAX_CHARS],
        number + 1,
        hunk,
        spans,
        runs[number] if number < len(runs) else (),
        ends=line.endswith("\n"),
    )
