"""RealNVP (Dinh et al., 2017) for tables and small pictures: exact likelihoods, both ways.

Rows become draws of Student's t, not of a normal: outliers, which tables have, are then unlikely
and not absurd (Alexanderson and Henter, 2020). Wine, 178 rows: 1.3 nats per dimension, 8 with a
normal; a plain normal distribution has 1.4.
"""

from __future__ import annotations

import math
from collections.abc import Generator

import torch
from torch import Tensor, nn

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture, Batch, Network
from studio_lab.networks.layers import perceptron

_MOST_SCALE = 1.0
_AT_ONCE = 256
_FREEDOM = 5
"""Of Student's t."""
_BLUR = 0.05
"""Noise that rows of a table learn with, whose spread is 1: a density of equal values, as of
classes, would have no end."""


class NormalisingFlow(Network):
    """Couplings that move half of the numbers, by as much as the other half says."""

    def __init__(self, shape: Shape, width: int, depth: int, dropout: float = 0.0) -> None:
        """``width``: of the hidden layers; ``depth``: number of couplings."""
        super().__init__(shape)
        size = shape.dimensions
        self.couplings = nn.ModuleList(
            _Coupling(size, width, number, dropout) for number in range(depth)
        )
        self.centre = nn.Parameter(torch.zeros(size))
        self.log_scale = nn.Parameter(torch.zeros(size))

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean bound; of tables for rows with a little noise."""
        x = batch["x"]
        if self.shape.kind == "table":
            x = x + _BLUR * torch.randn(x.shape, generator=random, device=x.device)
        return self.bound({"x": x}, random).mean()

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return the negative log-likelihood; of pictures with noise as wide as a level.

        That makes a density a bound on the likelihood of levels (Theis et al., 2016).
        """
        x = batch["x"].flatten(1)
        size, level = self.shape.dimensions, 0.0
        if self.shape.kind == "pictures":
            bin = 2 / (self.shape.levels - 1)
            x = x + bin * (torch.rand(x.shape, generator=random, device=x.device) - 0.5)
            level = size * math.log(bin)
        volume = torch.zeros(len(x), device=x.device)
        for coupling in self.couplings:
            x, grown = coupling(x)
            volume = volume + grown
        scaled = (x - self.centre) * torch.exp(-self.log_scale)
        base = (unlikelihood(scaled) + self.log_scale).sum(1)
        return (base - volume - level) / size

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """Yield the share done; return draws of Student's t that went all the way back."""
        device, batches = self.centre.device, []
        for start in range(0, count, _AT_ONCE):
            rows = min(_AT_ONCE, count - start)
            draws = (1 + _FREEDOM, rows, self.shape.dimensions)
            normal = torch.randn(draws, generator=random, device=device)
            noise = normal[0] / (normal[1:] ** 2).mean(0).sqrt()
            x = self.centre + self.log_scale.exp() * noise
            for number in reversed(range(len(self.couplings))):
                coupling = self.couplings[number]
                assert isinstance(coupling, _Coupling)
                x = coupling.back(x)
            batches.append(x)
            yield min(1.0, (start + rows) / count)
        x = torch.cat(batches)
        return x.clamp(-1, 1).reshape(-1, *self.shape.sides) if self.shape.kind == "pictures" else x


def unlikelihood(x: Tensor) -> Tensor:
    """Return the negative log-likelihood of each number under Student's t."""
    half = (_FREEDOM + 1) / 2
    constant = math.lgamma(_FREEDOM / 2) - math.lgamma(half) + math.log(_FREEDOM * math.pi) / 2
    return half * torch.log1p(x**2 / _FREEDOM) + constant


class _Coupling(nn.Module):
    """Moves the half that ``mask`` leaves out."""

    mask: Tensor

    def __init__(self, size: int, width: int, number: int, dropout: float) -> None:
        super().__init__()
        # Halves differ from coupling to coupling, and are the same for each network of this shape.
        order = torch.randperm(size, generator=torch.Generator().manual_seed(number // 2))
        mask = torch.zeros(size)
        mask[order[: (size + 1) // 2]] = 1
        self.register_buffer("mask", mask if number % 2 else 1 - mask)
        self.layers = perceptron(size, width, 2, 2 * size, dropout)
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def _told(self, x: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.layers(x * self.mask).float().chunk(2, 1)
        moves = 1 - self.mask
        return _MOST_SCALE * torch.tanh(scale / _MOST_SCALE) * moves, shift * moves

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return where (B, N) rows go, and the logarithm of how much room that makes."""
        scale, shift = self._told(x)
        return x * torch.exp(scale) + shift, scale.sum(1)

    def back(self, x: Tensor) -> Tensor:
        """Return where rows came from."""
        scale, shift = self._told(x)
        return (x - shift) * torch.exp(-scale)


ARCHITECTURE = Architecture(
    name="normalising_flow",
    title="Normalising flow",
    explanation=(
        "A chain of reversible steps bends examples into a cloud of plain noise, so that the "
        "likelihood of each is known exactly. New examples are noise sent back through the chain."
    ),
    takes=("table", "pictures"),
    sizes={
        "small": {"width": 128, "depth": 8},
        "medium": {"width": 256, "depth": 12},
        "large": {"width": 384, "depth": 20},
    },
    make=NormalisingFlow,
)
