"""The style that a drawing leans on: a related one, in which it was trained. Draws nothing.

Of a caption that was never trained in a style the generator knows what it shows and how the style
looks, and puts them together badly: too many things were learned by heart. While the noise is
still thick, where shapes are decided, it is led by a style in which it does know the drawing:
wholly at the beginning, less and less until it ends in its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from studio_image.starter.network import STYLES, Caption

Trained: TypeAlias = Mapping[tuple[int, ...], frozenset[int]]
"""Row of a caption without its style → the styles, counted from 1, in which it was trained.

A phrase row alone stands for all captions that share it; they are hashed, so some do.
"""

_KIN = {
    "flat": ("colour", "3d", "noto", "fx", "noto-v1"),
    "colour": ("3d", "flat", "noto", "fx", "noto-v1"),
    "3d": ("colour", "flat", "noto", "fx", "noto-v1"),
    "noto": ("flat", "colour", "3d", "noto-v1", "fx"),
    "noto-v1": ("noto", "flat", "colour", "3d", "fx"),
    "fx": ("noto", "flat", "3d", "colour", "noto-v1"),
}
"""Style → others, the one to lean on first: its real drawings that were trained are most often
nearest to the style's own of their caption, as ``training/evaluate.py --kin`` tells."""


def related(rows: Tensor, trained: Trained) -> Tensor:
    """Return rows (n, MAX_WORDS + 2) of captions in the styles that they lean on.

    A row of a drawing that was trained, or of a caption that was trained in no style, stays.

    Args:
        trained: What was; empty for everything.
    """
    if not trained:
        return rows
    led = [_style(row, trained) for row in rows.tolist()]
    return torch.cat([rows[:, :-1], rows.new_tensor(led)[:, None]], 1)


def known_styles(caption: Caption, trained: Trained) -> tuple[str, ...]:
    """Return the styles in which a caption was trained; all if nobody says."""
    styles = _known(caption.row(), trained)
    return tuple(style for at, style in enumerate(STYLES, 1) if not trained or at in styles)


def _style(row: Sequence[int], trained: Trained) -> int:
    style, styles = row[-1], _known(row, trained)
    if not style or style in styles:
        return style
    kin = (1 + STYLES.index(other) for other in _KIN[STYLES[style - 1]])
    return next((other for other in kin if other in styles), style)


def _known(row: Sequence[int], trained: Trained) -> frozenset[int]:
    """Return the styles of a row's caption, or, of one in another colour, of its phrase."""
    return trained.get(tuple(row[:-1]), frozenset()) or trained.get((row[-2],), frozenset())
