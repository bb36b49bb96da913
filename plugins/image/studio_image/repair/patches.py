"""Holes filled with patches from elsewhere in the picture, by the package ``pypatchmatch``.

Barnes et al., "PatchMatch: A Randomized Correspondence Algorithm for Structural Image Editing",
SIGGRAPH 2009; Wexler et al., "Space-Time Completion of Video", PAMI 2007.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from studio.api import ErrorCode, StudioError
from studio_image import picture_arrays

RADIUS, LARGE_RADIUS = 3, 5
"""Of the patches that are compared, in pixels, and of those for deep holes: small ones see too
little there of what goes on, and end in one flat colour. Chosen by looking."""
DEEP = 80
"""Pixels from its rim to its middle from which on a hole is deep."""
MOST_PIXELS = 4_000_000
"""A larger part of a picture is filled at a smaller size: its time grows with its pixels."""
_CONTEXT = 96
"""Pixels around the holes, at least, from which patches are taken."""
_one_at_a_time = threading.Lock()
"""The library keeps its seed for the whole process."""


def need_patchmatch() -> None:
    """Check that the library is there.

    Raises:
        StudioError: It is not; says how to add it.
    """
    try:
        from patchmatch import patchmatch_available
    except ImportError:
        patchmatch_available = False
    if not patchmatch_available:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "Filling from the surroundings needs the package pypatchmatch, which is not installed.",
            "Install it with: pip install pypatchmatch",
        )


def places(hole: np.ndarray) -> list[tuple[slice, slice]]:
    """Return boxes that each hold some of the holes and the pixels to fill them from.

    Distant holes are filled one after another: each at its own size, in little memory.
    """
    from scipy import ndimage

    labels, _count = ndimage.label(hole, np.ones((3, 3)))
    boxes = [_with_context(place, hole.shape) for place in ndimage.find_objects(labels)]
    return _merged(boxes)


def _with_context(place: tuple[slice, slice], shape: tuple[int, ...]) -> tuple[slice, slice]:
    rows, columns = (
        slice(max(0, side.start - more), min(length, side.stop + more))
        for side, length in zip(place, shape, strict=True)
        for more in [max(_CONTEXT, side.stop - side.start)]
    )
    return rows, columns


def _merged(boxes: Sequence[tuple[slice, slice]]) -> list[tuple[slice, slice]]:
    """Return boxes of which no two overlap: those that do become one around both."""
    apart: list[tuple[slice, slice]] = []
    for box in boxes:
        merged = box
        while near := [other for other in apart if _overlap(merged, other)]:
            apart = [other for other in apart if other not in near]
            sides = zip(merged, *near, strict=True)
            rows, columns = (slice(min(s.start for s in e), max(s.stop for s in e)) for e in sides)
            merged = (rows, columns)
        apart.append(merged)
    return apart


def _overlap(one: tuple[slice, slice], other: tuple[slice, slice]) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))


def filled(
    picture: np.ndarray, hole: np.ndarray, unusable: np.ndarray | None = None, seed: int = 0
) -> tuple[np.ndarray, float]:
    """Return the picture without its holes, and at which scale they were filled (1: its own).

    Args:
        picture: (H, W, 3) uint8, such as one of the ``places``; what its holes show is of no use.
        hole: (H, W) bool.
        unusable: (H, W) bool: what is neither filled nor copied from.

    Raises:
        StudioError: The library is not there.
    """
    need_patchmatch()
    scale = min(1.0, (MOST_PIXELS / hole.size) ** 0.5)
    if scale == 1:
        return _inpainted(picture, hole, unusable, seed), scale
    tall, wide = hole.shape
    width, height = max(1, round(wide * scale)), max(1, round(tall * scale))
    banned = None if unusable is None else _shrunk(unusable, width, height)
    holes = _shrunk(hole, width, height)
    small = _inpainted(picture_arrays.resized(picture, width, height), holes, banned, seed)
    large = picture_arrays.resized(small, wide, tall)
    return np.where(hole[..., None], large, picture), scale


def _shrunk(mask: np.ndarray, width: int, height: int) -> np.ndarray:
    marks = picture_arrays.resized(np.where(mask, np.uint8(255), np.uint8(0)), width, height)
    return np.asarray(marks > 0)


def _inpainted(
    picture: np.ndarray, hole: np.ndarray, banned: np.ndarray | None, seed: int
) -> np.ndarray:
    import patchmatch

    whole = np.ascontiguousarray(picture)
    with _one_at_a_time:
        patchmatch.set_random_seed(seed)
        return patchmatch.inpaint(whole, hole, global_mask=banned, patch_size=radius(hole))


def radius(hole: np.ndarray) -> int:
    """Return the radius of the patches for a hole, (H, W) bool."""
    from scipy import ndimage

    coarse = 8
    inner = ndimage.distance_transform_edt(hole[::coarse, ::coarse])
    return LARGE_RADIUS if coarse * float(inner.max()) >= DEEP else RADIUS
