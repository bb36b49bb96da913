"""Holes drawn by diffusion weights: what lies around them is put back after each step.

Lugmayr et al., "RePaint" (arXiv:2201.09865), without its jumps back; the same as the inpainting
pipeline of ``diffusers`` does with weights that were not trained for it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from studio.api import BadInput, ErrorCode, Event, Rung, StudioError, TaskContext, WeightsId
from studio_image import picture_arrays
from studio_image.diffusion.decoder import decode, glimpse
from studio_image.diffusion.denoiser import Step, denoise
from studio_image.diffusion.model import DiffusionModel
from studio_image.diffusion.model_spec import ModelSpec
from studio_image.diffusion.weights import read_plan
from studio_image.diffusion.wish import Wish
from studio_image.schema import Repair

_BOTH_OR_HALVES = (Rung(False), Rung(True, "half of each step at a time"))
_CONTEXT = 0.5
"""How much of the picture around the holes is shown to the network, as a share of their size."""


def drawn(
    ctx: TaskContext, params: Repair, picture: np.ndarray, hole: np.ndarray
) -> Generator[Event, None, tuple[np.ndarray, float]]:
    """Return the picture with its holes drawn, and at which scale (1 or more: its own).

    The part around the holes is drawn at the size that the weights were trained for.

    Args:
        picture: (H, W, 3) uint8.
        hole: (H, W) bool.

    Raises:
        BadInput: The weights are none of diffusion.
        StudioError: The weights cannot be used, or gave no usable numbers.
    """
    weights = params.weights
    assert weights  # the task has looked
    plan = _plan(ctx, weights)
    box = _around(hole)
    part, holes = picture[box], hole[box]
    width, height = _size(part, plan)
    small, marks = picture_arrays.resized(part, width, height), _marks(holes, width, height, plan)
    wish = Wish(
        prompt=params.prompt.strip(),
        negative="",
        width=width,
        height=height,
        steps=params.steps,
        guidance=plan.kind.guidance,
        start=torch.from_numpy(small.copy()).permute(2, 0, 1)[None].float() / 255,
        strength=params.strength,
        mask=marks,
    )
    with ctx.lease(weights, plan.working_bytes(width, height)) as model:
        pixels = yield from _denoised(ctx, model, wish)
    result = picture.copy()
    new = picture_arrays.from_unit(pixels[0].permute(1, 2, 0).cpu().numpy())
    tall, wide = holes.shape
    result[box] = np.where(holes[..., None], picture_arrays.resized(new, wide, tall), part)
    return result, min(1.0, width / wide)


def _plan(ctx: TaskContext, weights: WeightsId) -> ModelSpec:
    try:
        return read_plan(ctx.weights_path(weights))
    except StudioError as error:
        if error.code is not ErrorCode.UNSUPPORTED:
            raise
        raise BadInput(
            f"“{weights}” can't fill a part of a picture.",
            "Choose a diffusion model, or fill with the surroundings.",
        ) from error


def _denoised(
    ctx: TaskContext, model: DiffusionModel, wish: Wish
) -> Generator[Event, None, Tensor]:
    def body(halves: bool) -> Generator[Event, None, Tensor]:
        generator = torch.Generator().manual_seed(ctx.rng.seed)
        latents = None
        for step in denoise(model, replace(wish, halves=halves), generator):
            latents = step.latents
            yield _progress(ctx, model, step)
        assert latents is not None  # denoise yields at least once
        return latents

    latents = yield from ctx.ladder(_BOTH_OR_HALVES, body)
    pixels, _again = decode(model, latents)
    yield None
    return pixels


def _progress(ctx: TaskContext, model: DiffusionModel, step: Step) -> Event:
    small = glimpse(model, step.latents)
    larger = max(1, 256 // max(small.shape[:2]))
    shown = np.ascontiguousarray(small.repeat(larger, 0).repeat(larger, 1))
    return ctx.progress(step.done, step.total, f"Step {step.done} of {step.total}", shown)


def _around(hole: np.ndarray) -> tuple[slice, slice]:
    """Return the box of the holes with some of the picture around it."""
    return _side(np.any(hole, axis=1)), _side(np.any(hole, axis=0))


def _side(touched: Any) -> slice:
    place = np.flatnonzero(touched)
    low, high = int(place[0]), int(place[-1]) + 1
    more = max(32, round((high - low) * _CONTEXT))
    return slice(max(0, low - more), min(len(touched), high + more))


def _size(part: np.ndarray, plan: ModelSpec) -> tuple[int, int]:
    """Return width and height as a part is shaped, with as many pixels as weights are used to."""
    tall, wide = part.shape[:2]
    shape = min(max(wide / tall, 0.25), 4) ** 0.5
    sides = (plan.side * shape, plan.side / shape)
    width, height = (max(1, round(side / plan.step)) * plan.step for side in sides)
    return width, height


def _marks(hole: np.ndarray, width: int, height: int, plan: ModelSpec) -> Tensor:
    """Return the hole at the size of the latents: all that it touches."""
    marks = np.where(hole, np.uint8(255), np.uint8(0))
    fine = torch.from_numpy(picture_arrays.resized(marks, width, height) > 0)[None, None].float()
    return torch.nn.functional.max_pool2d(fine, plan.scale)
