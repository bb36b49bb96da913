"""Which part of a picture is to be made anew: read, found, grown, blended. Fills nothing.

A mask is an (H, W) array of bool.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from studio.api import BadInput

Lines = Literal["bright", "dark", "both"]
_WIDEST = 7
"""Pixels: what is wider is a thing and no scratch."""
_STANDS_OUT = 24
"""How much, of 255, a scratch must differ from what lies beside it."""
_SHORTEST, _WAYS = 15, 12
"""Pixels: the length of the shortest scratch; grain and stars are shorter. And in how many
directions it is looked for."""


def painted(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return the mask in a file: its white pixels, or the opaque ones on a clear ground.

    Args:
        picture: (H, W, 3 or 4) uint8.
        width: Of the picture that it is for, as ``height``.

    Raises:
        BadInput: It has another size.
    """
    tall, wide = picture.shape[:2]
    if (wide, tall) != (width, height):
        raise BadInput(
            f"The mask has {wide} × {tall} pixels, but the picture has {width} × {height}.",
            "Use a mask of the same size.",
        )
    if picture.shape[2] == 4 and int(picture[..., 3].min()) < 128:
        return np.asarray(picture[..., 3] >= 128)
    return np.asarray(picture[..., :3].mean(-1) >= 128)


def scratches(picture: np.ndarray, kind: Lines) -> np.ndarray:
    """Return where thin lines are that are brighter or darker than what lies on both sides.

    A line is what an opening (for bright ones) or a closing (for dark ones) with a small square
    takes away, and that has a straight piece of some length.

    Args:
        picture: (H, W, 3) uint8.
    """
    from scipy import ndimage

    grey = ndimage.gaussian_filter(picture.astype(np.float32).mean(-1), 0.7)
    contrast = np.zeros(grey.shape, bool)
    if kind in ("bright", "both"):
        contrast |= grey - ndimage.grey_opening(grey, (_WIDEST, _WIDEST)) > _STANDS_OUT
    if kind in ("dark", "both"):
        contrast |= ndimage.grey_closing(grey, (_WIDEST, _WIDEST)) - grey > _STANDS_OUT
    long = np.zeros_like(contrast)
    for way in range(_WAYS):
        long |= ndimage.binary_opening(contrast, _line(way * np.pi / _WAYS))
    return grown(long, 2)


def _line(angle: float) -> np.ndarray:
    """Return a straight piece in the middle of a square, (_SHORTEST, _SHORTEST) bool."""
    half = _SHORTEST // 2
    along = np.linspace(-half, half, 4 * _SHORTEST)
    line = np.zeros((_SHORTEST, _SHORTEST), bool)
    rows, columns = (
        np.rint(along * turn).astype(int) + half for turn in (np.sin(angle), np.cos(angle))
    )
    line[rows, columns] = True
    return line


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    """Return a mask with all that is at most ``by`` pixels away."""
    return distance(mask) <= by if by else mask


def distance(mask: np.ndarray) -> np.ndarray:
    """Return how many pixels it is to the mask, (H, W) floats; 0 inside."""
    from scipy import ndimage

    if not mask.any():
        return np.full(mask.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(~mask))


def blended(picture: np.ndarray, filled: np.ndarray, mask: np.ndarray, feather: int) -> np.ndarray:
    """Return ``filled`` where the mask is and ``picture`` farther away than ``feather`` pixels.

    In between one goes over into the other; nothing of the old picture is left inside the mask.
    """
    share = np.clip(1 - distance(mask) / (feather + 1), 0, 1)[..., None]
    mixed = picture + share * (filled.astype(np.float32) - picture)
    return np.asarray((mixed + 0.5).astype(np.uint8))
