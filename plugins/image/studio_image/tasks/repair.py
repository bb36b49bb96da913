"""The task ``image.repair``: inpaint masked areas, and extend the picture at its sides.

Knows no networks: it reads parameters, has holes filled, and makes files.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from studio.api import BadInput, Check, Event, Kind, TaskContext, Verdict
from studio_image import picture_arrays
from studio_image.repair import mask as masks
from studio_image.repair import patches
from studio_image.schema import Repair

_PREVIEW = 768
_LEAST_LEFT = 0.01  # of the picture, to fill the rest from
_TOO_MUCH = {
    "masked": (
        "The mask covers nearly the whole picture, so there is nothing to fill it with.",
        "Mask less, or fill with a model.",
    ),
    "extended": (
        "Nearly the whole picture would be new, so there is nothing to fill it with.",
        "Extend it less, or fill with a model.",
    ),
}
_MANY_SCRATCHES = 0.04  # of the picture: where leaves, tiles or hair are taken for scratches


@dataclass(frozen=True)
class Job:
    """A picture, already as large as the result, and what of it is to be made anew.

    Attributes:
        picture: (H, W, 3) uint8.
        alpha: (H, W) uint8, or None for a picture that is nowhere clear.
        mask: (H, W) bool: what must not be seen in the result.
        hole: The mask with what is blended around it: this is filled.
    """

    picture: np.ndarray
    alpha: np.ndarray | None
    mask: np.ndarray
    hole: np.ndarray

    def finished(self, filled: np.ndarray, feather: int) -> np.ndarray:
        """Return the filled picture with its original transparency."""
        result = masks.blended(self.picture, filled, self.mask, feather)
        return result if self.alpha is None else np.dstack((result, self.alpha))


def repair(ctx: TaskContext, params: Repair) -> Iterator[Event]:
    """Replace masked areas and scratches, and extend the sides.

    The mask is a picture of the same size as the one it is for: white areas are replaced. Clear
    parts of a picture stay clear and are not copied from; added sides are opaque.

    Yields progress, an ``image`` artifact (PNG), and the result: ``width``, ``height``,
    ``replaced`` (the share of the picture), ``scale`` (below 1: the parts were filled at a smaller
    size, for they are very large), ``note``.

    Raises:
        BadInput: Picture or mask cannot be used, or nothing is to be repaired.
        StudioError: The weights cannot be used, or a package is missing.
    """
    given = picture_arrays.given(params.image, ctx.inputs)
    if given is None:
        raise BadInput("There is no picture to repair.", "Choose a picture.")
    if params.fill == "model" and not params.weights:
        raise BadInput("There is no model to fill with.", "Fill with the surroundings instead.")
    marks = picture_arrays.given(params.mask, ctx.inputs, "mask")
    yield ctx.progress(0, 1, "Looking at the picture")
    job = yield from ctx.in_thread(partial(_job, params, given, marks))
    if params.fill == "surroundings" and (~job.hole).mean() < _LEAST_LEFT:
        raise BadInput(*_TOO_MUCH["extended" if marks is None else "masked"])
    if params.fill == "model":
        from studio_image.repair.latents import drawn

        filled, scale = yield from drawn(ctx, params, job.picture, job.hole)
    else:
        filled, scale = yield from _from_surroundings(ctx, job)
    yield from _results(ctx, params, job, filled, scale)


def _from_surroundings(
    ctx: TaskContext, job: Job
) -> Generator[Event, None, tuple[np.ndarray, float]]:
    boxes = yield from ctx.in_thread(partial(patches.places, job.hole))
    clear = None if job.alpha is None else (job.alpha == 0) & ~job.hole
    result, least = job.picture.copy(), 1.0
    for done, box in enumerate(boxes):
        yield ctx.progress(done, len(boxes), "Filling from the surroundings", _small(result))
        banned = None if clear is None else clear[box]
        seed = (ctx.rng.seed + done) % 2**32
        work = partial(patches.filled, job.picture[box], job.hole[box], banned, seed)
        result[box], scale = yield from ctx.in_thread(work)
        least = min(least, scale)
    yield ctx.progress(len(boxes), len(boxes), "Filling from the surroundings", _small(result))
    return result, least


def _small(picture: np.ndarray) -> np.ndarray:
    """Return a preview: at most ``_PREVIEW`` pixels wide and high."""
    step = max(1, -(-max(picture.shape[:2]) // _PREVIEW))
    return np.ascontiguousarray(picture[::step, ::step])


def _job(params: Repair, given: np.ndarray, marks: np.ndarray | None) -> Job:
    """Return the work described by the parameters.

    Raises:
        BadInput: The result would be too large, the mask does not fit, or nothing is to be done.
    """
    height, width = given.shape[:2]
    sides = ((params.top, params.bottom), (params.left, params.right))
    tall, wide = height + sum(sides[0]), width + sum(sides[1])
    if tall * wide > picture_arrays.MAX_PIXELS:
        raise BadInput(
            f"The picture would have {wide:,} × {tall:,} pixels; the limit is 100 million.",
            "Extend it less.",
        )
    inner = np.zeros((height, width), bool)
    if marks is not None:
        inner = masks.painted(marks, width, height)
    if params.scratches != "none":
        lines = masks.scratches(given[..., :3], params.scratches)
        inner |= lines
        if (share := float(lines.mean())) > _MANY_SCRATCHES:
            raise BadInput(
                f"{share:.0%} of this picture looks like scratches: its details would be lost.",
                "Paint a mask over the scratches instead.",
            )
    mask = np.pad(inner, sides, constant_values=True)
    if not mask.any():
        raise BadInput("Nothing is to be repaired.", _nothing(params, marks is not None))
    picture = np.pad(given[..., :3], (*sides, (0, 0)), mode="edge")
    alpha = None
    if given.shape[2] == 4:
        alpha = np.pad(given[..., 3], sides, constant_values=255)
    return Job(picture, alpha, mask, masks.grown(mask, params.feather))


def _nothing(params: Repair, has_mask: bool) -> str:
    if has_mask:
        return "The mask is empty: paint over the area to replace."
    if params.scratches != "none":
        return "No scratches were found: paint a mask over them."
    return "Paint a mask, choose a kind of scratches, or extend the picture on a side."


def _results(
    ctx: TaskContext, params: Repair, job: Job, filled: np.ndarray, scale: float
) -> Iterator[Event]:
    result = yield from ctx.in_thread(partial(job.finished, filled, params.feather))
    height, width = result.shape[:2]
    facts = {
        "width": width,
        "height": height,
        "replaced": round(float(job.mask.mean()), 4),
        "scale": round(scale, 3),
    }
    painted = {"masked": "mask" in ctx.inputs}
    verdict = picture_arrays.verdict(result, size=(width, height), source=job.picture)
    same = bool((result[..., :3] == job.picture)[~job.hole].all())
    change = "identical" if same else "it differs"
    checks = (*verdict.checks, Check("rest untouched", same, f"outside the mask: {change}"))
    recipe = {"task": "image.repair", "params": params.to_dict() | {"seed": ctx.rng.seed}} | facts
    recipe |= painted
    file = yield from ctx.in_thread(partial(picture_arrays.png, result, recipe))
    yield ctx.artifact(
        Kind.IMAGE,
        file,
        suffix=".png",
        title=_title(params),
        verdict=picture_arrays.insist(Verdict(checks)),
        meta=recipe,
        preview=picture_arrays.thumbnail(result),
    )
    notes = [picture_arrays.remark(params.image, ctx.inputs)]
    if scale < 1:
        notes.append(f"The new part is very large, so it was filled at {scale:.0%} of its size.")
    yield ctx.result(**facts, note=" ".join(filter(None, notes)))


def _title(params: Repair) -> str:
    stem = Path(params.image).stem
    is_digest = len(stem) == 64 and set(stem) <= set("0123456789abcdef")
    return f"{stem}, repaired" if stem and not is_digest else "{parent}, repaired"
