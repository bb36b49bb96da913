"""The frames of a film by the starter weights."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
from torch import Tensor

from studio.api import BadInput, ErrorCode, Event, StudioError, TaskContext
from studio_image import picture_arrays
from studio_image.schema import Film
from studio_image.starter import between, sampler
from studio_image.starter.nearest import read
from studio_image.starter.weights import Starter
from studio_image.tasks.enlargement import enlarged
from studio_image.tasks.starter_generation import ENLARGER, FACTOR, SIDE


def frames(ctx: TaskContext, params: Film, drawn: list[np.ndarray]) -> Generator[Event, None, str]:
    """Append the frames to ``drawn``, (H, W, 3) uint8; return a note on them.

    Raises:
        BadInput: A prompt has no known word, or the parameters ask too much of these weights.
    """
    if params.scheduler not in ("default", "euler"):
        raise BadInput(
            "The starter model supports only the default scheduler.",
            "Choose the scheduler “default”, or a diffusion model.",
        )
    small = list[np.ndarray]()
    with ctx.lease(params.weights) as starter:
        planned, note = _planned(ctx, params, starter)
        for first in range(0, len(planned), sampler.BATCH):
            some = planned[first : first + sampler.BATCH]
            pictures = np.empty(0)
            for step, small_pictures in enumerate(_steps(starter, params, some), 1):
                pictures = small_pictures.permute(0, 2, 3, 1).float().cpu().numpy()
                done = first + len(some) * step / (params.steps or sampler.STEPS)
                yield ctx.progress(
                    done,
                    len(planned) * (2 if params.enlarge else 1),
                    f"Drawing frame {min(first + len(some), len(planned))} of {len(planned)}",
                    picture_arrays.from_unit(pictures)[0],
                )
            small += list(picture_arrays.from_unit(pictures))
            if not params.enlarge:
                drawn += [_sized(params, frame) for frame in small[first:]]
    if not params.enlarge:
        return note
    missing = yield from _enlarge(ctx, params, small, drawn)
    return " ".join(filter(None, (note, missing)))


def _planned(ctx: TaskContext, params: Film, starter: Starter) -> tuple[list[between.Frame], str]:
    keys = params.keys(ctx.rng.seed)
    readings = [read(ctx, prompt, params.style, starter).first() for prompt, _ in keys]
    planned = [
        between.Frame(
            (keys[a][1], keys[b][1]),
            (readings[a].subjects[0].caption, readings[b].subjects[0].caption),
            share,
        )
        for a, b, share in params.places(len(keys))
    ]
    unknown = list(dict.fromkeys(word for reading in readings for word in reading.unknown))
    return planned, f"This model doesn't know: {', '.join(unknown)}." if unknown else ""


def _steps(starter: Starter, params: Film, some: list[between.Frame]) -> Iterator[Tensor]:
    return between.draw(
        starter,
        some,
        steps=params.steps or sampler.STEPS,
        guidance=params.guidance or sampler.GUIDANCE,
    )


def _enlarge(
    ctx: TaskContext, params: Film, small: list[np.ndarray], drawn: list[np.ndarray]
) -> Generator[Event, None, str]:
    """Append ``small`` four times larger; return a note on the method."""
    total = len(small)
    try:
        with ctx.lease(ENLARGER) as upscaler:
            for number, frame in enumerate(small):
                words = f"Enlarging frame {number + 1} of {total}"
                place = (total + number, 2 * total)
                larger = yield from enlarged(
                    ctx, upscaler, frame, FACTOR, message=words, place=place, show=False
                )
                drawn.append(_sized(params, larger))
    except StudioError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        drawn += [
            _sized(params, picture_arrays.resized(frame, FACTOR * SIDE, FACTOR * SIDE))
            for frame in small[len(drawn) :]
        ]
        return "Enlarged by interpolation because the enlarging model is not installed."
    return ""


def _sized(params: Film, frame: np.ndarray) -> np.ndarray:
    if not params.width and not params.height:
        return frame
    width, height = params.width or params.height, params.height or params.width
    return picture_arrays.fitted(frame, width, height)
