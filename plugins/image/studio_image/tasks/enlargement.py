"""The task ``image.enlarge``: one picture, or a folder of them. Knows no networks."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from studio.api import BadInput, Check, Event, Kind, Rung, TaskContext, Verdict
from studio_image import picture_arrays
from studio_image.lent import as_lent
from studio_image.schema import PICTURE_SUFFIXES, Enlarge
from studio_image.upscale.enlargement import MAX_PIXELS, free_memory, refuse_giants
from studio_image.upscale.enlargement import enlarged as enlarging
from studio_image.upscale.model import Upscaler
from studio_image.upscale.tiles import SMALLEST, side_for

LIKENESS = 40.0
"""Mean difference, of 255, between a picture and its enlarged one made small again."""
GIVEN = "The picture"


@dataclass
class _Batch:
    """Pending pictures, and the failed ones."""

    names: list[str]
    done: int = 0
    skipped: list[str] = field(default_factory=list)
    pace: float = 0.0
    """Pixels a second that the last one took."""

    def saying(self, name: str) -> str:
        """Return the line under the progress bar."""
        if len(self.names) == 1:
            return f"Enlarging {name}" if name != GIVEN else "Enlarging"
        return f"{self.done + 1} of {len(self.names)}: {name}"


def enlarge(ctx: TaskContext, params: Enlarge) -> Iterator[Event]:
    """Enlarge or restore.

    In a folder, pictures that cannot be used are left out and named; what is finished is kept when
    the job is stopped.

    Yields progress within each tile, a preview after each, an ``image`` artifact for each picture,
    and the result: ``count``, ``skipped`` (sentences), ``note``, ``width`` and ``height`` of the
    last, and ``pixels_per_second`` of what it was made from.

    Raises:
        BadInput: There is nothing to enlarge, or the only picture cannot be used.
        StudioError: The weights cannot be used.
    """
    sources = _sources(ctx, params)
    batch = _Batch([name for name, _ in sources])
    last = None
    with ctx.lease(params.weights) as model:
        upscaler = as_lent(model, Upscaler, params.weights, "enlarging pictures")
        for name, source in sources:
            try:
                picture = picture_arrays.read(source, name)
                last = yield from _one(ctx, params, upscaler, picture, batch)
            except BadInput as error:
                if len(sources) == 1:
                    raise
                batch.skipped.append(f"{error}")
            batch.done += 1
    if last is None:
        raise BadInput("None of these pictures could be used.", batch.skipped[0])
    yield ctx.result(
        count=batch.done - len(batch.skipped),
        skipped=batch.skipped,
        note=_note(ctx, params, batch),
        width=last.shape[1],
        height=last.shape[0],
        pixels_per_second=round(batch.pace),
    )


def enlarged(
    ctx: TaskContext,
    upscaler: Upscaler,
    picture: np.ndarray,
    factor: int = 4,
    *,
    side: int = 0,
    message: str = "Enlarging",
    place: tuple[int, int] = (0, 1),
    show: bool = True,
) -> Generator[Event, None, np.ndarray]:
    """Yield progress for any task; return the picture, ``factor`` times larger.

    Args:
        picture: (H, W, 3 or 4) uint8.
        side: Of the tiles, in pixels; 0 for what fits.
        place: Which picture of how many this is.
        show: Send a preview after each tile.
    """

    def body(side: int) -> Generator[Event, None, np.ndarray]:
        steps = enlarging(upscaler, picture, factor, side)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                result: np.ndarray = end.value
                return result
            done = place[0] + step.done / step.total
            yield ctx.progress(done, place[1], message, step.preview if show else None)

    return (yield from ctx.ladder(_rungs(upscaler, picture, side), body))


def _rungs(upscaler: Upscaler, picture: np.ndarray, side: int) -> list[Rung[int]]:
    """Return tiles of the wanted side, or of what fits, then of half of that and so on."""
    longest = max(picture.shape[:2])
    fits = side or side_for(free_memory(upscaler.device), upscaler.pixel_bytes)
    smaller = min(fits, -(-longest // 4) * 4) // 2
    rungs = [Rung(side)]
    while smaller >= SMALLEST:
        rungs.append(Rung(smaller, f"tiles of {smaller} pixels"))
        smaller //= 2
    return rungs


def _note(ctx: TaskContext, params: Enlarge, batch: _Batch) -> str:
    if batch.skipped:
        return f"Skipped: {' '.join(batch.skipped)}"
    return picture_arrays.remark(params.image, ctx.inputs)


def _is_digest(stem: str) -> bool:
    """Whether a file is called as the library calls its own: words for nobody."""
    return len(stem) == 64 and set(stem) <= set("0123456789abcdef")


def _sources(ctx: TaskContext, params: Enlarge) -> list[tuple[str, Path | bytes]]:
    if "image" in ctx.inputs:
        return [(GIVEN, bytes(ctx.inputs["image"]))]
    if params.image:
        path = Path(params.image).expanduser()
        return [(GIVEN if _is_digest(path.stem) else path.name, path)]
    if not params.folder:
        raise BadInput(
            "There is no picture to enlarge.", "Choose a picture or a folder of pictures."
        )
    folder = Path(params.folder).expanduser()
    try:
        files = sorted(file for file in folder.iterdir() if _is_picture(file))
    except OSError as error:
        why = error.strerror or str(error)
        raise BadInput(
            f"The folder {folder.name} cannot be read: {why}.", "Choose another folder."
        ) from error
    if not files:
        raise BadInput(
            f"There are no pictures in the folder {folder.name}.", "Choose another folder."
        )
    return [(file.name, file) for file in files]


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in PICTURE_SUFFIXES and file.is_file()


def _one(
    ctx: TaskContext, params: Enlarge, upscaler: Upscaler, picture: np.ndarray, batch: _Batch
) -> Generator[Event, None, np.ndarray]:
    name = batch.names[batch.done]
    size = params.size_of(picture.shape[1], picture.shape[0])
    refuse_giants(*size)
    factor = _factor(picture, size, upscaler.scale)
    began = time.monotonic()
    place, message = (batch.done, len(batch.names)), batch.saying(name)
    result = yield from enlarged(
        ctx, upscaler, picture, factor, side=params.tile, message=message, place=place
    )
    if not _verdict(picture, result, factor).passed and upscaler.dtype != torch.float32:
        result = yield from enlarged(
            ctx, upscaler.exact(), picture, factor, side=params.tile, message=message, place=place
        )
    if result.shape[1::-1] != size:
        result = yield from ctx.in_thread(partial(picture_arrays.resized, result, *size))
    checks = picture_arrays.insist(picture_arrays.verdict(result, size=size, source=picture)).checks
    recipe = _recipe(params, name)
    batch.pace = picture.shape[0] * picture.shape[1] / max(time.monotonic() - began, 1e-3)
    dpi = params.dpi if params.asked == "print" else 0
    file = yield from ctx.in_thread(partial(picture_arrays.png, result, recipe, dpi=dpi))
    alike = yield from ctx.in_thread(partial(likeness, picture, result))
    yield ctx.artifact(
        Kind.IMAGE,
        file,
        suffix=".png",
        title=_title(name, params, size),
        verdict=Verdict((*checks, alike)),
        meta=recipe,
        preview=picture_arrays.thumbnail(result),
    )
    return result


def _verdict(picture: np.ndarray, result: np.ndarray, factor: int) -> Verdict:
    height, width = picture.shape[:2]
    return picture_arrays.verdict(result, size=(width * factor, height * factor), source=picture)


def likeness(picture: np.ndarray, result: np.ndarray) -> Check:
    """Return whether the result, made small again, shows the picture; some networks change much."""
    height, width = picture.shape[:2]
    small = picture_arrays.on_white(picture_arrays.resized(result, width, height)).astype(
        np.float32
    )
    apart = float(np.abs(small - picture_arrays.on_white(picture)).mean())
    evidence = f"scaled back down, it differs by {apart:.1f} of 255 on average"
    return Check("matches the original", apart < LIKENESS, evidence)


def _recipe(params: Enlarge, name: str) -> dict[str, Any]:
    return {"task": "image.enlarge", "params": params.to_dict(), "picture": name}


def _factor(picture: np.ndarray, size: tuple[int, int], scale: int) -> int:
    """Return how much the network enlarges: the least of 1, 2, 4 that is enough, else 8.

    What is more than asked is taken back by resampling; what is less is added so.
    """
    wanted = max(size[0] / picture.shape[1], size[1] / picture.shape[0])
    if scale == 1:  # these weights only restore
        return 1
    height, width = picture.shape[:2]
    fitting = (n for n in (1, 2, 4, 8) if n >= wanted - 1e-6)
    factor = next(fitting, 8)
    while factor > 1 and height * width * factor**2 > MAX_PIXELS:
        factor //= 2
    return factor


def _title(name: str, params: Enlarge, size: tuple[int, int]) -> str:
    stem = "{parent}" if name == GIVEN else Path(name).stem
    if params.asked != "scale":
        return f"{stem}, {size[0]} × {size[1]}"
    return f"{stem}, restored" if params.factor == "1" else f"{stem}, {params.factor} × larger"
