"""Rows that a network made, as people look at them: a sheet of pictures, texts, a table."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio_lab.datasets.dataset import Shape


def pixels(rows: NDArray[np.float32], levels: int) -> NDArray[np.uint8]:
    """Return pictures, (N, C, H, W) from -1 to 1, as (N, H, W, 3)."""
    whole = np.round((rows + 1) / 2 * (levels - 1)) * (255 / (levels - 1))
    shown = whole.clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    return np.repeat(shown, 3, axis=3) if shown.shape[3] == 1 else shown


def sheet(pictures: NDArray[np.uint8], gap: int = 1) -> NDArray[np.uint8]:
    """Return (N, H, W, 3) side by side, in as many rows as columns or one less."""
    count, height, width, _ = pictures.shape
    across = int(np.ceil(count**0.5))
    down = -(-count // across)
    whole = np.full((down * (height + gap) - gap, across * (width + gap) - gap, 3), 128, np.uint8)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, across)
        top, left = row * (height + gap), column * (width + gap)
        whole[top : top + height, left : left + width] = picture
    return whole


def png(picture: NDArray[np.uint8], least: int = 256) -> bytes:
    """Return a picture as a file; a small one is enlarged without smoothing."""
    from PIL import Image

    image = Image.fromarray(picture)
    factor = max(1, round(least / max(image.size)))
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def preview(rows: NDArray[Any], shape: Shape, meta: Mapping[str, Any]) -> NDArray[np.uint8] | None:
    """Render rows as a picture during training; None for kinds without one."""
    if shape.kind != "pictures":
        return None
    small = sheet(pixels(rows, shape.levels))
    factor = max(1, 192 // max(small.shape))
    return small.repeat(factor, 0).repeat(factor, 1)
