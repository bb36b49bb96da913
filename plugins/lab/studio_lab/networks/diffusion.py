"""Diffusion (Ho et al., 2020; Salimans and Ho, 2022: velocities) for pictures and tables."""

from __future__ import annotations

import math
from collections.abc import Generator

import torch
from torch import Tensor

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture, Batch
from studio_lab.networks.denoiser import LEAST_RATIO, Denoiser, Noised, mix, most_ratio

STEPS = 50
"""Of denoising, when a row is made."""


class Diffusion(Noised):
    """Learns the velocity from noise to row at every share of noise."""

    def __init__(self, shape: Shape, width: int, depth: int, dropout: float = 0.0) -> None:
        """``width`` and ``depth``: of the denoiser."""
        super().__init__(shape)
        self.denoiser = Denoiser(shape, width, depth, dropout)

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean squared error of the velocity, with a cosine schedule of noise."""
        x = batch["x"]
        time = torch.rand(len(x), generator=random, device=x.device)
        ratio = ratio_at(time, most_ratio(self.shape))
        noise = torch.randn(x.shape, generator=random, device=x.device)
        mixed, (row, rest) = mix(x, noise, ratio)
        wanted = row * noise - rest * x
        return ((self._velocity(mixed, ratio) - wanted) ** 2).mean()

    def _velocity(self, mixed: Tensor, ratio: Tensor) -> Tensor:
        time = 2 / math.pi * torch.atan(torch.exp(-ratio / 2))
        velocity: Tensor = self.denoiser(mixed, time)
        return velocity.float()

    def noise_of(self, mixed: Tensor, ratio: Tensor) -> Tensor:
        """Return the noise in rows; see ``Noised``."""
        _, (row, rest) = mix(mixed, mixed, ratio)
        return rest * mixed + row * self._velocity(mixed, ratio)

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """Yield the share done; return rows after ``STEPS`` steps (Song et al., 2021)."""
        device = next(self.parameters()).device
        x = torch.randn((count, *self.shape.sides), generator=random, device=device)
        times = torch.linspace(1, 0, STEPS + 1, device=device)
        for number in range(STEPS):
            x = self.denoised(x, times[number], times[number + 1], random)
            yield (number + 1) / STEPS
        return x.clamp(-1, 1) if self.shape.kind == "pictures" else x

    def denoised(self, x: Tensor, time: Tensor, after: Tensor, random: torch.Generator) -> Tensor:
        """Return rows one step later; at the last one without noise."""
        most = most_ratio(self.shape)
        ratio = ratio_at(time, most).expand(len(x))
        velocity = self._velocity(x, ratio)
        _, (row, rest) = mix(x, x, ratio)
        clean, noise = row * x - rest * velocity, rest * x + row * velocity
        if self.shape.kind == "pictures":
            clean = clean.clamp(-1, 1)
        if not bool(after > 0):
            return clean
        _, (next_row, next_rest) = mix(x, x, ratio_at(after, most).expand(len(x)))
        fresh = (next_rest / rest * (1 - (row / next_row) ** 2).clamp_min(0).sqrt()).clamp(max=1)
        fresh = torch.minimum(fresh, next_rest)
        drawn = torch.randn(x.shape, generator=random, device=x.device)
        return (
            next_row * clean + (next_rest**2 - fresh**2).clamp_min(0).sqrt() * noise + fresh * drawn
        )


def ratio_at(time: Tensor, most: float) -> Tensor:
    """Return the logarithm of the ratio of row to noise at ``time``, 0 for none of noise."""
    angle = (math.pi / 2 * time).clamp(1e-4, math.pi / 2 - 1e-4)
    return (-2 * torch.log(torch.tan(angle))).clamp(LEAST_RATIO, most)


ARCHITECTURE = Architecture(
    name="diffusion",
    title="Diffusion",
    explanation=(
        "It learns to remove a little noise from examples, at every share of noise. New examples "
        "begin as pure noise and become clean in small steps."
    ),
    takes=("pictures", "table"),
    sizes={
        "small": {"width": 48, "depth": 2},
        "medium": {"width": 96, "depth": 2},
        "large": {"width": 160, "depth": 3},
    },
    make=Diffusion,
    rate=2e-3,
)
