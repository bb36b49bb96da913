"""Enlarge a restyled picture tile by tile, refining each tile in its own style.

Each tile of the enlarged picture is optimised until its feature correlations match those in the
same place of the small picture, where strokes are sharp. A calm sky stays calm and a busy tree
busy, so that neighbours agree; overlapping tiles are blended.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import torch

from studio_image.restyle.features import Features
from studio_image.restyle.transfer import CONTENT_LAYER, Goal, descend, gram

LAYERS = ("conv1_1", "conv2_1", "conv3_1")
"""What is fine enough to be missing in an enlarged picture."""
STRENGTH = 4.0  # of those against the picture; chosen by looking
STEPS = 8
FADE = 64  # px over which one tile fades into the next
_LEAST = 32  # px of the smaller picture that a tile is compared with


@dataclass(frozen=True)
class Tile:
    """A part of a picture; ``faded``: whether there is a tile before it, (above, left of it)."""

    top: int
    left: int
    height: int
    width: int
    faded: tuple[bool, bool]


def tiles(height: int, width: int, side: int) -> list[Tile]:
    """Return tiles that cover a picture, row by row, each over its neighbours by `FADE` at least.

    Args:
        side: Of a tile, in pixels; more than `FADE`.
    """
    rows, columns = _starts(height, side), _starts(width, side)
    return [
        Tile(top, left, min(side, height), min(side, width), (top > 0, left > 0))
        for top in rows
        for left in columns
    ]


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = -(-(length - FADE) // (side - FADE))
    return [round(number * (length - side) / (count - 1)) for number in range(count)]


def detailed(
    features: Features, canvas: torch.Tensor, small: torch.Tensor, side: int
) -> Iterator[int | None]:
    """Draw ``canvas`` finer in place; yield the number of tiles after each, and None within it.

    Args:
        canvas: (1, 3, H, W) in 0…1: ``small``, enlarged.
        small: The same picture as it was made.
        side: Of a tile, in pixels.
    """
    smooth = canvas.clone()  # a tile that began with its neighbours' detail would draw their border
    height, width = canvas.shape[-2:]
    for number, tile in enumerate(tiles(height, width, side), 1):
        place = _part(canvas, tile)
        refined = yield from _finer(features, _part(smooth, tile), _seen(small, canvas, tile))
        if torch.isfinite(refined).all():
            place.copy_(torch.lerp(place, refined, _window(tile).to(place)))
        yield number


def _finer(
    features: Features, tile: torch.Tensor, example: torch.Tensor
) -> Generator[None, None, torch.Tensor]:
    start = tile.to(features.device)
    content = (yield from features.steps(start))[CONTENT_LAYER].float()
    target = yield from features.steps(example.to(features.device))
    goal = Goal(features, content, {name: gram(target[name]) for name in LAYERS}, STRENGTH)
    refined = start
    for step in descend(goal, start, STEPS):
        if step is None:
            yield None
        else:
            refined = step
    return refined.to(tile)


def _part(canvas: torch.Tensor, tile: Tile) -> torch.Tensor:
    return canvas[..., tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]


def _seen(small: torch.Tensor, canvas: torch.Tensor, tile: Tile) -> torch.Tensor:
    """Return the part of the smaller picture that a tile shows."""
    parts = []
    for axis, (first, length) in zip(
        (-2, -1), ((tile.top, tile.height), (tile.left, tile.width)), strict=True
    ):
        share = small.shape[axis] / canvas.shape[axis]
        most = small.shape[axis]
        long = min(most, max(_LEAST, round(length * share)))
        parts.append(slice(begin := min(round(first * share), most - long), begin + long))
    return small[..., parts[0], parts[1]]


def _window(tile: Tile) -> torch.Tensor:
    """Return how much of a tile shows where, (height, width) in 0…1."""
    down, across = (
        _ramp(length, fades)
        for length, fades in zip((tile.height, tile.width), tile.faded, strict=True)
    )
    return down[:, None] * across[None, :]


def _ramp(length: int, fades: bool) -> torch.Tensor:
    ramp = torch.ones(length)
    if fades:
        places = (torch.arange(FADE) + 0.5) / FADE
        ramp[:FADE] = places * places * (3 - 2 * places)
    return ramp
