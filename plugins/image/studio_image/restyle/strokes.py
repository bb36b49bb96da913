"""Pictures painted stroke by stroke: ink hatching, points, watercolour. Learns nothing.

Hatching by tone: Salisbury et al., "Interactive Pen-and-Ink Illustration" (SIGGRAPH 1994). Dots
of broken colour: as pointillists did. Washes with dark rims and grain: Bousseau et al.,
"Interactive Watercolor Rendering" (NPAR 2006).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

Rng = np.random.Generator
_PAPER = np.array((246, 239, 223), np.float32)
_INK = (24, 24, 36)
LUMA = np.array((0.299, 0.587, 0.114), np.float32)
"""How bright red, green and blue are (BT.601)."""


def ink(picture: np.ndarray, rng: Rng, scale: float = 1.0) -> np.ndarray:
    """Return a picture hatched with a pen: the darker, the more directions cross; edges are lines.

    Args:
        picture: (H, W, 3) uint8.
        scale: Of the strokes.
    """
    height, width = picture.shape[:2]
    light = _stretched(picture @ LUMA)
    tone = ndimage.gaussian_filter(light, 1.2)
    size = 2  # drawn twice as large: smooth lines
    page = Image.new("L", (width * size, height * size), 255)
    pen = ImageDraw.Draw(page)
    gap, thick = 4.2 * scale, max(1, round(1.5 * scale))
    rows, columns = np.gradient(ndimage.gaussian_filter(light, 4 * scale))
    turn = np.arctan2(rows, columns) * (np.hypot(rows, columns) > 0.01)
    for level, angle in ((0.7, 0.7), (0.45, -0.7), (0.28, 0.1), (0.14, 1.5)):
        for y, x in _grid(rng, height, width, gap):
            if tone[int(y), int(x)] > level + rng.normal(0, 0.03):
                continue
            way = angle + 0.25 * np.sin(turn[int(y), int(x)]) + rng.normal(0, 0.04)
            half = scale * rng.uniform(2.5, 5)
            dx, dy = np.cos(way) * half, np.sin(way) * half
            line = [(x - dx) * size, (y - dy) * size, (x + dx) * size, (y + dy) * size]
            pen.line(line, int(rng.integers(0, 70)), thick)
    hatched = np.asarray(page.resize((width, height), Image.Resampling.LANCZOS), np.float32) / 255
    near, far = (ndimage.gaussian_filter(light, blur * scale) for blur in (0.9, 2.2))
    fine = near - far
    outline = 1 - np.clip((-fine - 0.012) * 14, 0, 1)
    black = np.clip(hatched * outline, 0, 1)[..., None]
    return _bytes(np.array(_INK, np.float32) * (1 - black) + _PAPER * black)


def points(picture: np.ndarray, rng: Rng, scale: float = 1.0) -> np.ndarray:
    """Return a picture of round dots of purer colours, smaller where there is detail.

    Args:
        picture: (H, W, 3) uint8.
        scale: Of the dots.
    """
    height, width = picture.shape[:2]
    smooth = ndimage.gaussian_filter(picture.astype(np.float32), (1, 1, 0))
    rows, columns = np.gradient(ndimage.gaussian_filter(picture @ LUMA / 255, 1.5))
    detail = ndimage.gaussian_filter(np.hypot(rows, columns), 3 * scale)
    size = 2
    wash = ndimage.gaussian_filter(smooth, (6 * scale, 6 * scale, 0))
    ground = _bytes(0.75 * wash + 0.25 * _PAPER)
    page = Image.fromarray(ground).resize((width * size, height * size))
    brush = ImageDraw.Draw(page)
    for size_of_dot, least in ((4.4, 0.0), (3.2, 0.0), (1.9, 0.02), (1.3, 0.04)):
        radius = size_of_dot * scale
        for y, x in rng.permutation(_grid(rng, height, width, radius * 1.7)):
            if detail[int(y), int(x)] < least:
                continue
            colour = _broken(smooth[int(y), int(x)], rng)
            r = radius * rng.uniform(0.8, 1.1)
            box = [(x - r) * size, (y - r) * size, (x + r) * size, (y + r) * size]
            brush.ellipse(box, fill=colour)
    return np.asarray(page.resize((width, height), Image.Resampling.LANCZOS))


def watercolour(picture: np.ndarray, rng: Rng, scale: float = 1.0) -> np.ndarray:
    """Return a picture of washes: flat areas with wobbly dark rims, pigment in the paper's grain.

    Args:
        picture: (H, W, 3) uint8.
        scale: Of the washes.
    """
    height, width = picture.shape[:2]
    values = _wobbled(picture.astype(np.float32) / 255, rng, scale)
    around = min(9, round(5 * scale) | 1)
    for _ in range(3):  # flat areas with sharp borders
        values = ndimage.median_filter(values, (around, around, 1))
    levels = 9
    light = values @ LUMA
    flat = (np.floor(light * levels + 0.5 * _cloud(rng, height, width, 40 * scale)) + 0.5) / levels
    flat = ndimage.gaussian_filter(flat, 0.8)
    values = values * (0.35 + 0.65 * np.clip(flat / np.maximum(light, 0.08), 0.4, 1.8))[..., None]
    values = np.clip(values, 0, 1)
    soft = ndimage.gaussian_filter(values, (1.2 * scale, 1.2 * scale, 0))
    rises = np.hypot(*np.gradient(soft, axis=(0, 1))).sum(-1)
    rim = np.clip(rises * 2.2 * scale, 0, 1)
    density = 1 + 0.35 * _cloud(rng, height, width, 60 * scale)
    density = density + 0.25 * _cloud(rng, height, width, 9 * scale)
    grain = ndimage.gaussian_filter(rng.normal(size=(height, width)), 0.7)
    density = density + 0.8 * rim + 0.08 * grain / grain.std()
    pigment = 0.2 + 0.8 * _livelier(soft, 1.5)
    rows, columns = np.mgrid[:height, :width]
    border = np.minimum(
        np.minimum(rows, height - 1 - rows), np.minimum(columns, width - 1 - columns)
    )
    border = border + 14 * scale * _cloud(rng, height, width, 30 * scale) - 12 * scale
    wash = np.clip(border / (5 * scale), 0, 1)
    density = density * wash * (1 + 0.35 * np.exp(-(((border - 6 * scale) / (3 * scale)) ** 2)))
    shown = np.clip(pigment, 0.02, 1) ** np.clip(density, 0, 2.4)[..., None]
    paper = np.array((252, 249, 242), np.float32) * (1 + 0.012 * grain / grain.std())[..., None]
    return _bytes(shown * paper)


STROKES_AT = 512
"""The longer side, in pixels, at which strokes have scale 1; larger pictures have larger ones."""
_FINEST = 0.7


def painted(picture: np.ndarray, style: str, rng: Rng) -> np.ndarray:
    """Return a picture painted in one of the styles ``PAINTED``, at its own size.

    Args:
        picture: (H, W, 3) uint8.
    """
    return PAINTED[style](picture, rng, max(_FINEST, max(picture.shape[:2]) / STROKES_AT))


PAINTED: Mapping[str, Callable[[np.ndarray, Rng, float], np.ndarray]] = {
    "ink": ink,
    "points": points,
    "watercolour": watercolour,
}


def _grid(rng: Rng, height: int, width: int, gap: float) -> np.ndarray:
    """Return places (n, 2) about ``gap`` apart, each a little off its place."""
    down, across = np.mgrid[0:height:gap, 0:width:gap].reshape(2, -1)
    places = np.stack([down, across], 1) + rng.uniform(0, gap, (down.size, 2))
    return places.clip(0, (height - 1, width - 1))


def _stretched(light: np.ndarray) -> np.ndarray:
    """Return brightness in 0…1 from its darkest to its brightest percent."""
    low, high = np.percentile(light, (1, 99))
    return np.asarray(((light - low) / max(high - low, 1)).clip(0, 1), np.float32)


def _broken(colour: np.ndarray, rng: Rng) -> tuple[int, int, int]:
    """Return a purer colour near this one: together such dots look like it."""
    grey = float(colour @ LUMA)
    purer = grey + (colour - grey) * 1.35 + rng.normal(0, 22, 3)
    if rng.random() < 0.08:  # here and there a dot of the opposite colour, as bright
        purer = grey + (grey - colour) * 0.5
    red, green, blue = purer.clip(0, 255).astype(int)
    return int(red), int(green), int(blue)


def _livelier(values: np.ndarray, by: float) -> np.ndarray:
    grey = (values @ LUMA)[..., None]
    return np.clip(grey + (values - grey) * by, 0, 1)


def _cloud(rng: Rng, height: int, width: int, size: float) -> np.ndarray:
    """Return soft noise in about -1…1 with clouds of this size."""
    shape = (max(2, round(height / size) + 1), max(2, round(width / size) + 1))
    coarse = Image.fromarray(rng.normal(0, 0.5, shape).astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).clip(-1, 1)


def _wobbled(values: np.ndarray, rng: Rng, scale: float) -> np.ndarray:
    """Return a picture whose edges waver as those of wet paint do."""
    height, width = values.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    rows += 2.2 * scale * _cloud(rng, height, width, 11 * scale)
    columns += 2.2 * scale * _cloud(rng, height, width, 11 * scale)
    places = [rows, columns]
    layers = np.moveaxis(values, -1, 0)
    moved = [ndimage.map_coordinates(layer, places, order=1, mode="nearest") for layer in layers]
    return np.dstack(moved)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.asarray((values + 0.5).clip(0, 255).astype(np.uint8))
