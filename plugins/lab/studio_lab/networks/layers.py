"""Layers that several architectures share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Dropout that draws from a generator it is given: that of torch belongs to everybody.

    Attributes:
        random: What it draws from; without one it does nothing.
    """

    random: torch.Generator | None = None

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with a share of it at 0, and the others larger for it."""
        if not (self.training and self.rate and self.random):
            return x
        mask = torch.rand(x.shape, generator=self.random, device=x.device) >= self.rate
        return x * mask / (1 - self.rate)


def give_randomness(network: nn.Module, random: torch.Generator | None) -> None:
    """Let all dropout of a network draw from ``random``."""
    for module in network.modules():
        if isinstance(module, Dropout):
            module.random = random


def perceptron(
    before: int, width: int, depth: int, after: int, dropout: float = 0.0
) -> nn.Sequential:
    """Return ``depth`` hidden layers of ``width``."""
    layers: list[nn.Module] = [nn.Linear(before, width), nn.SiLU()]
    for _ in range(depth - 1):
        layers += [Dropout(dropout), nn.Linear(width, width), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(width, after))


def is_large(height: int, width: int) -> bool:
    """Whether pictures are too large for layers that join every pixel with every other."""
    return height * width > 256


def picture_encoder(channels: int, sides: tuple[int, int], width: int, after: int) -> nn.Sequential:
    """Return convolutions that halve a picture down to few pixels, then ``after`` numbers.

    Args:
        sides: Height and width of the picture; the shorter one ends at 4 pixels.
    """
    (height, across), layers = sides, list[nn.Module]()
    layers += [nn.Conv2d(channels, width, 3, padding=1), nn.SiLU()]
    while min(height, across) > 4:
        wider = min(2 * width, 256)
        layers += [nn.Conv2d(width, wider, 4, 2, 1), nn.GroupNorm(8, wider), nn.SiLU()]
        height, across, width = height // 2, across // 2, wider
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * height * across, after))


def picture_decoder(
    before: int, channels: int, sides: tuple[int, int], width: int
) -> nn.Sequential:
    """Return the way back: ``before`` numbers → (B, channels, *sides)."""
    halvings = max(0, round(math.log2(min(sides) / 4)))
    height, across = (side // 2**halvings for side in sides)
    wide = min(width * 2**halvings, 256)
    layers: list[nn.Module] = [
        nn.Linear(before, wide * height * across), nn.Unflatten(1, (wide, height, across)),
        nn.SiLU(),
    ]  # fmt: skip
    for number in reversed(range(halvings)):
        narrow = min(width * 2**number, 256)
        layers += [
            nn.Upsample(scale_factor=2), nn.Conv2d(wide, narrow, 3, padding=1),
            nn.GroupNorm(8, narrow), nn.SiLU(),
        ]  # fmt: skip
        wide = narrow
    return nn.Sequential(*layers, nn.Conv2d(wide, channels, 3, padding=1))


class TimeEmbedding(nn.Module):
    """A number from 0 to 1 as waves of many lengths, then two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, time: Tensor) -> Tensor:
        """(B,) → (B, width)."""
        rates = torch.exp(torch.linspace(0, math.log(1000), self.width // 2, device=time.device))
        waves = time[:, None] * rates
        embedding: Tensor = self.layers(torch.cat([waves.sin(), waves.cos()], 1))
        return embedding
