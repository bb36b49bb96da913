"""Enlarges one picture, tile by tile: colours, transparency, any factor. Reads no files."""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import psutil
import torch
from PIL import Image
from torch.nn import functional as F

from studio.api import BadInput, ErrorCode, StudioError
from studio_image.upscale.model import Upscaler
from studio_image.upscale.tiles import Canvas, plan, side_for

MAX_PIXELS = 200_000_000
"""Of the result. More would take a day and fill the memory."""
PREVIEW_SIDE = 512
OPAQUE = 255
_NEARLY = 0.99
BLEED = 8
"""How many pixels colours run into what is transparent."""


@dataclass
class Step:
    """How far it is, in tiles and parts of one; ``preview`` only when a tile was finished."""

    done: float = 0
    total: int = 0
    preview: np.ndarray | None = field(default=None, repr=False)


def enlarged(
    upscaler: Upscaler, picture: np.ndarray, factor: int, side: int = 0
) -> Generator[Step, None, np.ndarray]:
    """Yield a step between any two layers; return the picture, ``factor`` times larger.

    Weights that enlarge less are used several times; what is too large is averaged down at the
    end, so factor 1 restores: dirt is lost on the way.

    Args:
        picture: (H, W, 3 or 4) uint8.
        side: Of the tiles, in pixels; 0 for as large as half of the free memory allows.

    Raises:
        StudioError: The result would be too large, these weights do not enlarge, or they give
            something that is no picture.
    """
    rounds = _rounds(upscaler.scale, factor)
    refuse_giants(picture.shape[1] * factor, picture.shape[0] * factor)
    side = -(-side // 4) * 4 or side_for(free_memory(upscaler.device), upscaler.pixel_bytes)
    is_clear = picture.shape[2] == 4 and bool((picture[..., 3] < OPAQUE).any())
    step = Step(total=_tiles(upscaler, picture, rounds, side) * (2 if is_clear else 1))
    colours = _bled(picture) if is_clear else picture[..., :3]
    result = yield from _layer(upscaler, colours, factor, rounds, side, step)
    if picture.shape[2] == 3:
        return result
    alpha = np.full_like(result[..., :1], OPAQUE)
    if is_clear:
        grey = picture[..., 3:].repeat(3, axis=2)
        shades = yield from _layer(upscaler, grey, factor, rounds, side, step)
        alpha = shades.mean(axis=2, keepdims=True).round().astype(np.uint8)
    return np.concatenate((result, alpha), axis=2)


def free_memory(device: str) -> int:
    """Return the free bytes of the memory that ``device`` computes in."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def _layer(
    upscaler: Upscaler, picture: np.ndarray, factor: int, rounds: int, side: int, step: Step
) -> Generator[Step, None, np.ndarray]:
    height, width = (length * factor for length in picture.shape[:2])
    larger = upscaler.scale**rounds
    for number in range(rounds):
        is_last = number == rounds - 1
        # Averaging within the tiles saves the memory of the whole large picture.
        shrink = larger // factor if is_last and larger % factor == 0 else 1
        shrink = shrink if upscaler.scale % shrink == 0 else 1
        picture = yield from _round(upscaler, picture, shrink, side, step)
    if picture.shape[:2] != (height, width):
        image = Image.fromarray(picture)
        picture = np.asarray(image.resize((width, height), Image.Resampling.BOX))
    return picture


def _round(
    upscaler: Upscaler, picture: np.ndarray, shrink: int, side: int, step: Step
) -> Generator[Step, None, np.ndarray]:
    factor = upscaler.scale // shrink
    height, width = picture.shape[:2]
    size = (width * factor, height * factor)
    smooth = Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC)
    canvas = Canvas(np.array(smooth), factor)
    for tile in plan(height, width, side, upscaler.reach):
        computed = yield from _computed(upscaler, tile.source(picture), step)
        canvas.paint(tile, _to_numpy(computed, shrink))
        step.done += 1
        yield Step(step.done, step.total, _small(canvas.picture))
    return canvas.picture


def _computed(
    upscaler: Upscaler, part: np.ndarray, step: Step
) -> Generator[Step, None, torch.Tensor]:
    steps = upscaler.steps(torch.tensor(part).permute(2, 0, 1)[None].float() / 255)
    for layer in itertools.count(1):
        try:
            next(steps)
        except StopIteration as end:
            result: torch.Tensor = end.value
            return result
        # Where half precision was not enough, the layers are computed twice.
        yield Step(step.done + min(layer / (upscaler.layers + 1), _NEARLY), step.total)
    raise AssertionError("a count has no end")


def _to_numpy(picture: torch.Tensor, shrink: int) -> np.ndarray:
    if not picture.isfinite().all():
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            "This model produced invalid numbers instead of a picture.",
            "Choose another model, or download it again.",
        )
    return F.avg_pool2d(picture, shrink)[0].permute(1, 2, 0).mul(255).numpy()


def _rounds(scale: int, factor: int) -> int:
    """Return how often weights of this scale must be used."""
    if scale == 1 and factor > 1:
        raise BadInput(
            "This model restores pictures but does not enlarge them.",
            "Choose scale 1, or another model.",
        )
    return 1 if scale >= factor else math.ceil(math.log(factor, scale) - 1e-9)


def refuse_giants(width: int, height: int) -> None:
    """Refuse a result of this size, if it would take a day and fill the memory.

    Raises:
        BadInput: It would.
    """
    if height * width > MAX_PIXELS:
        raise BadInput(
            f"The result would have {width:,} × {height:,} pixels; the limit is "
            f"{MAX_PIXELS // 1_000_000} million.",
            "Choose a smaller scale, or a smaller picture.",
        )


def _tiles(upscaler: Upscaler, picture: np.ndarray, rounds: int, side: int) -> int:
    height, width = picture.shape[:2]
    sizes = [upscaler.scale**number for number in range(rounds)]
    return sum(math.ceil(height * n / side) * math.ceil(width * n / side) for n in sizes)


def _bled(picture: np.ndarray) -> np.ndarray:
    """Return the colours, with those of the visible run a little into the transparent.

    What is hidden may have any colour; enlarging would mix it into the edge as a fringe.
    """
    alpha = torch.tensor(picture[..., 3:]).permute(2, 0, 1)[None].float() / 255
    colours = torch.tensor(picture[..., :3]).permute(2, 0, 1)[None].float()
    blur = partial(F.avg_pool2d, kernel_size=2 * BLEED + 1, stride=1, padding=BLEED)
    weight = blur(alpha)
    spread = blur(colours * alpha) / weight.clamp_min(1e-6)
    full = torch.where(alpha > 0, colours, torch.where(weight > 0, spread, colours))
    return full[0].permute(1, 2, 0).round().byte().numpy()


def _small(picture: np.ndarray) -> np.ndarray:
    stride = -(-max(picture.shape[:2]) // PREVIEW_SIDE)
    return np.ascontiguousarray(picture[::stride, ::stride])
