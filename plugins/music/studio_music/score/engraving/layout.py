"""Layout of engraved pages: plain data for both halves. Knows no engraver and no window."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Where the playhead stands at ``tick``: a line on ``page`` at ``x`` from ``y`` on, in pixels.

    Between two places of one page it moves evenly with the ticks.
    """

    tick: int
    page: int
    x: float
    y: float
    height: float


class Head(msgspec.Struct, frozen=True):
    """A notehead: note ``note`` of track ``track``, and its box on ``page`` in pixels.

    ``id`` is that of its element in the page; a note that is written as several tied ones has a
    head for each.
    """

    id: str
    track: int
    note: int
    page: int
    x: float
    y: float
    width: float
    height: float


class Engraving(msgspec.Struct, frozen=True):
    """Engraved bars. On a screen each page is one system, to be stacked without gaps.

    Attributes:
        pages: SVG, each as wide as asked. ``sizes``: their width and height in pixels.
        places: For the playhead, by time. ``heads``: the noteheads.
        first_bar, next_bar: The bars that are on it, ``next_bar`` not included.
        total_bars: Bars of the whole piece.
    """

    pages: tuple[str, ...] = ()
    sizes: tuple[tuple[float, float], ...] = ()
    places: tuple[Place, ...] = ()
    heads: tuple[Head, ...] = ()
    first_bar: int = 0
    next_bar: int = 0
    total_bars: int = 0
