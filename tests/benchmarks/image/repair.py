"""The bench ``image-repair``: holes filled from the surroundings, beside two plain ways.

Photographs of scikit-learn get holes of three kinds; how near what is filled is to what was there,
inside the holes alone, is told as PSNR (decibels) and SSIM (Wang et al., IEEE TIP 2004). The plain
ways know no texture: bicubic interpolation between the pixels around, and the smoothest surface
through them (biharmonic).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy import interpolate, ndimage, sparse
from scipy.sparse.linalg import spsolve

from studio.api import BadInput, BenchContext
from studio_image import picture_arrays
from studio_image.repair import patches

SIDE = 256
"""Pixels of a side of the part that is used."""
_PHOTOS = {"china": (60, 190), "flower": (140, 200)}
"""Photograph → top and left of the part."""
_RIM = 4
"""Pixels around a hole from which a surface starts."""


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return PSNR and SSIM of each way and kind of hole, over all photographs.

    ``ratio`` is the SSIM of patches over that of the better plain way, in the largest hole.

    Raises:
        BadInput: There are no photographs: scikit-learn is not installed.
    """
    photos = list(_photos())
    found: dict[str, Any] = {}
    for kind, hole in holes().items():
        for way, filled in WAYS.items():
            ctx.say(f"{kind}: {way}")
            marks = [_marks(photo, filled(photo, hole), hole) for photo in photos]
            found[f"{kind}_{way}_psnr"] = round(float(np.mean([psnr for psnr, _ in marks])), 2)
            found[f"{kind}_{way}_ssim"] = round(float(np.mean([ssim for _, ssim in marks])), 4)
    plain = max(found["square_bicubic_ssim"], found["square_biharmonic_ssim"])
    return {"ratio": found["square_patches_ssim"] / plain, **found}


def holes() -> dict[str, np.ndarray]:
    """Return kind → (SIDE, SIDE) bool: scratches, blots, a square."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    scratches = np.zeros((SIDE, SIDE), bool)
    for start, slope in ((40, 0.3), (120, -0.2), (180, 0.1), (230, -0.6)):
        scratches |= np.abs(columns - start - slope * rows) < 1.5
    rng = np.random.default_rng(0)
    blots = np.zeros((SIDE, SIDE), bool)
    for row, column in rng.integers(20, SIDE - 20, (12, 2)):
        blots |= np.hypot(rows - row, columns - column) < rng.uniform(4, 9)
    square = np.zeros((SIDE, SIDE), bool)
    square[96:160, 96:160] = True
    return {"scratches": scratches, "blots": blots, "square": square}


def _photos() -> Iterator[np.ndarray]:
    if find_spec("sklearn") is None:
        raise BadInput("There are no photographs.", "Install scikit-learn.")
    from sklearn.datasets import load_sample_image

    for name, (top, left) in _PHOTOS.items():
        whole = load_sample_image(f"{name}.jpg")
        height, width = whole.shape[:2]
        part = whole[top : min(height, top + SIDE), left : min(width, left + SIDE)]
        yield picture_arrays.resized(part, SIDE, SIDE)


# --- ways ---------------------------------------------------------------------------------------


def _by_patches(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    made = picture.copy()
    for box in patches.places(hole):
        made[box], _scale = patches.filled(picture[box], hole[box])
    return made


def bicubic(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return the holes interpolated by a piecewise cubic surface (Clough and Tocher)."""

    def between(places: np.ndarray, values: np.ndarray, missing: np.ndarray) -> np.ndarray:
        surface = interpolate.CloughTocher2DInterpolator(places, values)
        nearest = interpolate.NearestNDInterpolator(places, values)
        made: np.ndarray = surface(missing)
        return np.where(np.isfinite(made), made, nearest(missing))

    rim = ndimage.binary_dilation(hole, iterations=_RIM) & ~hole
    return _with(picture, hole, between(np.argwhere(rim), picture[rim], np.argwhere(hole)))


def biharmonic(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return the holes filled with the smoothest surface: the Laplacian of the Laplacian is 0."""
    near = ndimage.binary_dilation(hole, iterations=_RIM)
    number = np.full(hole.shape, -1)
    number[near] = np.arange(near.sum())
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    twice = ndimage.convolve(np.pad(kernel, 1), kernel, mode="constant")
    place, other, weight = [], [], []
    for down, across in np.argwhere(twice):
        shifted = np.roll(number, (2 - down, 2 - across), (0, 1))
        place.append(number[hole])
        other.append(shifted[hole])
        weight.append(np.full(hole.sum(), float(twice[down, across])))
    inside = np.concatenate(other) >= 0
    rows = np.concatenate([*place])[inside]
    matrix = sparse.csr_matrix(
        (np.concatenate(weight)[inside], (rows, np.concatenate(other)[inside])),
        shape=(number.max() + 1,) * 2,
    )
    known = number[near & ~hole]
    unknown = number[hole]
    values = picture[near].astype(float)
    right = -(matrix[unknown][:, known] @ values[known])
    return _with(picture, hole, spsolve(matrix[unknown][:, unknown].tocsc(), right))


def _with(picture: np.ndarray, hole: np.ndarray, values: np.ndarray) -> np.ndarray:
    made = picture.copy()
    made[hole] = values.clip(0, 255).round()
    return made


WAYS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "patches": _by_patches,
    "bicubic": bicubic,
    "biharmonic": biharmonic,
}


# --- marks --------------------------------------------------------------------------------------


def _marks(was: np.ndarray, made: np.ndarray, hole: np.ndarray) -> tuple[float, float]:
    """Return PSNR and SSIM in the hole."""
    apart = (was[hole].astype(float) - made[hole]) ** 2
    psnr = 10 * np.log10(255**2 / max(float(apart.mean()), 1e-9))
    return float(psnr), float(similarity(was, made)[hole].mean())


def similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the structural similarity around each pixel, (H, W), of brightness."""
    a, b = (each.astype(float).mean(axis=2) for each in (one, other))
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def mean(values: np.ndarray) -> np.ndarray:
        found: np.ndarray = ndimage.gaussian_filter(values, 1.5)
        return found

    at, bt = mean(a), mean(b)
    var_a, var_b = mean(a * a) - at**2, mean(b * b) - bt**2
    both = mean(a * b) - at * bt
    found: np.ndarray = ((2 * at * bt + low) * (2 * both + high)) / (
        (at**2 + bt**2 + low) * (var_a + var_b + high)
    )
    return found
