"""Flow matching (Lipman et al., 2023; Liu et al., 2023) for pictures and tables."""

from __future__ import annotations

from collections.abc import Generator

import torch
from torch import Tensor

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture, Batch
from studio_lab.networks.denoiser import Denoiser, Noised

STEPS = 30
"""Of the way from noise to row; each asks the network twice."""


class FlowMatching(Noised):
    """Learns the direction of straight lines from noise to rows."""

    def __init__(self, shape: Shape, width: int, depth: int, dropout: float = 0.0) -> None:
        """``width`` and ``depth``: of the denoiser."""
        super().__init__(shape)
        self.denoiser = Denoiser(shape, width, depth, dropout)

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean squared error of the direction at a random place of each line."""
        x = batch["x"]
        # Places in the middle teach most (Esser et al., 2024).
        time = torch.sigmoid(torch.randn(len(x), generator=random, device=x.device))
        noise = torch.randn(x.shape, generator=random, device=x.device)
        shaped = time.reshape(-1, *[1] * (x.dim() - 1))
        velocity = self.direction(noise + shaped * (x - noise), time)
        return ((velocity - (x - noise)) ** 2).mean()

    def direction(self, place: Tensor, time: Tensor) -> Tensor:
        """Return where a line leads at ``place``; ``time``, (B,), is 0 at noise, 1 at rows."""
        velocity: Tensor = self.denoiser(place, time)
        return velocity.float()

    def noise_of(self, mixed: Tensor, ratio: Tensor) -> Tensor:
        """Return the noise in rows; see ``Noised``."""
        row, rest = torch.sigmoid(ratio).sqrt(), torch.sigmoid(-ratio).sqrt()
        time = row / (row + rest)
        shaped = [-1, *[1] * (mixed.dim() - 1)]
        place = mixed / (row + rest).reshape(shaped)
        return place - time.reshape(shaped) * self.direction(place, time)

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """Yield the share done; return the ends of lines that begin at noise (Heun's method)."""
        device = next(self.parameters()).device
        x = torch.randn((count, *self.shape.sides), generator=random, device=device)
        for number in range(STEPS):
            time = torch.full((count,), number / STEPS, device=device)
            there = self.direction(x, time)
            after = self.direction(x + there / STEPS, time + 1 / STEPS)
            x = x + (there + after) / (2 * STEPS)
            yield (number + 1) / STEPS
        return x.clamp(-1, 1) if self.shape.kind == "pictures" else x


ARCHITECTURE = Architecture(
    name="flow_matching",
    title="Flow matching",
    explanation=(
        "It learns in which direction noise has to move to become an example, along straight "
        "lines. New examples begin as noise and follow these directions."
    ),
    takes=("pictures", "table"),
    sizes={
        "small": {"width": 48, "depth": 2},
        "medium": {"width": 96, "depth": 2},
        "large": {"width": 160, "depth": 3},
    },
    make=FlowMatching,
    rate=2e-3,
)
