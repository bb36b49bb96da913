"""Several drawings on one sheet of white paper. Draws nothing itself.

Drawings are (H, W, 3) uint8 on white, each of one thing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from studio_image import picture_arrays

PAPER = 244
"""From here on, of 255, a channel counts as white: what the decoder leaves around a drawing."""
_MARGIN = 0.06
"""Of a cell, on each side."""
_ROWS = {3: (1, 2), 5: (2, 3), 7: (2, 3, 2), 8: (3, 2, 3)}
"""How so many are laid out, where rows of one length do not fit."""


def arranged(drawings: Sequence[np.ndarray], side: int) -> np.ndarray:
    """Return the drawings in rows, each as large as its place allows, (side, side, 3)."""
    if len(drawings) == 1:
        return picture_arrays.fitted(drawings[0], side, side)
    paper = np.full((side, side, 3), 255, np.uint8)
    rows = rows_of(len(drawings))
    waiting = iter(drawings)
    cell = side / max(len(rows), *rows)
    for number, columns in enumerate(rows):
        top = (side - cell * len(rows)) / 2 + number * cell
        for column in range(columns):
            left = (side - cell * columns) / 2 + column * cell
            _put(paper, next(waiting), left, top, cell)
    return paper


def rows_of(count: int) -> tuple[int, ...]:
    """Return how many of ``count`` drawings each row holds."""
    if count in _ROWS:
        return _ROWS[count]
    columns = math.ceil(math.sqrt(count))
    full, rest = divmod(count, columns)
    return (columns,) * full + ((rest,) if rest else ())


def _put(paper: np.ndarray, drawing: np.ndarray, left: float, top: float, cell: float) -> None:
    """Draw over ``paper``, darker over lighter, in the middle of a square."""
    drawn = _trimmed(drawing)
    inner = cell * (1 - 2 * _MARGIN)
    scale = inner / max(drawn.shape[:2])
    height, width = (max(1, round(length * scale)) for length in drawn.shape[:2])
    small = picture_arrays.resized(drawn, width, height)
    y, x = round(top + (cell - height) / 2), round(left + (cell - width) / 2)
    place = paper[y : y + height, x : x + width]
    np.minimum(place, small, out=place)


def _trimmed(drawing: np.ndarray) -> np.ndarray:
    """Crop a drawing to its content."""
    inked = drawing.min(axis=2) < PAPER
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    if not len(rows):
        return drawing
    return drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
