"""Very many dots as one picture, and which of them lie within an outline. No Qt, no loop a dot.

numpy is imported by :func:`load`, beside the window: that takes longer than a frame.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

Point = tuple[float, float]


def load() -> Any:
    """Return numpy; slow the first time."""
    return importlib.import_module("numpy")


def coverage(xs: Any, ys: Any, size: tuple[int, int], radius: float, opacity: float) -> Any:
    """Return how much of each pixel the dots hide.

    Args:
        xs, ys: Centres of the dots in pixels.
        size: Width and height in pixels.
        radius: Of a dot, in pixels.
        opacity: Of one dot, 0–1; dots above each other hide more.

    Returns:
        float32, (height, width), 0–1.
    """
    np = load()
    (width, height), reach = size, math.ceil(radius) + 1
    wide = width + 2 * reach
    across, down = np.rint(xs).astype(np.int64), np.rint(ys).astype(np.int64)
    inside = (across >= 0) & (across < width) & (down >= 0) & (down < height)
    centres = (down[inside] + reach) * wide + across[inside] + reach
    counts = np.bincount(centres, minlength=wide * (height + 2 * reach))
    there = np.flatnonzero(counts)
    total = np.zeros(counts.size, np.float32)
    for shift, share in _disc(radius, reach, wide):
        # What light is left is a product over the dots: a sum of logarithms.
        total[there + shift] += counts[there] * math.log1p(-min(opacity * share, 0.999))
    hidden = 1 - np.exp(total.reshape(-1, wide)[reach:-reach, reach:-reach])
    return np.ascontiguousarray(hidden, np.float32)


def _disc(radius: float, reach: int, wide: int) -> list[tuple[int, float]]:
    """Return (step in a row of pixels, share of the pixel inside) of a disc around 0."""
    span = range(-reach, reach + 1)
    shares = ((dx, dy, min(1.0, radius + 0.5 - math.hypot(dx, dy))) for dy in span for dx in span)
    return [(dy * wide + dx, share) for dx, dy, share in shares if share > 0]


def tinted(hidden: Any, colour: tuple[int, int, int]) -> Any:
    """Return a picture in one colour: uint8 (height, width, 4), premultiplied, blue first."""
    np = load()
    blue_first = np.array([*reversed(colour), 255], np.float32)
    return np.rint(hidden[..., None] * blue_first).astype(np.uint8)


def within(outline: Sequence[Point], xs: Any, ys: Any) -> Any:
    """Return which points lie within a closed outline (crossings of a ray to the right)."""
    np = load()
    inside = np.zeros(len(xs), bool)
    for place, (x1, y1) in enumerate(outline):
        x2, y2 = outline[place - 1]
        if y1 != y2:
            crosses = (y1 > ys) != (y2 > ys)
            inside ^= crosses & (xs < (x2 - x1) * (ys - y1) / (y2 - y1) + x1)
    return inside
