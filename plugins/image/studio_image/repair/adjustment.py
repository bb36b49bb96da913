"""A picture adjusted: turned, cropped, brightened, balanced, smoothed, resized. Knows no task.

Light is linear where it is added up or multiplied: exposure and white balance change what came
through the lens, not the numbers of the file (IEC 61966-2-1).
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from studio.api import BadInput
from studio_image import picture_arrays
from studio_image.restyle.strokes import LUMA
from studio_image.schema import Edit

_PATCH, _REACH = 1, 3
"""Radius of the patches that are compared, and how far apart they are, for denoising."""


def adjusted(picture: np.ndarray, edit: Edit, *, resize: bool = True) -> np.ndarray:
    """Return a picture after all that ``edit`` says, in the order of its fields.

    Args:
        picture: (H, W, 3 or 4) uint8 or uint16, and so is the result; what is clear stays so.
        resize: Whether its width counts: not for a preview, which is small as it is.

    Raises:
        BadInput: Nothing would be left, or the result would be too large.
    """
    result = _placed(picture, edit)
    colours = result[..., :3]
    if edit.denoise:
        colours = denoised(colours, edit.denoise)
    if any((edit.exposure, edit.warmth, edit.tint, edit.contrast, edit.saturation)):
        colours = _toned(colours, edit)
    if result.shape[2] == 4:
        colours = np.dstack((colours, result[..., 3]))
    return _resized(colours, edit.width) if resize and edit.width else np.ascontiguousarray(colours)


def _placed(picture: np.ndarray, edit: Edit) -> np.ndarray:
    result = np.rot90(picture, -int(edit.turn) // 90)
    if edit.flip != "no":
        result = result[:, ::-1] if edit.flip == "across" else result[::-1]
    if edit.straighten:
        result = _straightened(np.ascontiguousarray(result), edit.straighten)
    height, width = result.shape[:2]
    left, right = round(width * edit.left / 100), width - round(width * edit.right / 100)
    top, bottom = round(height * edit.top / 100), height - round(height * edit.bottom / 100)
    if left >= right or top >= bottom:
        raise BadInput("Nothing would be left of the picture.", "Cut off less.")
    return np.ascontiguousarray(result[top:bottom, left:right])


def _straightened(picture: np.ndarray, degrees: float) -> np.ndarray:
    """Rotate a picture clockwise, and crop to the largest part of the same aspect ratio."""
    height, width = picture.shape[:2]
    angle = np.radians(abs(degrees))
    longer = max(width / height, height / width)
    shrunk = 1 / (np.cos(angle) + longer * np.sin(angle))
    wide, tall = max(1, int(width * shrunk)), max(1, int(height * shrunk))
    left, top = (width - wide) // 2, (height - tall) // 2
    part = (left, top, left + wide, top + tall)
    return picture_arrays.changed(
        picture, lambda image: image.rotate(-degrees, Image.Resampling.BICUBIC).crop(part)
    )


def denoised(picture: np.ndarray, strength: float) -> np.ndarray:
    """Return a picture without grain: each pixel is a mean of those with alike surroundings.

    Buades et al., "A non-local algorithm for image denoising" (CVPR 2005), over a small window.

    Args:
        picture: (H, W, 3) uint8 or uint16.
        strength: In 0…1; how unlike they may be.
    """
    from scipy import ndimage

    values = picture.astype(np.float32) * (255 / np.iinfo(picture.dtype).max)
    total, weights = np.zeros_like(values), np.zeros(values.shape[:2], np.float32)
    limit = (4 + 26 * strength) ** 2
    for down in range(-_REACH, _REACH + 1):
        for across in range(-_REACH, _REACH + 1):
            moved = np.roll(values, (down, across), (0, 1))
            apart = ((values - moved) ** 2).mean(-1)
            near = ndimage.uniform_filter(apart, 2 * _PATCH + 1)
            weight = np.exp(-near / limit)
            total += weight[..., None] * moved
            weights += weight
    return picture_arrays.from_unit(total / weights[..., None] / 255, _bits(picture))


def _bits(picture: np.ndarray) -> int:
    return 8 * picture.dtype.itemsize


def _toned(picture: np.ndarray, edit: Edit) -> np.ndarray:
    most = np.iinfo(picture.dtype).max
    light = _linear(np.arange(most + 1, dtype=np.float32) / most)[picture]
    gains = np.array((1 + 0.4 * edit.warmth, 1.0, 1 - 0.4 * edit.warmth), np.float32)
    gains *= np.array((1 + 0.2 * edit.tint, 1 - 0.2 * edit.tint, 1 + 0.2 * edit.tint), np.float32)
    gains /= gains @ LUMA  # as bright as it was
    seen = _seen((light * gains * 2.0**edit.exposure).clip(0, 1))
    seen = 0.5 + (seen - 0.5) * (2.0 ** (1.5 * edit.contrast))
    grey = (seen @ LUMA)[..., None]
    return picture_arrays.from_unit(grey + (seen - grey) * (1 + edit.saturation), _bits(picture))


def _linear(seen: np.ndarray) -> np.ndarray:
    return np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4)


def _seen(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def _resized(picture: np.ndarray, width: int) -> np.ndarray:
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    if width * height > picture_arrays.MAX_PIXELS:
        raise BadInput(
            f"The picture would have {width:,} × {height:,} pixels; the limit is 100 million.",
            "Choose a smaller width.",
        )
    return picture_arrays.resized(picture, width, height)
