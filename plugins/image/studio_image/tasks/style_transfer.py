"""The task ``image.restyle``: reads pictures, runs the transfer, hands over the result.

Knows no networks.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from studio.api import (
    BadInput,
    Cancelled,
    ErrorCode,
    Event,
    Kind,
    Rung,
    StudioError,
    TaskContext,
    Verdict,
)
from studio_image import picture_arrays
from studio_image.lent import as_lent
from studio_image.repair import faces
from studio_image.restyle.canvas import (
    SHORTEST_SIDE,
    Canvas,
    as_array,
    as_tensor,
    finished,
    fitted_to,
)
from studio_image.restyle.strokes import LUMA, PAINTED, painted
from studio_image.restyle.styles import STYLES, gallery_style, style_file
from studio_image.schema import Restyle

if TYPE_CHECKING:
    from torch import Tensor

    from studio_image.restyle.features import Features
    from studio_image.restyle.transfer import Wish

MAX_STYLES = 8
PREVIEW_EVERY = 5  # steps
STROKES = 1.375  # size of the style pictures against the result: larger ones, larger strokes
LARGEST = 1024  # px: the longer side of what features are computed of; tiles of what is larger
TILE = 512  # px: the side of a tile
_TILE_COUNTS = 4  # of the steps before: about as long takes a tile
PREVIEW = "restyle-preview"
"""Weights that paint the first picture of the included styles; without them it is a sketch."""
_SKETCH, _SKETCH_STEPS = 128, 24  # px: the longer side of the first preview, and its steps
_SKETCH_EVERY = 8  # steps of the sketch
_FIRST = 256  # px: of what is painted in strokes and shown before the picture itself
_SKETCH_FROM = 384  # px: smaller pictures show something soon enough
_SKETCH_SHOWN = 16  # steps of the picture itself, before it has more to show than the sketch
SMALLEST = 64  # px: the longer side of what is still a picture, where memory is short


def restyle(ctx: TaskContext, params: Restyle) -> Iterator[Event]:
    """Give a picture the style of others; when stopped, hand over the picture as it is then.

    What one pass of a network makes of it is shown first where it knows the styles, and the steps
    go on from there; else of a large picture a small one. What is larger than ``LARGEST`` is drawn
    at that size, enlarged, and drawn finer tile by tile. Where memory is short, what is drawn first
    becomes smaller. Faces stay as they are unless that is not wanted. The included styles of
    ``PAINTED``, each alone, are painted stroke by stroke at any size, without weights: what makes
    them up is finer than features of a network can say.

    Yields progress each step with a preview now and then, an ``image`` artifact (PNG), and the
    result: ``width``, ``height``, ``steps`` done, ``seconds``, ``styles``, ``ended_early`` and
    ``note``.

    Raises:
        BadInput: A picture is missing or cannot be read, or the shares of styles do not fit.
        StudioError: The weights cannot be used or do not fit into memory.
    """
    picture = picture_arrays.given(params.image, ctx.inputs)
    if picture is None:
        raise BadInput("There is no picture to restyle.", "Choose a picture.")
    styles = _styles(params)
    if (name := _by_strokes(params)) is not None:
        yield from _with_strokes(ctx, params, picture, name)
        return
    whole = fitted_to(picture, params.size)
    left = _tiles_of(whole)
    yield ctx.progress(0, params.steps + _TILE_COUNTS * left, "Loading")

    def body(side: int) -> Generator[Event, None, Canvas]:
        fitted = fitted_to(picture, side)
        larger = [(fitted_to(style, round(side * STROKES)), share) for style, share in styles]
        return (yield from _painted(ctx, params, fitted, larger, left))

    with ctx.lease(params.weights):  # the model stays, whatever size the picture comes down to
        rungs = _rungs(min(params.size, LARGEST), keeps_size=left > 0)
        canvas = yield from ctx.ladder(rungs, body)
        if left:
            yield from _in_detail(ctx, params, canvas, whole)
    yield from _results(ctx, params, canvas)


def _by_strokes(params: Restyle) -> str | None:
    """Return the style that is painted stroke by stroke; None if the transfer is asked for."""
    style = gallery_style(params.styles[0])
    return style.name if len(params.styles) == 1 and style and style.name in PAINTED else None


def _with_strokes(
    ctx: TaskContext, params: Restyle, picture: np.ndarray, name: str
) -> Iterator[Event]:
    yield ctx.progress(0, 1, "Painting")
    started = time.monotonic()
    fitted = fitted_to(picture, params.size)
    height, width = fitted.shape[:2]
    if max(height, width) >= _SKETCH_FROM:
        small = yield from _with_brush(ctx, params, fitted_to(picture, _FIRST), name)
        share = min(1.0, LARGEST / max(height, width))
        shown = picture_arrays.resized(small[..., :3], round(share * width), round(share * height))
        yield ctx.progress(0, 1, "A first picture", shown)
    result = yield from _with_brush(ctx, params, fitted, name)
    verdict = picture_arrays.verdict(result, size=(width, height), source=fitted)
    yield ctx.progress(1, 1, "Painting")
    yield from _handed_over(
        ctx, params, fitted, result, verdict, params.steps, time.monotonic() - started
    )


def _with_brush(
    ctx: TaskContext, params: Restyle, picture: np.ndarray, name: str
) -> Generator[Event, None, np.ndarray]:
    """Return a picture painted as it was asked for, at its own size."""
    rng = np.random.default_rng(ctx.rng.seed)
    work = partial(painted, picture_arrays.on_white(picture), name, rng)
    result = yield from ctx.in_thread(work)
    return _mixed(picture, result, params)


def _mixed(picture: np.ndarray, painted: np.ndarray, params: Restyle) -> np.ndarray:
    """Blend the painting with its source for the requested strength, colours and opacity."""
    before: np.ndarray = picture[..., :3].astype(np.float32)
    after: np.ndarray = painted.astype(np.float32)
    if params.keep_colours:
        after = before + ((after - before) @ LUMA)[..., None]
    after = before + min(params.strength, 1.0) * (after - before)
    mixed = picture_arrays.from_unit(after / 255)
    return np.dstack((mixed, picture[..., 3])) if picture.shape[2] == 4 else mixed


def _rungs(size: int, *, keeps_size: bool) -> list[Rung[int]]:
    """Return longer sides, each with about half of the pixels of the one before."""
    sides = [side for side in (size * 3 // 4, size // 2, size // 3) if side >= SMALLEST]
    words = (
        "a picture of {} pixels that is then enlarged" if keeps_size else "a picture of {} pixels"
    )
    return [Rung(size), *(Rung(side, words.format(side)) for side in sides)]


def _painted(
    ctx: TaskContext,
    params: Restyle,
    picture: np.ndarray,
    styles: Sequence[tuple[np.ndarray, float]],
    left: int,
) -> Generator[Event, None, Canvas]:
    """Return the picture after all steps, or as many as there was time for.

    Args:
        left: Tiles that will be drawn finer.
    """
    from studio_image.restyle.features import Features
    from studio_image.restyle.transfer import Wish, resized, transfer
    from studio_image.restyle.weights import BYTES_A_PIXEL

    wish = Wish(
        as_tensor(picture),
        [(as_tensor(style), share) for style, share in styles],
        params.strength,
        params.keep_colours,
        params.steps,
    )
    height, width = picture.shape[:2]
    with ctx.lease(params.weights, BYTES_A_PIXEL * height * width) as model:
        features = as_lent(model, Features, params.weights, "restyling")
        canvas = Canvas(wish.content, picture, time.monotonic(), left=left)
        total = params.steps + _TILE_COUNTS * left
        first = yield from _first_picture(ctx, params, wish)
        is_sketched = first is None and max(height, width) >= _SKETCH_FROM
        if first is not None:
            shown = as_array(resized(first, (height, width)))
            yield ctx.progress(0, total, "A first picture", shown)
            wish = replace(wish, start=first)
        elif is_sketched:
            yield from _sketched(ctx, features, wish, total)
        rng = ctx.rng.torch(ctx.device).manual_seed(ctx.rng.seed)
        noise = rng.get_state()
        try:
            for used in _tries(features):
                rng.set_state(noise)
                canvas.done = 0
                for step in transfer(used, wish, rng):
                    if step is None:
                        yield None
                        continue
                    canvas.done, canvas.tensor = canvas.done + 1, step
                    if not canvas.tensor.isfinite().all():
                        break
                    done = canvas.done
                    has_more = not is_sketched or done >= _SKETCH_SHOWN
                    if first is not None:  # the steps began with it, coarse ones may be coarser
                        has_more = max(canvas.tensor.shape) >= max(first.shape)
                    is_shown = has_more and done % PREVIEW_EVERY == 1
                    preview = as_array(canvas.tensor) if is_shown else None
                    yield ctx.progress(done, total, "", preview)
                    if canvas.is_late(params.seconds):
                        break
                if canvas.verdict().passed:
                    break
        except Cancelled:
            if canvas.done:
                # once stopped, a step without news would end it: only results are handed over
                yield from filter(None, _results(ctx, params, canvas))
            raise
    return canvas


def _first_picture(
    ctx: TaskContext, params: Restyle, wish: Wish
) -> Generator[Event | None, None, Tensor | None]:
    """Return the output of one forward pass; None for styles that the network lacks."""
    import torch

    from studio_image.restyle.preview import network as preview

    styles = [gallery_style(name) for name in params.styles]
    shares = torch.zeros(len(preview.STYLES))
    for style, (_, share) in zip(styles, wish.styles, strict=True):
        if style is None or style.name not in preview.STYLES:
            return None
        shares[preview.STYLES.index(style.name)] += share
    rng = ctx.rng.torch(ctx.device).manual_seed(ctx.rng.seed)
    try:
        with ctx.lease(PREVIEW) as model:
            network = as_lent(model, preview.TransformNetwork, PREVIEW, "restyling")
            result = yield from preview.first_picture(network, wish, shares, rng)
    except StudioError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        return None
    return result if result.isfinite().all() else None


def _sketched(ctx: TaskContext, features: Features, wish: Wish, total: int) -> Iterator[Event]:
    """Show a small preview of the result, from its first step on.

    It begins with the colours of the styles, which take no steps; the whole preview is a hundredth
    of the work on a picture of 1,024 pixels.
    """
    from studio_image.restyle.transfer import resized, transfer

    height, width = wish.content.shape[-2:]
    share = _SKETCH / max(height, width)
    small = [max(SHORTEST_SIDE, round(length * share)) for length in (height, width)]
    styles = [
        (resized(style, [max(SHORTEST_SIDE, round(n * share)) for n in style.shape[-2:]]), part)
        for style, part in wish.styles
    ]
    wish = replace(wish, content=resized(wish.content, small), styles=styles, steps=_SKETCH_STEPS)
    rng = ctx.rng.torch(ctx.device).manual_seed(ctx.rng.seed)
    done = 0
    for step in transfer(features, wish, rng):
        if step is None or not step.isfinite().all():
            yield None
            continue
        done += 1
        if done % _SKETCH_EVERY == 1 or done == _SKETCH_STEPS:
            preview = resized(step, (height, width))
            yield ctx.progress(0, total, "A first sketch", as_array(preview))


def _tiles_of(picture: np.ndarray) -> int:
    """Return in how many tiles a picture is drawn finer; 0 if it is small enough."""
    from studio_image.restyle.detail import tiles

    height, width = picture.shape[:2]
    return len(tiles(height, width, TILE)) if max(height, width) > LARGEST else 0


def _in_detail(
    ctx: TaskContext, params: Restyle, canvas: Canvas, picture: np.ndarray
) -> Iterator[Event]:
    """Bring the canvas to the size of ``picture``, and draw it finer as long as there is time."""
    from studio_image.restyle.detail import detailed
    from studio_image.restyle.features import Features
    from studio_image.restyle.transfer import coloured, resized
    from studio_image.restyle.weights import BYTES_A_PIXEL

    small, count, steps = canvas.tensor.cpu(), canvas.left, params.steps
    size = picture.shape[:2]
    canvas.picture, canvas.tensor = picture, resized(small, size).contiguous()
    colours = as_tensor(picture) if params.keep_colours else None
    try:
        with ctx.lease(params.weights, BYTES_A_PIXEL * TILE * TILE) as model:
            features = as_lent(model, Features, params.weights, "restyling")
            for interim in detailed(features, canvas.tensor, small, TILE):
                if interim is None:
                    yield None
                    continue
                canvas.left = count - interim
                done, total = steps + _TILE_COUNTS * interim, steps + _TILE_COUNTS * count
                preview = canvas.preview()
                yield ctx.progress(done, total, f"Detail {interim} of {count}", preview)
                if canvas.is_late(params.seconds):
                    break
    except Cancelled:
        yield from filter(None, _results(ctx, params, canvas))
        raise
    if colours is not None:
        canvas.tensor = coloured(canvas.tensor, colours)


def _tries(features: Features) -> Iterator[Features]:
    """Yield the features, then, for a failed attempt, the same in float32."""
    import torch

    yield features
    if features.dtype != torch.float32:
        yield features.exact()


def _results(ctx: TaskContext, params: Restyle, canvas: Canvas) -> Iterator[Event]:
    """Yield the artifact and the result.

    Raises:
        StudioError: It came to nothing, in float32 too.
    """
    result, seconds = finished(canvas.tensor, canvas.picture), time.monotonic() - canvas.started
    yield from _handed_over(
        ctx, params, canvas.picture, result, canvas.verdict(), canvas.done, seconds, canvas.left
    )


def _handed_over(
    ctx: TaskContext,
    params: Restyle,
    picture: np.ndarray,
    result: np.ndarray,
    verdict: Verdict,
    done: int,
    seconds: float,
    left: int = 0,
) -> Iterator[Event]:
    """Yield the artifact and the result of a picture that took ``done`` steps.

    Args:
        picture: What was restyled, at the same size.
        left: Tiles that were not drawn finer.
    """
    verdict, early = picture_arrays.insist(verdict), done < params.steps
    remarks = [picture_arrays.remark(params.image, ctx.inputs)]
    if left:
        remarks.append(f"{left} tiles were enlarged, but not drawn finer.")
    if params.keep_faces:
        if faces.can_be_found():
            result, count = yield from ctx.in_thread(partial(faces.left_alone, picture, result))
            remarks += [f"{count} faces were left unchanged."] if count > 1 else []
            remarks += ["One face was left unchanged."] if count == 1 else []
        else:
            remarks.append(faces.NOT_LOOKED_FOR)
    note = " ".join(filter(None, remarks))
    height, width = result.shape[:2]
    early = early or left > 0
    facts = {"steps": done, "ended_early": early, "width": width, "height": height}
    recipe = {
        "task": "image.restyle",
        "params": params.to_dict() | {"seed": ctx.rng.seed},
        **facts,
        "note": note,
    }
    title = f"In the style of {_names(params.styles)}"
    file = yield from ctx.in_thread(partial(picture_arrays.png, result, recipe))
    yield ctx.artifact(
        Kind.IMAGE,
        file,
        suffix=".png",
        title=title
        if done == params.steps
        else f"{title}, stopped at step {done} of {params.steps}",
        verdict=verdict,
        meta=recipe,
        preview=picture_arrays.thumbnail(result),
    )
    yield ctx.result(
        **facts,
        seconds=round(seconds, 2),
        styles=params.styles,
        note=note,
    )


def _styles(params: Restyle) -> list[tuple[np.ndarray, float]]:
    """Return the style pictures and the share of each."""
    if not params.styles:
        names = ", ".join(style.name for style in STYLES)
        raise BadInput(
            "There is no style.", f"Choose a picture, or one of the included styles: {names}."
        )
    if len(params.styles) > MAX_STYLES:
        raise BadInput(
            f"{len(params.styles)} styles are too many to mix.", f"Choose up to {MAX_STYLES}."
        )
    shares = _shares(len(params.styles), params.mix)
    chosen = [picture_arrays.read(style_file(name)) for name in params.styles]
    return list(zip(chosen, shares, strict=True))


def _shares(count: int, mix: Sequence[float]) -> list[float]:
    """Return the share of each style, together 1."""
    if not mix:
        return [1 / count] * count
    if len(mix) != count:
        raise BadInput(
            f"There are {len(mix)} weights for {count} styles.",
            "Give one weight per style, or none.",
        )
    if not all(0 <= share < 1e6 for share in mix) or sum(mix) <= 0:
        raise BadInput("Style weights must be 0 or more, and not all 0.", "For example, 2 and 1.")
    return [share / sum(mix) for share in mix]


def _names(styles: Sequence[str]) -> str:
    titles = {style.name: style.title for style in STYLES}
    return " and ".join(titles.get(name.strip().lower(), style_file(name).stem) for name in styles)
