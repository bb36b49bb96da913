"""The task ``image.generate`` for the starter weights: a few small drawings, enlarged.

Knows no networks: it reads parameters, steps the sampler and makes files.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from studio.api import BadInput, ErrorCode, Event, Kind, Rung, StudioError, TaskContext, Verdict
from studio_image import picture_arrays
from studio_image.schema import Generate
from studio_image.starter import kept_drawings, sampler
from studio_image.starter.kept_drawings import Batch
from studio_image.starter.network import Caption
from studio_image.starter.sampler import Drawing
from studio_image.starter.weights import Starter
from studio_image.tasks.enlargement import enlarged

SIDE = 64
FACTOR = 4
ENLARGER = "real-esrgan-animevideov3"
"""Weights made for drawings; without them, pictures are enlarged by interpolation and say so."""

_RUNGS = (
    Rung(sampler.BATCH),
    Rung(sampler.BATCH // 2, "two pictures at a time"),
    Rung(1, "one picture at a time"),
)


def generate(ctx: TaskContext, params: Generate) -> Iterator[Event]:
    """Draw with the starter weights.

    Yields progress with a preview after each step, an ``image`` artifact for each picture, and the
    result: ``count``, ``seed``, ``drawn`` (the words used), ``known`` (the trained caption, if it
    is one), ``unknown`` (words left out), ``note``.

    Raises:
        BadInput: The prompt has no known word, or asks for what only diffusion weights can do.
        StudioError: The weights cannot be used, or some of the pictures are none.
    """
    if not params.prompt.strip():
        raise BadInput("There is no prompt.", "Enter a prompt.")
    if params.scheduler not in ("default", "euler"):
        raise BadInput(
            "The starter model supports only the default scheduler.",
            "Choose the scheduler “default”, or a diffusion model.",
        )
    with ctx.lease(params.weights) as starter:
        reading = sampler.understand(params.prompt, params.style, starter)
        drawing = _drawing(ctx, params, starter, reading.caption)
        small: list[np.ndarray] = []
        fresh: dict[str, Batch] = {}
        weights = kept_drawings.digest(starter)
        for first in range(0, params.count, sampler.BATCH):
            progress = partial(_progress, ctx, params, reading, first)
            count = min(sampler.BATCH, params.count - first)
            rng = ctx.rng.torch("cpu")
            key = kept_drawings.key(weights, drawing, count, rng)
            batch = kept_drawings.read(ctx.intermediates.find(key), count)
            if batch is not None:
                rng.set_state(batch.rng)
                yield progress(count, np.stack(batch.pictures))
            else:
                made, exact = yield from _batch(ctx, starter, drawing, count, progress)
                batch = fresh[key] = Batch(made, exact, rng.get_state())
            # once it was needed, it will be for the rest
            drawing = replace(drawing, exact=batch.exact)
            small += batch.pictures
    note, checked = "", [_verdict(picture) for picture in small]
    for number, picture in enumerate(small, 1):
        if not checked[number - 1].passed:
            continue
        large, note = yield from _large(ctx, params, picture, number)
        recipe = _recipe(ctx, params, reading, drawing) | {"variation": number, "note": note}
        yield ctx.artifact(
            Kind.IMAGE,
            picture_arrays.png(large, recipe),
            suffix=".png",
            title=params.prompt.strip()[:80],
            text=params.prompt.strip(),
            verdict=picture_arrays.verdict(large, size=_size(params)),
            meta=recipe,
            preview=picture_arrays.thumbnail(large),
        )
    for key, batch in fresh.items():
        yield ctx.intermediates.keep(key, kept_drawings.written(batch))
    for verdict in checked:  # at the end: the good ones are kept
        picture_arrays.insist(verdict)
    yield ctx.result(
        count=len(small),
        seed=ctx.rng.seed,
        drawn=reading.drawn,
        known=reading.known,
        unknown=list(reading.unknown),
        note=" ".join(filter(None, (_left_out(reading), note, _remark(ctx, params)))),
    )


def _batch(
    ctx: TaskContext,
    starter: Starter,
    drawing: Drawing,
    count: int,
    progress: Callable[[float, np.ndarray], Event],
) -> Generator[Event, None, tuple[list[np.ndarray], bool]]:
    """Return the next pictures (64, 64, 3) in 0…1, and whether they took float32.

    What comes out as no picture is drawn again in float32, from the same noise.
    """
    rng = ctx.rng.torch("cpu")
    noise = rng.get_state()

    def body(at_once: int) -> Generator[Event, None, tuple[list[np.ndarray], bool]]:
        for exact in (drawing.exact, True):
            rng.set_state(noise)
            drawn = replace(drawing, exact=exact, at_once=at_once)
            made = yield from _drawn(starter, drawn, rng, count, progress)
            if exact or all(_verdict(picture).passed for picture in made):
                break
        return made, exact

    return (yield from ctx.ladder(_RUNGS, body))


def _verdict(picture: np.ndarray) -> Verdict:
    drawn = picture_arrays.from_unit(picture)
    return picture_arrays.verdict(drawn, finite=bool(np.isfinite(picture).all()), size=(SIDE, SIDE))


def _drawn(
    starter: Starter,
    drawing: Drawing,
    rng: torch.Generator,
    count: int,
    progress: Callable[[float, np.ndarray], Event],
) -> Generator[Event, None, list[np.ndarray]]:
    """Return the pictures after all steps, or after the first that gave no numbers."""
    arrays = np.empty(0)
    for step, made in sampler.draw(starter, drawing, rng, count):
        arrays = _arrays(made)
        yield progress(count * step / drawing.steps, arrays)
        if not np.isfinite(arrays).all():
            break
    return list(arrays)


def _progress(
    ctx: TaskContext,
    params: Generate,
    reading: sampler.Reading,
    first: int,
    done: float,
    arrays: np.ndarray,
) -> Event:
    return ctx.progress(
        first + done,
        params.count * (2 if params.enlarge else 1),
        f"Drawing {reading.drawn}",
        picture_arrays.row(picture_arrays.from_unit(arrays)),
    )


def _drawing(ctx: TaskContext, params: Generate, starter: Starter, caption: Caption) -> Drawing:
    without = None
    if params.negative.strip():
        without = sampler.understand(params.negative, params.style, starter).caption
    return Drawing(
        caption,
        without,
        start=_start(ctx, params, starter),
        strength=params.strength,
        steps=params.steps or sampler.STEPS,
        guidance=params.guidance or sampler.GUIDANCE,
    )


def _size(params: Generate) -> tuple[int, int]:
    """Return the width and height that the finished picture must have."""
    side = SIDE * FACTOR if params.enlarge else SIDE
    return (params.width or params.height or side, params.height or params.width or side)


def _start(ctx: TaskContext, params: Generate, starter: Starter) -> Tensor | None:
    """Return the latents of the picture to begin with; None to begin with noise."""
    picture = picture_arrays.given(params.init, ctx.inputs)
    if picture is None:
        return None
    small = picture_arrays.fitted(picture_arrays.on_white(picture), SIDE, SIDE)
    device = next(starter.decoder.parameters()).device
    unit = torch.from_numpy(small).permute(2, 0, 1)[None].float().to(device) / 255
    return sampler.encode(starter, unit)


def _arrays(made: Tensor) -> np.ndarray:
    return made.permute(0, 2, 3, 1).float().cpu().numpy()


def _large(
    ctx: TaskContext, params: Generate, picture: np.ndarray, number: int
) -> Generator[Event, None, tuple[np.ndarray, str]]:
    """Return (H, W, 3) uint8 at the size that was asked for, and what there is to say about it."""
    drawn, note = picture_arrays.from_unit(picture), ""
    if params.enlarge:
        drawn, note = yield from _enlarged(ctx, drawn, number, params.count)
    if params.width or params.height:
        width, height = params.width or params.height, params.height or params.width
        drawn = picture_arrays.fitted(drawn, width, height)
    return drawn, note


def _enlarged(
    ctx: TaskContext, picture: np.ndarray, number: int, count: int
) -> Generator[Event, None, tuple[np.ndarray, str]]:
    """Return the picture enlarged; it is the second half of the work for each of ``count``."""
    words = f"Enlarging {number} of {count}" if count > 1 else "Enlarging"
    try:
        with ctx.lease(ENLARGER) as upscaler:
            place = (count + number - 1, 2 * count)
            steps = enlarged(
                ctx,
                upscaler,
                picture,
                FACTOR,
                message=words,
                place=place,
                show=count == 1,  # of several, one in the making must not hide the others
            )
            return (yield from steps), ""
    except StudioError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
    smooth = picture_arrays.resized(picture, FACTOR * SIDE, FACTOR * SIDE)
    return smooth, "Enlarged by interpolation because the enlarging model is not installed."


def _remark(ctx: TaskContext, params: Generate) -> str:
    return picture_arrays.remark(params.init, ctx.inputs)


def _recipe(
    ctx: TaskContext, params: Generate, reading: sampler.Reading, drawing: Drawing
) -> dict[str, Any]:
    """Return what makes the same picture again, and how it was understood."""
    used = {"steps": drawing.steps, "guidance": drawing.guidance, "seed": ctx.rng.seed}
    return {
        "task": "image.generate",
        "params": params.to_dict() | used,
        "drawn": reading.drawn,
        "known": reading.known,
        "unknown": list(reading.unknown),
        "float32": drawing.exact,
    }


def _left_out(reading: sampler.Reading) -> str:
    if not reading.unknown:
        return ""
    words = ", ".join(reading.unknown)
    return f"This model doesn't know: {words}."
