"""Draws the gallery's style pictures with numpy and Pillow. Trains nothing.

Run as ``python draw_styles.py FOLDER``. The pictures are our own, under the Apache License 2.0.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 352
LICENCE = "Drawn by training/draw_styles.py of Offline Studio. Licence: Apache-2.0."
Rng = np.random.Generator
Colour = tuple[int, int, int]


def smooth_noise(rng: Rng, cells: int, octaves: int = 3) -> np.ndarray:
    """Return (SIZE, SIZE) noise in about -1…1: sums of random grids, each smoothly enlarged."""
    total = np.zeros((SIZE, SIZE), np.float32)
    for octave in range(octaves):
        side = cells * 2**octave
        grid = Image.fromarray(rng.normal(size=(side, side)).astype(np.float32), "F")
        total += np.asarray(grid.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) / 2**octave
    return total / np.abs(total).max()


def hex_colours(*codes: str) -> list[Colour]:
    """Return colours from six hexadecimal digits each."""
    return [(int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)) for code in codes]


def shaded(rng: Rng, colour: Colour, spread: float) -> Colour:
    """Return a colour near ``colour``."""
    red, green, blue = np.clip(np.array(colour) + rng.normal(0, spread, 3), 0, 255).astype(int)
    return int(red), int(green), int(blue)


def waves(rng: Rng) -> Image.Image:
    """Long curved brush strokes that follow a swirling field."""
    night = hex_colours("0b1d51", "1f4e9c", "3f7fc4", "8fc1de", "f2e6b1", "e9b949")
    field, tone = smooth_noise(rng, 2, 2) * 2.2 * np.pi, smooth_noise(rng, 3, 2)
    picture = Image.new("RGB", (SIZE, SIZE), night[0])
    draw = ImageDraw.Draw(picture)
    for _ in range(5200):
        x, y = rng.uniform(-15, SIZE + 15, 2)
        row, column = (int(np.clip(place, 0, SIZE - 1)) for place in (y, x))
        level = (tone[row, column] + 1) / 2 + rng.normal(0, 0.09)
        colour = shaded(rng, night[int(np.clip(level * len(night), 0, len(night) - 1))], 10)
        path = [(x, y)]
        for _ in range(int(rng.integers(8, 18))):
            angle = field[int(np.clip(y, 0, SIZE - 1)), int(np.clip(x, 0, SIZE - 1))]
            x, y = x + 2.6 * np.cos(angle), y + 2.6 * np.sin(angle)
            path.append((x, y))
        draw.line(path, colour, int(rng.integers(3, 6)), joint="curve")
    return picture


def cells(rng: Rng, count: int, jitter: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each pixel its nearest of about ``count`` points, and how far inside it lies."""
    side = int(count**0.5)
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) + 0.5
    points = (grid + rng.uniform(-jitter, jitter, grid.shape)) * SIZE / side
    rows = np.arange(SIZE, dtype=np.float32)
    nearest = np.empty((SIZE, SIZE), int)
    margin = np.empty((SIZE, SIZE), np.float32)
    for y in rows.astype(int):
        distance = np.hypot(rows[:, None] - points[:, 0], y - points[:, 1])
        order = np.argpartition(distance, 1, axis=1)[:, :2]
        two = np.take_along_axis(distance, order, 1)
        nearest[y] = np.take_along_axis(order, two.argmin(1)[:, None], 1)[:, 0]
        margin[y] = np.abs(two[:, 0] - two[:, 1])
    return nearest, margin, points


def mosaic(rng: Rng) -> Image.Image:
    """Small pale-jointed tiles in rows of warm and sea colours."""
    clay = hex_colours("c8553d", "e9a03b", "f2d9a0", "2a7f86", "14505c", "7fb6a6", "8c2f39")
    nearest, margin, points = cells(rng, 900, 0.28)
    tone = smooth_noise(rng, 2, 3)
    colours = []
    for x, y in np.clip(points, 0, SIZE - 1).astype(int):
        place = (tone[y, x] + 1) / 2 * len(clay) + rng.normal(0, 0.45)
        colours.append(shaded(rng, clay[int(np.clip(place, 0, len(clay) - 1))], 13))
    picture = np.array(colours, np.float32)[nearest]
    joint = np.clip((margin - 1.6) / 1.4, 0, 1)[..., None]
    picture = picture * (0.9 + 0.1 * np.clip(margin / 9, 0, 1))[..., None]
    picture = picture * joint + np.array((231, 222, 205)) * (1 - joint)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def ink(rng: Rng) -> Image.Image:
    """Pen hatching on cream paper: the darker, the more directions cross."""
    picture = Image.new("RGB", (SIZE, SIZE), (244, 236, 219))
    draw = ImageDraw.Draw(picture)
    dark = (smooth_noise(rng, 4, 2) + 1) / 2
    bend = smooth_noise(rng, 2, 2) * 0.5
    for layer, angle in enumerate((0.75, -0.75, 0.1, 1.5)):
        for _ in range(620):
            x, y = rng.uniform(0, SIZE, 2)
            if dark[int(y), int(x)] < 0.24 + 0.14 * layer:
                continue
            turn = angle + bend[int(y), int(x)] + rng.normal(0, 0.05)
            dx, dy = np.cos(turn) * rng.uniform(12, 24), np.sin(turn) * rng.uniform(12, 24)
            grey = int(rng.integers(18, 70))
            draw.line((x - dx, y - dy, x + dx, y + dy), (grey, grey, grey + 14), 2)
    return picture


def watercolour(rng: Rng) -> Image.Image:
    """Transparent blobs with darker rims that run into each other on paper."""
    wash = hex_colours("5b8fb9", "e07a5f", "81b29a", "f2cc8f", "9c6aa6", "3d6fa3", "d96c8a")
    paper = np.full((SIZE, SIZE, 3), (250, 247, 240), np.float32)
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    for number in range(64):
        x, y = rng.uniform(-20, SIZE + 20, 2)
        radius = rng.uniform(22, 80)
        edge = radius * (1 + 0.45 * smooth_noise(rng, 4, 3))
        inside = (edge - np.hypot(columns - x, rows - y)) / 3
        body = np.clip(inside, 0, 1)
        rim = np.exp(-(((inside - 1.2) / 1.3) ** 2))
        grain = 0.85 + 0.3 * smooth_noise(rng, 6, 3)
        amount = ((0.36 * grain + 0.34 * rim) * body)[..., None].clip(0, 0.85)
        pigment = np.array(wash[number % len(wash)], np.float32) / 255
        paper *= 1 - amount * (1 - pigment)
    paper += (smooth_noise(rng, 96, 2) * 5)[..., None]
    picture = Image.fromarray(paper.clip(0, 255).astype(np.uint8))
    return picture.filter(ImageFilter.GaussianBlur(0.6))


def glass(rng: Rng) -> Image.Image:
    """Glowing panes of pure colour between thick black leads."""
    panes = hex_colours("d62828", "f77f00", "fcbf49", "1d6fd1", "0a9396", "6a1b9a", "2e9e4f")
    nearest, margin, points = cells(rng, 72, 0.48)
    colours = [shaded(rng, panes[int(rng.integers(len(panes)))], 14) for _ in points]
    picture = np.array(colours, np.float32)[nearest]
    glow = 0.72 + 0.4 * np.clip(margin / 40, 0, 1) + 0.16 * smooth_noise(rng, 12, 3)
    lead = np.clip((margin - 5) / 2.5, 0, 1)
    picture = picture * (glow * lead)[..., None] + 14 * (1 - lead[..., None])
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def points(rng: Rng) -> Image.Image:
    """Round dots of unmixed colour, side by side."""
    palette = hex_colours("2f6690", "81c3d7", "f4d35e", "ee964b", "f95738", "5f8f3e", "b7c97b")
    tone = smooth_noise(rng, 2, 2)
    picture = Image.new("RGB", (SIZE * 2, SIZE * 2), (247, 240, 222))  # drawn twice as large: round
    draw = ImageDraw.Draw(picture)
    for _ in range(15000):
        x, y = rng.uniform(0, SIZE, 2)
        place = (tone[int(y), int(x)] + 1) / 2 * len(palette) + rng.normal(0, 1.0)
        colour = shaded(rng, palette[int(np.clip(place, 0, len(palette) - 1))], 9)
        radius = rng.uniform(3.4, 6)
        draw.ellipse((2 * x - radius, 2 * y - radius, 2 * x + radius, 2 * y + radius), colour)
    return picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


STYLES: tuple[Callable[[Rng], Image.Image], ...] = (waves, mosaic, ink, watercolour, glass, points)


def main(folder: Path) -> None:
    """Draw every style into ``folder``, as a JPEG with its licence in the comment."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, style in enumerate(STYLES):
        target = folder / f"{style.__name__}.jpg"
        picture = style(np.random.default_rng(100 + number))
        picture.save(target, quality=64, optimize=True, comment=LICENCE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
