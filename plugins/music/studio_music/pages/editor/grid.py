"""Bars, beats and snapping: where lines stand in a piece, to its end and beyond. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from studio_music.score.piece import TICKS, Metre, Piece

SNAPS: Final = (
    ("1/1", 4 * TICKS),
    ("1/2", 2 * TICKS),
    ("1/4", TICKS),
    ("1/8", TICKS // 2),
    ("1/16", TICKS // 4),
    ("1/32", TICKS // 8),
    ("1/4 T", TICKS * 2 // 3),
    ("1/8 T", TICKS // 3),
    ("1/16 T", TICKS // 6),
)
"""(name, ticks), triplets last."""


class Bar(NamedTuple):
    """One bar: its number (0 for a pickup), its first tick, the first of the next, its beat."""

    number: int
    start: int
    end: int
    beat: int


def beat_of(metre: Metre) -> int:
    """Return the ticks of a counted beat: the unit, or three of them in 6/8, 9/8 and 12/8."""
    unit = 4 * TICKS // metre.unit
    compound = metre.unit >= 8 and metre.beats > 3 and metre.beats % 3 == 0
    return 3 * unit if compound else unit


def bars(piece: Piece, start: int, end: int) -> Iterator[Bar]:
    """Yield the bars that touch the ticks ``start`` … ``end``; beyond the piece as its last."""
    number, tick = 1, piece.pickup
    if piece.pickup and start < piece.pickup:
        yield Bar(0, 0, piece.pickup, beat_of(piece.metre))
    changes = sorted(piece.metres, key=lambda change: change.tick)
    for place, change in enumerate(changes):
        metre, last = change.metre, place == len(changes) - 1
        limit = end if last else min(end, changes[place + 1].tick)
        length = max(1, metre.bar)
        if start > tick + length:  # leap over what is out of view
            skipped = (min(start, limit) - tick) // length
            number, tick = number + skipped, tick + skipped * length
        while tick < limit:
            following = tick + length
            if not last:
                following = min(following, max(changes[place + 1].tick, tick + 1))
            if following > start:
                yield Bar(number, tick, following, beat_of(metre))
            number, tick = number + 1, following


def bar_at(piece: Piece, tick: int) -> Bar:
    """Return the bar that ``tick`` lies in."""
    return next(bars(piece, max(0, tick), max(0, tick) + 1))


def bar_line_after(piece: Piece, tick: int) -> int:
    """Return the first bar line at ``tick`` or later."""
    if tick <= 0:
        return 0
    return bar_at(piece, tick - 1).end


def snapped(piece: Piece, tick: float, snap: int) -> int:
    """Return the place nearest to ``tick`` on a grid of ``snap`` ticks that begins at each bar."""
    if snap <= 1:
        return max(0, round(tick))
    bar = bar_at(piece, int(max(0, tick)))
    on_grid = bar.start + round((tick - bar.start) / snap) * snap
    return max(0, min(on_grid, bar.end))


def snapped_down(piece: Piece, tick: float, snap: int) -> int:
    """Return the last place on the grid that is not after ``tick``."""
    if snap <= 1:
        return max(0, int(tick))
    bar = bar_at(piece, int(max(0, tick)))
    return max(0, bar.start + int((tick - bar.start) // snap) * snap)


def position(piece: Piece, tick: int) -> tuple[int, int, int]:
    """Return (bar, beat, ticks into the beat), bar and beat counted from 1."""
    bar = bar_at(piece, tick)
    beat, rest = divmod(max(0, tick) - bar.start, bar.beat)
    return bar.number, beat + 1, rest
