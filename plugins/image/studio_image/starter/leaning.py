"""What a drawing leans on: the same thing in another style. Draws nothing.

Of a caption that was never trained in a style the generator knows what it shows and how the style
looks, and puts them together badly: too many things were learned by heart. While the noise is
still thick, where shapes are decided, it is led by a style in which it does know the drawing:
wholly at the beginning, less and less until it ends in its own.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from studio_image.starter.network import STYLES

_KIN = {
    "flat": ("colour", "3d", "noto", "noto-v1", "fx"),
    "colour": ("3d", "flat", "noto", "noto-v1", "fx"),
    "3d": ("colour", "flat", "noto", "noto-v1", "fx"),
    "noto": ("3d", "colour", "flat", "noto-v1", "fx"),
    "noto-v1": ("noto", "3d", "colour", "flat", "fx"),
    "fx": ("3d", "colour", "flat", "noto", "noto-v1"),
}
"""Style → others, the one to lean on first."""


def leaning(rows: Tensor, trained: Collection[tuple[int, int]]) -> Tensor:
    """Return rows (n, MAX_WORDS + 2) of captions in the styles that they lean on.

    A row of a drawing that was trained, or of a caption that was trained in no style, stays.

    Args:
        trained: Phrase and style, as in a row, of all drawings that were; empty for all.
    """
    if not trained:
        return rows
    led = [_style(phrase, style, trained) for phrase, style in rows[:, -2:].tolist()]
    return torch.cat([rows[:, :-1], rows.new_tensor(led)[:, None]], 1)


def _style(phrase: int, style: int, trained: Collection[tuple[int, int]]) -> int:
    if not style or (phrase, style) in trained:
        return style
    kin = (1 + STYLES.index(other) for other in _KIN[STYLES[style - 1]])
    return next((other for other in kin if (phrase, other) in trained), style)


def known_styles(phrase: int, trained: Collection[tuple[int, int]]) -> tuple[str, ...]:
    """Return the styles in which a caption, given by its phrase row, was trained; all if untold."""
    return tuple(
        style for at, style in enumerate(STYLES, 1) if not trained or (phrase, at) in trained
    )
