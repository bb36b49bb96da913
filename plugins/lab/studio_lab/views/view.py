"""One view into a network, and its parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.api.plot import Plot

Picture = NDArray[np.uint8]
"""(H, W, 3)."""


@dataclass(frozen=True)
class View:
    """A view and its title, in words that the window translates."""

    title: str
    content: Plot | Picture


@dataclass(frozen=True)
class Ask:
    """Parameters of a view.

    Attributes:
        text: Input text; empty for generated text.
        count: Number of pictures or rows to follow.
        block: Block whose attention is shown, from 1.
        seed: Of all random draws.
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
