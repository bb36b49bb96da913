"""The starter generator draws: captions that it knows and noise become pictures.

Loads nothing and writes no files; the seed's generator is its only randomness.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from studio_image.restyle.features import fast_dtype
from studio_image.starter.network import (
    LATENT_CHANNELS,
    LATENT_SIDE,
    MAX_WORDS,
    STYLES,
    TOKENS,
    Caption,
)
from studio_image.starter.related_styles import related
from studio_image.starter.weights import Starter

STEPS = 12
GUIDANCE = 3.0
BATCH = 4
"""Always so many at once: a picture must not depend on how many others were asked for."""

NO_CAPTION = (0,) * (MAX_WORDS + 2)
"""What guidance leads away from by default, learned from the captions that training left out."""


@dataclass(frozen=True)
class Drawing:
    """Subject and sampling settings of a drawing.

    Attributes:
        without: Caption for negative guidance; by default, no caption at all.
        start: Latents (16, 32) of a picture to begin with; ``strength`` is how much may change.
        exact: Compute in float32.
        at_once: So many pictures are computed together; fewer take less memory.
        styles: Those of the ``BATCH`` pictures, if not the caption's.
        reach: Maximum random shift of each: 1 is 4 pixels of 64.
    """

    caption: Caption
    without: Caption | None = None
    start: Tensor | None = None
    strength: float = 1.0
    steps: int = STEPS
    guidance: float = GUIDANCE
    exact: bool = False
    at_once: int = BATCH
    styles: tuple[str, ...] = ()
    reach: float = 0.0

    def rows(self) -> list[list[int]]:
        """Return the generator's input row for each picture of a batch."""
        styles = [1 + STYLES.index(style) for style in self.styles]
        styles = styles or [self.caption.style] * BATCH
        return [replace(self.caption, style=style).row() for style in styles]


def draw(
    starter: Starter, drawing: Drawing, rng: torch.Generator, count: int = BATCH
) -> Iterator[tuple[int, Tensor]]:
    """Yield, after each Euler step, the step's number and the pictures as they look by now.

    The last ones yielded are the result.

    Args:
        count: At most ``BATCH``.

    Yields:
        Number from 1, pictures (count, 3, 64, 64) in 0…1.
    """
    device = next(starter.generator.parameters()).device
    away = drawing.without.row() if drawing.without else NO_CAPTION
    rows = torch.tensor(drawing.rows(), device=device)
    x = torch.randn((BATCH, TOKENS, LATENT_CHANNELS), generator=rng).to(device)
    pose = torch.zeros(BATCH, 3)
    if drawing.reach:
        pose[:, 1:] = (torch.rand((BATCH, 2), generator=rng) * 2 - 1) * drawing.reach
    first = 0.0
    if drawing.start is not None:
        first = 1 - drawing.strength
        x = torch.lerp(x, drawing.start.to(device).expand_as(x), first)
    flowing = flow(
        starter,
        rows,
        torch.tensor([away] * BATCH, device=device),
        x,
        first=first,
        steps=drawing.steps,
        guidance=drawing.guidance,
        exact=drawing.exact,
        at_once=drawing.at_once,
        pose=pose.to(device),
    )
    for step, latents in enumerate(flowing, 1):
        parts = latents.split(drawing.at_once)
        pictures = [decode(starter, part, exact=drawing.exact) for part in parts]
        yield step, torch.cat(pictures)[:count]


def flow(
    starter: Starter,
    rows: Tensor,
    away: Tensor,
    x: Tensor,
    *,
    first: float = 0.0,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
    exact: bool = False,
    at_once: int | None = None,
    pose: Tensor | None = None,
    lean: Tensor | None = None,
) -> Iterator[Tensor]:
    """Yield, after each Euler step, the latents (n, 16, 32) that ``x`` leads to by now.

    The last ones yielded are the result.

    Args:
        rows: Captions (n, MAX_WORDS + 2) to draw, and ``away``, the ones to lead away from.
        x: Noise (n, 16, 32), or something on its way to a picture.
        first: The time of ``x``: 0 is noise, 1 a picture.
        at_once: Of the n, by default all.
        pose: Where each is drawn (n, 3), as the generator takes it; by default in the middle.
        lean: Captions (n, MAX_WORDS + 2) that lead the shapes; by default what `related` says.
    """
    size = at_once or len(x)
    poses = (x.new_zeros(len(x), 3) if pose is None else pose).split(size)
    lean = related(rows, starter.trained) if lean is None else lean
    wanted = zip(rows.split(size), away.split(size), lean.split(size), strict=True)
    captions = [_asked(*caption) for caption in wanted]
    for step in range(steps):
        now = first + (1 - first) * step / steps
        with torch.inference_mode():
            with precision(x, exact):
                parts = zip(x.split(size), captions, poses, strict=True)
                velocity = torch.cat([_velocity(starter, *part, now, guidance) for part in parts])
            ahead = x + (1 - now) * velocity
            x = x + (1 - first) / steps * velocity
        yield ahead if step + 1 < steps else x


@torch.inference_mode()
def decode(starter: Starter, latents: Tensor, *, exact: bool = False) -> Tensor:
    """Return latents (n, 16, 32) as pictures (n, 3, 64, 64) in 0…1; not clipped for NaN."""
    square = latents.transpose(1, 2).reshape(-1, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE)
    with precision(square, exact):
        decoded: Tensor = starter.decoder(square)
    return ((decoded.float() + 1) / 2).clamp(0, 1)


@torch.inference_mode()
def encode(starter: Starter, pictures: Tensor) -> Tensor:
    """Return pictures (n, 3, 64, 64) in 0…1 as latents (n, 16, 32)."""
    with precision(pictures):
        latents: Tensor = starter.encoder(pictures * 2 - 1)
    return latents.float().flatten(2).transpose(1, 2)


def _asked(rows: Tensor, away: Tensor, lean: Tensor) -> Tensor:
    """Return the captions to ask for in one pass, the third part only where any of it differs."""
    return torch.cat([rows, away] if torch.equal(rows, lean) else [rows, away, lean])


def _velocity(
    starter: Starter, x: Tensor, rows: Tensor, pose: Tensor, now: float, guidance: float
) -> Tensor:
    time, times = torch.full((len(rows),), now, device=x.device), len(rows) // len(x)
    velocity: Tensor = starter.generator(
        torch.cat([x] * times), time, rows, torch.cat([pose] * times)
    )
    parts: list[Tensor] = list(velocity.float().split(len(x)))
    towards, away = parts[0], parts[1]
    for led in parts[2:]:
        towards = torch.lerp(led, towards, now)
    return away + guidance * (towards - away)


def precision(like: Tensor, exact: bool = False) -> Any:
    """bfloat16, as in training, four times faster than float32.

    Where a machine only emulates it, it is three times slower: there, and if ``exact``, float32.
    """
    half = not exact and fast_dtype(like.device) == torch.bfloat16
    return torch.autocast(like.device.type, torch.bfloat16, enabled=half)
