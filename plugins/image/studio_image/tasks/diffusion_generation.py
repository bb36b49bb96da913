"""The task ``image.generate`` for diffusion weights: one picture after another, seen as it grows.

Knows no networks: it reads parameters, steps the denoising loop and makes files.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from studio.api import BadInput, Event, Kind, Rung, TaskContext
from studio_image import picture_arrays
from studio_image.additions.control import Control, Led, edges
from studio_image.additions.control import check as check_control
from studio_image.additions.inversion import Inversion
from studio_image.additions.inversion import check as check_inversion
from studio_image.additions.lora import Lora, Worn
from studio_image.additions.lora import check as check_lora
from studio_image.diffusion import kept_latents, prompt_words
from studio_image.diffusion.decoder import decode, glimpse
from studio_image.diffusion.denoiser import Step, denoise
from studio_image.diffusion.model import DiffusionModel
from studio_image.diffusion.model_spec import ModelSpec
from studio_image.diffusion.regions import Region, painted
from studio_image.diffusion.weights import read_plan
from studio_image.diffusion.wish import Wish
from studio_image.diffusion_transformers.capabilities import (
    takes_schedulers,
    unused,
    usual_steps,
)
from studio_image.lent import as_lent
from studio_image.schema import Generate
from studio_image.schema.axes import lines_of

_SMALLEST_PREVIEW = 256
_LESS_AT_A_TIME = (
    Rung(0),
    Rung(1, "half of each step at a time"),
    Rung(2, "a block of the network at a time"),
)
_WHOLE_OR_TILES = (Rung(False), Rung(True, "the picture decoded in tiles"))


def generate(ctx: TaskContext, params: Generate) -> Iterator[Event]:
    """Draw ``params.count`` pictures, the first with the job's seed, the next with the one after.

    They are drawn one by one, so that each is the same alone as among others, a finished one stays
    when the rest is stopped, and memory does not grow with their number.

    Yields progress with a preview after each step, an ``image`` artifact for each picture, and the
    result: ``count``, ``seeds``, ``width``, ``height``, ``note``.

    Raises:
        BadInput: The size does not fit the weights, or the picture to begin with cannot be used.
        StudioError: The weights cannot be used, or gave no usable numbers.
    """
    start = picture_arrays.given(params.init, ctx.inputs)
    if start is None and not params.prompt.strip():
        raise BadInput("There is no prompt.", "Enter a prompt.")
    plan = read_plan(ctx.weights_path(params.weights))
    width, height = size_of(params, plan, start)
    with ExitStack() as leases:
        lent = leases.enter_context(ctx.lease(params.weights, plan.working_bytes(width, height)))
        model = as_lent(lent, DiffusionModel, params.weights, "generating pictures")
        loras = tuple(_loras(ctx, params, model, leases))
        inversions: tuple[Inversion, ...] = ()
        if not plan.kind.is_transformer:
            inversions = tuple(_inversions(ctx, params, model, leases))
        led = _led(ctx, params, model, (width, height), leases)
        wish = replace(
            wish_of(params, plan, width, height, start),
            loras=loras,
            inversions=inversions,
            led=led,
            regions=_regions(ctx, params, (width // plan.scale, height // plan.scale)),
        )
        note = " ".join(filter(None, (unused(model, params), _no_lists(params))))
        for number in range(params.count):
            yield from _one(ctx, params, model, wish, number, note)
    yield ctx.result(
        count=params.count,
        seeds=[ctx.rng.seed + number for number in range(params.count)],
        width=width,
        height=height,
        note=note,
    )


def _one(
    ctx: TaskContext,
    params: Generate,
    model: DiffusionModel,
    wish: Wish,
    number: int,
    note: str,
) -> Iterator[Event]:
    seed = ctx.rng.seed + number
    prompts = {"prompt": wish.prompt, "negative": wish.negative}
    if params.wildcards:  # the recipe has the lines: the lists may be others tomorrow
        folder = Path(params.wildcards).expanduser()
        prompts = {name: prompt_words.filled(text, folder, seed) for name, text in prompts.items()}
    wish = replace(
        wish,
        prompt=prompt_words.chosen(prompts["prompt"], seed),
        negative=prompt_words.chosen(prompts["negative"], seed),
    )

    def denoised(less: int) -> Generator[Event, None, tuple[Tensor, bool]]:
        # On the processor whatever the device: the same noise everywhere.
        generator = torch.Generator().manual_seed(seed)
        latents = None
        for step in denoise(model, replace(wish, halves=less > 0, by_block=less > 1), generator):
            latents = step.latents
            yield _progress(ctx, params, model, number, step)
        assert latents is not None  # denoise yields at least once
        return latents, less > 0

    def decoded(in_tiles: bool) -> Generator[Event, None, tuple[Tensor, bool]]:
        picture = decode(model, latents, in_tiles=in_tiles)
        yield None
        return picture

    key, fresh = kept_latents.key(model, wish, seed), False
    cached = kept_latents.read(ctx.intermediates.find(key), model, wish)
    if cached is None:
        latents, in_parts = yield from ctx.ladder(_LESS_AT_A_TIME, denoised)
        fresh = not in_parts  # in halves the last digits may be others
    else:
        latents = cached
        yield _progress(ctx, params, model, number, Step(wish.steps, wish.steps, latents))
    pixels, again = yield from ctx.ladder(_WHOLE_OR_TILES, decoded)
    values = pixels[0].permute(1, 2, 0).cpu().numpy()
    picture = picture_arrays.from_unit(values)
    recipe = {
        "task": "image.generate",
        "params": params.to_dict()
        | (prompts | {"wildcards": ""} if params.wildcards else {})
        | {
            "seed": seed,
            "count": 1,
            "width": wish.width,
            "height": wish.height,
            "steps": wish.steps,
            "guidance": wish.guidance,
        },
        "decoded_in_float32": again,
        "note": note,
    }
    yield ctx.artifact(
        Kind.IMAGE,
        picture_arrays.png(picture_arrays.from_unit(values, int(params.bits)), recipe),
        suffix=".png",
        title=wish.prompt[:80],
        text=wish.prompt,
        verdict=picture_arrays.insist(
            picture_arrays.verdict(picture, size=(wish.width, wish.height))
        ),
        meta=recipe,
        preview=picture_arrays.thumbnail(picture),
    )
    if fresh:
        yield ctx.intermediates.keep(key, kept_latents.written(latents))


def _progress(
    ctx: TaskContext, params: Generate, model: DiffusionModel, number: int, step: Step
) -> Event:
    which = f"Picture {number + 1} of {params.count}, " if params.count > 1 else ""
    small = glimpse(model, step.latents)
    larger = max(1, _SMALLEST_PREVIEW // max(small.shape[:2]))
    return ctx.progress(
        number * step.total + step.done,
        params.count * step.total,
        f"{which}step {step.done} of {step.total}",
        np.ascontiguousarray(small.repeat(larger, 0).repeat(larger, 1)),
    )


def size_of(params: Generate, plan: ModelSpec, start: Any) -> tuple[int, int]:
    """Return the size asked for, else that of the picture to begin with, else the weights' own."""
    width, height = params.width or params.height, params.height or params.width
    if not width:
        width = height = plan.side
        if start is not None:
            tall, wide = start.shape[:2]
            width, height = (_like(a, b, plan) for a, b in ((wide, tall), (tall, wide)))
    step = plan.step
    for name, value in (("Width", width), ("Height", height)):
        if value % step or value < step:
            near = max(step, round(value / step) * step)
            raise BadInput(
                f"{name} must be a multiple of {step} with this model; you entered {value}.",
                f"Use {near}.",
            )
    return width, height


def _like(side: int, other: int, plan: ModelSpec) -> int:
    """Return a side that keeps the proportions and takes as many pixels as the weights' own."""
    wanted: float = plan.side * (min(max(side / other, 0.25), 4) ** 0.5)
    return max(1, round(wanted / plan.step)) * plan.step


def wish_of(params: Generate, plan: ModelSpec, width: int, height: int, start: Any) -> Wish:
    return Wish(
        prompt=params.prompt.strip(),
        negative=params.negative.strip(),
        width=width,
        height=height,
        steps=params.steps or usual_steps(plan),
        guidance=params.guidance or plan.kind.guidance,
        scheduler=params.scheduler if takes_schedulers(plan) else "default",
        start=None if start is None else _tensor(start, width, height),
        strength=params.strength,
        karras=params.karras and takes_schedulers(plan),
        clip_skip=params.clip_skip,
        variation=(params.variation_seed, params.variation),
        freeu=params.freeu and not plan.kind.is_transformer,
    )


def _no_lists(params: Generate) -> str:
    names = prompt_words.wildcards(f"{params.prompt} {params.negative}")
    if params.wildcards or not names:
        return ""
    return f"__{names[0]}__ was read as it stands: choose a folder of wildcards."


def _loras(
    ctx: TaskContext, params: Generate, model: DiffusionModel, leases: ExitStack
) -> Iterator[Worn]:
    """Borrow the LoRAs, each checked against the model.

    Raises:
        BadInput: One was made for another base, or is something else.
    """
    for weights, strength in params.lora_pairs():
        lora = as_lent(leases.enter_context(ctx.lease(weights)), Lora, weights, "use as a LoRA")
        check_lora(model.layers, lora)
        yield Worn(lora, strength)


def _inversions(
    ctx: TaskContext, params: Generate, model: DiffusionModel, leases: ExitStack
) -> Iterator[Inversion]:
    """Borrow the textual inversions, each checked against the model.

    Raises:
        BadInput: One was made for another base, or is something else.
    """
    for weights in params.inversions:
        lent = leases.enter_context(ctx.lease(weights))
        inversion = as_lent(lent, Inversion, weights, "use as a textual inversion")
        check_inversion(model.pipe, inversion)
        yield inversion


def _led(
    ctx: TaskContext,
    params: Generate,
    model: DiffusionModel,
    size: tuple[int, int],
    leases: ExitStack,
) -> Led | None:
    """Borrow the ControlNet and read its picture; None without a picture.

    Raises:
        BadInput: There is none, it was made for another base, or the picture cannot be used.
    """
    picture = picture_arrays.given(params.control_image, ctx.inputs, "control")
    if picture is None:
        return None
    if params.control is None:
        raise BadInput(
            "There is a guide picture, but no ControlNet.", "Add one on the page Models."
        )
    lent = leases.enter_context(ctx.lease(params.control))
    control = as_lent(lent, Control, params.control, "use as a ControlNet")
    check_control(model.pipe, control)
    shown = picture_arrays.on_white(picture)
    if params.control_from == "edges":
        shown = edges(shown)
    return Led(control, _tensor(shown, *size), params.control_strength, params.control_end)


def _regions(ctx: TaskContext, params: Generate, size: tuple[int, int]) -> tuple[Region, ...]:
    """Return the regional prompts with their masks; ``size`` is that of the latents.

    Raises:
        BadInput: Prompts and painted colours do not go together, or the picture cannot be used.
    """
    prompts = lines_of(params.regions)
    picture = picture_arrays.given(params.region_image, ctx.inputs, "regions")
    if picture is None and prompts:
        raise BadInput(
            "There are prompts for regions, but no picture with painted regions.",
            "Paint one: red for the first prompt, green for the second, then blue.",
        )
    return () if picture is None else painted(picture, prompts, *size)


def _tensor(picture: Any, width: int, height: int) -> Tensor:
    small = picture_arrays.resized(picture_arrays.on_white(picture), width, height)
    return torch.from_numpy(small.copy()).permute(2, 0, 1)[None].float() / 255
