"""The task ``image.edit``: a chain of adjustments to one picture. Changes no pixels itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from studio.api import BadInput, Event, Kind, TaskContext
from studio_image import picture_arrays
from studio_image.repair.adjustment import adjusted
from studio_image.schema import Edit


def edit(ctx: TaskContext, params: Edit) -> Iterator[Event]:
    """Turn, crop, denoise, brighten, balance and resize a picture, which itself stays as it is.

    Yields progress, an ``image`` artifact (PNG, 16 bits per channel if the picture has them), and
    the result: ``width``, ``height``, ``note``.

    Raises:
        BadInput: The picture cannot be used, nothing would be left, or it would be too large.
    """
    picture = picture_arrays.given(params.image, ctx.inputs, deep=True)
    if picture is None:
        raise BadInput("There is no picture to edit.", "Choose a picture.")
    yield ctx.progress(0, 1, "Editing")
    result = yield from ctx.in_thread(partial(adjusted, picture, params))
    height, width = result.shape[:2]
    facts = {"width": width, "height": height}
    recipe = {"task": "image.edit", "params": params.to_dict(), **facts}
    small = picture_arrays.shallow(result)
    verdict = picture_arrays.verdict(small, source=small)
    file = yield from ctx.in_thread(partial(picture_arrays.png, result, recipe))
    yield ctx.progress(1, 1, "Editing")
    yield ctx.artifact(
        Kind.IMAGE,
        file,
        suffix=".png",
        title="{parent}, edited",
        verdict=picture_arrays.insist(verdict),
        meta=recipe,
        preview=picture_arrays.thumbnail(small),
    )
    yield ctx.result(**facts, note=picture_arrays.remark(params.image, ctx.inputs, deep=True))
