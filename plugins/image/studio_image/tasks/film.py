"""The task ``image.film``: a short animation that goes from prompt to prompt, or seed to seed.

Knows no networks: the frames are drawn by the family of the weights.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np

from studio.api import Cancelled, Check, Event, Kind, TaskContext, Verdict
from studio_image import picture_arrays
from studio_image.grid import film_file
from studio_image.schema import Film
from studio_image.starter import weights as starter_weights
from studio_image.tasks import diffusion_film, starter_film


def film(ctx: TaskContext, params: Film) -> Iterator[Event]:
    """Draw the frames and write them as one animation.

    When it is stopped, the film has the frames until then.

    Yields progress with a preview of each frame, a ``video`` artifact, and the result: ``frames``,
    ``duration`` in seconds, ``seeds``, ``width``, ``height``, ``note``.

    Raises:
        BadInput: A prompt has no known word, a size does not fit the weights, or it is too large.
        StudioError: The weights cannot be used, or the format needs a package that is missing.
    """
    film_file.check(params.format)
    is_starter = starter_weights.is_starter(ctx.weights_path(params.weights))
    draw = starter_film.frames if is_starter else diffusion_film.frames
    drawn: list[np.ndarray] = []
    try:
        note = yield from draw(ctx, params, drawn)
        total = params.count(len(params.keys(0)))
        yield ctx.progress(total, total, "Writing the film")
        payload = yield from _written(params, drawn)
    except Cancelled:
        if len(drawn) > 1:
            end = {"ended_early": True}
            payload = film_file.written(drawn, params.format, params.fps, endless=False)
            yield _artifact(ctx, params, drawn, payload, end)
        raise
    yield _artifact(ctx, params, drawn, payload, {"note": note} if note else {})
    high, wide = drawn[0].shape[:2]
    yield ctx.result(
        frames=len(drawn),
        duration=round(len(drawn) / params.fps, 2),
        seeds=[seed for _, seed in params.keys(ctx.rng.seed)],
        width=wide,
        height=high,
        note=note,
    )


def _written(params: Film, drawn: Sequence[np.ndarray]) -> Generator[Event | None, None, bytes]:
    steps = film_file.write_beside(drawn, params.format, params.fps, endless=params.loop)
    for payload in steps:
        if payload is not None:
            return payload
        yield None
    raise AssertionError("it ends with the bytes")


def _artifact(
    ctx: TaskContext,
    params: Film,
    drawn: Sequence[np.ndarray],
    payload: bytes,
    more: dict[str, Any],
) -> Event:
    keys = params.keys(ctx.rng.seed)
    wanted = params.count(len(keys))
    first = picture_arrays.verdict(drawn[0])
    counted = f"{len(drawn)} of {wanted} frames"
    changes = any(not np.array_equal(drawn[0], frame) for frame in drawn[1:])
    return ctx.artifact(
        Kind.VIDEO,
        payload,
        suffix=f".{params.format}",
        title=" → ".join(dict.fromkeys(prompt for prompt, _ in keys))[:80],
        text="\n".join(dict.fromkeys(prompt for prompt, _ in keys)),
        verdict=Verdict(
            (
                *first.checks,
                Check("all frames", len(drawn) == wanted, counted),
                Check("moves", changes, "its pictures differ" if changes else "all are the same"),
            )
        ),
        meta={
            "task": "image.film",
            "params": params.to_dict() | {"seed": ctx.rng.seed},
            "keys": [{"prompt": prompt, "seed": seed} for prompt, seed in keys],
            **more,
        },
        preview=picture_arrays.thumbnail(drawn[0]),
    )
