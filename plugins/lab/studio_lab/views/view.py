"""One thing to see inside a network, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.api.plot import Plot

Picture = NDArray[np.uint8]
"""(H, W, 3)."""


@dataclass(frozen=True)
class View:
    """What is seen, and what that is called: words that the window knows and translates."""

    title: str
    content: Plot | Picture


@dataclass(frozen=True)
class Ask:
    """What to look at.

    Attributes:
        text: What a network reads; empty for what it writes itself.
        count: How many pictures or rows to follow.
        block: Whose attention is shown, from 1.
        seed: Of all that is drawn.
    """

    text: str = ""
    count: int = 6
    block: int = 1
    seed: int = 0


def grid(pictures: Picture, columns: int, gap: int = 1) -> Picture:
    """Return (N, H, W, 3) pictures in rows of ``columns``, from left to right."""
    count, height, width, _ = pictures.shape
    down = -(-count // columns)
    whole = np.full((down * (height + gap) - gap, columns * (width + gap) - gap, 3), 128, np.uint8)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        top, left = row * (height + gap), column * (width + gap)
        whole[top : top + height, left : left + width] = picture
    return whole
