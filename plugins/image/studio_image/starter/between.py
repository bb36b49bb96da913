"""Drawings of the starter generator that lie between two others. Loads nothing, writes no files.

Noise goes along the arc between two noises; of two captions both directions are asked
for, and mixed: what lies between two words was never learned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from studio_image.diffusion.noise import slerp
from studio_image.starter import sampler
from studio_image.starter.network import LATENT_CHANNELS, TOKENS, Caption
from studio_image.starter.weights import Starter


@dataclass(frozen=True)
class Frame:
    """One drawing between two.

    Attributes:
        seeds, captions: Of the one before and the one after.
        share: How far it is, from 0 to 1.
    """

    seeds: tuple[int, int]
    captions: tuple[Caption, Caption]
    share: float


def noise(seed: int) -> Tensor:
    """Return the noise (16, 32) of the first drawing of a seed, as `sampler.draw` begins."""
    shape = (sampler.BATCH, TOKENS, LATENT_CHANNELS)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))[0]


def draw(
    starter: Starter, frames: Sequence[Frame], *, steps: int, guidance: float, exact: bool = False
) -> Iterator[Tensor]:
    """Yield pictures (n, 3, 64, 64) in 0…1 after each Euler step; the last ones are the result."""
    device = next(starter.generator.parameters()).device
    shares = torch.tensor([frame.share for frame in frames], device=device)[:, None, None]
    starts = [
        slerp(noise(moment.seeds[0]), noise(moment.seeds[1]), moment.share) for moment in frames
    ]
    x = torch.stack(starts).to(device)
    before, after = (
        torch.tensor([frame.captions[at].row() for frame in frames], device=device) for at in (0, 1)
    )
    away = torch.tensor([sampler.NO_CAPTION] * len(frames), device=device)
    differ = not torch.equal(before, after)
    rows = torch.cat([before, after, away] if differ else [before, away])
    pose = torch.zeros(len(rows), 3, device=device)
    for step in range(steps):
        now = step / steps
        time = torch.full((len(rows),), now, device=device)
        with torch.inference_mode(), sampler.precision(x, exact):
            repeated = torch.cat([x] * (len(rows) // len(x)))
            *towards, without = starter.generator(repeated, time, rows, pose).float().split(len(x))
        mixed = torch.lerp(towards[0], towards[-1], shares)
        velocity = without + guidance * (mixed - without)
        ahead = x + (1 - now) * velocity
        x = x + velocity / steps
        yield sampler.decode(starter, x if step + 1 == steps else ahead, exact=exact)
