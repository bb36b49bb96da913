"""The frames of a film by diffusion weights: between two seeds, and between two prompts.

Noise goes along the arc between two noises, as in arXiv:2010.02502, section 5.3; what the network
is told of the words goes straight from one prompt to the next.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from studio.api import Event, TaskContext
from studio_image import picture_arrays
from studio_image.diffusion.decoder import decode
from studio_image.diffusion.denoiser import denoise
from studio_image.diffusion.model import DiffusionModel
from studio_image.diffusion.prompt_embeddings import encode, length
from studio_image.diffusion.weights import read_plan
from studio_image.lent import as_lent
from studio_image.schema import Film, Generate
from studio_image.tasks.diffusion_generation import size_of, wish_of

_LIKE_A_DRAWING = ("weights", "width", "height", "steps", "guidance", "scheduler")


def frames(ctx: TaskContext, params: Film, drawn: list[np.ndarray]) -> Generator[Event, None, str]:
    """Append the frames to ``drawn``, (H, W, 3) uint8; return a note on them.

    Raises:
        BadInput: A size does not fit the weights.
        StudioError: The weights cannot be used, or gave no usable numbers.
    """
    keys = params.keys(ctx.rng.seed)
    values = params.to_dict()
    common = {name: values[name] for name in _LIKE_A_DRAWING}
    requests = [Generate.parse({**common, "prompt": prompt}) for prompt, _ in keys]
    plan = read_plan(ctx.weights_path(params.weights))
    width, height = size_of(requests[0], plan, None)
    with ctx.lease(params.weights, plan.working_bytes(width, height)) as lent:
        model = as_lent(lent, DiffusionModel, params.weights, "generating pictures")
        wishes = [wish_of(request, plan, width, height, None) for request in requests]
        with torch.no_grad():
            longest = max(length(model, wish) for wish in wishes)
            encoded = [encode(model, wish, longest) for wish in wishes]
        places = params.places(len(keys))
        for number, (before, after, share) in enumerate(places):
            wish = replace(wishes[before], variation=(keys[after][1], share))
            words = _mixed(encoded[before], encoded[after], share)
            generator = torch.Generator().manual_seed(keys[before][1])
            latents: Tensor | None = None
            for step in denoise(model, wish, generator, words):
                latents = step.latents
                message = f"Frame {number + 1} of {len(places)}, step {step.done} of {step.total}"
                shown = drawn[-1] if drawn else None
                yield ctx.progress(number + step.done / step.total, len(places), message, shown)
            assert latents is not None  # denoise yields at least once
            pixels, _ = decode(model, latents)
            picture = picture_arrays.from_unit(pixels[0].permute(1, 2, 0).cpu().numpy())
            picture_arrays.insist(picture_arrays.verdict(picture, size=(width, height)))
            drawn.append(picture)
    return ""


def _mixed(before: Any, after: Any, share: float) -> Any:
    """Return what lies between two encodings, or between tables of such."""
    if isinstance(before, dict):
        return {name: _mixed(before[name], after[name], share) for name in before}
    return torch.lerp(before, after, share)
