"""Cuts a picture into tiles and joins the enlarged ones without seams. Knows no network.

Each tile is computed with a margin of its neighbours around it. A network that sees no farther
than the margin gives exactly the untiled picture. One that sees farther differs a little near the
borders; there two neighbours fade into each other, so that no line shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MARGIN = 32
"""Pixels of the neighbours that a tile is computed with."""
FADE = 8
"""Neighbours fade into each other over twice as many pixels."""
SMALLEST = 32
LARGEST = 512


@dataclass(frozen=True)
class Span:
    """A tile along one side, in pixels of the small picture.

    Attributes:
        start: Where the tile begins, without margin.
        stop: Where it ends.
        read: What is computed: with the margin, inside the picture.
        paint: What is drawn: with the fade, inside the picture.
    """

    start: int
    stop: int
    read: tuple[int, int]
    paint: tuple[int, int]

    def ramp(self, factor: int) -> np.ndarray:
        """Return how much of the tile shows at each painted pixel of the large picture, 0–1."""
        first, last = (edge * factor for edge in self.paint)
        faded = 2 * (self.start - self.paint[0]) * factor
        if not faded:
            return np.ones(last - first, np.float32)
        return np.minimum((np.arange(last - first, dtype=np.float32) + 0.5) / faded, 1)


@dataclass(frozen=True)
class Tile:
    """One tile of a picture."""

    rows: Span
    columns: Span

    def source(self, picture: np.ndarray) -> np.ndarray:
        """Return the part of the small picture that is computed."""
        return picture[slice(*self.rows.read), slice(*self.columns.read)]


class Canvas:
    """The large picture while its tiles come in, in the order of :func:`plan`.

    A row of tiles is joined by itself and then fades into the row above, so that four tiles meet as
    smoothly as two.
    """

    def __init__(self, start: np.ndarray, factor: int) -> None:
        """Begin with ``start``, (H · factor, W · factor, C) uint8: it shows until a tile comes."""
        self.picture = start
        self._factor = factor
        self._rows: Span | None = None
        self._above = self._row = start[:0]

    def paint(self, tile: Tile, computed: np.ndarray) -> None:
        """Draw what became of the tile's ``source``, ``factor`` times larger, floats 0–255."""
        factor, rows, columns = self._factor, tile.rows, tile.columns
        high, wide = (slice(*(edge * factor for edge in span.paint)) for span in (rows, columns))
        if rows is not self._rows:
            self._rows = rows
            self._above, self._row = self.picture[high].copy(), self.picture[high].copy()
        inner = computed[_within(rows, factor), _within(columns, factor)]
        left, top = columns.ramp(factor)[None, :, None], rows.ramp(factor)[:, None, None]
        self._row[:, wide] = _faded(self._row[:, wide], inner, left)
        self.picture[high, wide] = _faded(self._above[:, wide], self._row[:, wide], top)


def _faded(under: np.ndarray, over: np.ndarray, shown: np.ndarray) -> np.ndarray:
    faded: np.ndarray = over * shown + under * (1 - shown) + 0.5
    return faded.astype(np.uint8)


def plan(height: int, width: int, side: int, reach: int) -> list[Tile]:
    """Return the tiles of a picture, row by row.

    Args:
        side: Length of a tile's side without its margin, a multiple of four.
        reach: How far the network sees.
    """
    rows, columns = (list(_spans(length, side, reach)) for length in (height, width))
    return [Tile(row, column) for row in rows for column in columns]


def side_for(free_bytes: int, pixel_bytes: int) -> int:
    """Return the side of the largest tile, without margin, whose computing takes half of memory."""
    with_margin = int((free_bytes / 2 / pixel_bytes) ** 0.5)
    side = (with_margin - 2 * MARGIN) // SMALLEST * SMALLEST
    return max(SMALLEST, min(LARGEST, side))


def _spans(length: int, side: int, reach: int) -> Iterator[Span]:
    margin = min(MARGIN, (reach + 3) // 4 * 4)
    fade = FADE if reach > margin else 0
    for start in range(0, length, side):
        stop = min(start + side, length)
        read = (max(0, start - margin), min(length, stop + margin))
        paint = (max(0, start - fade), min(length, stop + fade))
        yield Span(start, stop, read, paint)


def _within(span: Span, factor: int) -> slice:
    """Return the painted part of a computed tile."""
    return slice((span.paint[0] - span.read[0]) * factor, (span.paint[1] - span.read[0]) * factor)
