"""Variational autoencoder (Kingma and Welling, 2014) for pictures and tables."""

from __future__ import annotations

import math
from collections.abc import Generator

import torch
from torch import Tensor, nn

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture, Batch, Network
from studio_lab.networks.layers import is_large, perceptron, picture_decoder, picture_encoder
from studio_lab.networks.likelihood import discretised_logistic

_AT_ONCE = 64
"""Rows that are decoded together."""


class Vae(Network):
    """An encoder to a normal distribution over few numbers, and a decoder back.

    Pictures are discretised logistics, tables normals; each dimension learns its own width.
    """

    def __init__(
        self, shape: Shape, width: int, latent: int, depth: int, dropout: float = 0.0
    ) -> None:
        """``width`` and ``depth``: of the hidden layers; ``latent``: numbers in between."""
        super().__init__(shape)
        size = shape.dimensions
        self.latent = latent
        self.is_flat = shape.kind != "pictures" or not is_large(shape.height, shape.width)
        self.encoder: nn.Sequential
        if self.is_flat:
            self.encoder = perceptron(size, width, depth, 2 * latent, dropout)
            self.decoder = perceptron(latent, width, depth, size, dropout)
        else:
            sides = shape.height, shape.width
            self.encoder = picture_encoder(shape.channels, sides, width // 8, 2 * latent)
            self.decoder = picture_decoder(latent, shape.channels, sides, width // 8)
        self.log_scale = nn.Parameter(torch.full((size,), -1.0))

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean bound."""
        return self.bound(batch, random).mean()

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return the evidence bound with one draw of the latent; see ``Network``."""
        x = batch["x"]
        encoded: Tensor = self.encoder(x.flatten(1) if self.is_flat else x).float()
        mean, log_variance = encoded.clamp(-15, 15).chunk(2, dim=1)
        noise = torch.randn(mean.shape, generator=random, device=x.device)
        latent = mean + torch.exp(log_variance / 2) * noise
        divergence = (mean**2 + log_variance.exp() - 1 - log_variance).sum(1) / 2
        centre = self.decoder(latent).float().flatten(1)
        total = self._unlikelihood(x.flatten(1), centre) + divergence
        return total / self.shape.dimensions

    def _unlikelihood(self, x: Tensor, centre: Tensor) -> Tensor:
        scale = self.log_scale.clamp(-7, 3)
        if self.shape.kind == "pictures":
            return discretised_logistic(x, centre, scale, self.shape.levels).sum(1)
        squared = ((x - centre) * torch.exp(-scale)) ** 2
        return (squared / 2 + scale + math.log(2 * math.pi) / 2).sum(1)

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """Yield the share done; return decoded draws."""
        device = self.log_scale.device
        latent = torch.randn(count, self.latent, generator=random, device=device)
        batches = []
        for start in range(0, count, _AT_ONCE):
            batches.append(self.decode(latent[start : start + _AT_ONCE], random))
            yield min(1.0, (start + _AT_ONCE) / count)
        return torch.cat(batches)

    def decode(self, latent: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Return the rows that (B, latent) numbers stand for.

        Of pictures the middle of the distribution, of tables a draw from it: a column's spread is a
        part of the data.
        """
        rows: Tensor = self.decoder(latent)
        if self.shape.kind == "pictures":
            return rows.clamp(-1, 1).reshape(-1, *self.shape.sides)
        if random is None:
            return rows
        noise = torch.randn(rows.shape, generator=random, device=rows.device)
        return rows + self.log_scale.clamp(-7, 3).exp() * noise


ARCHITECTURE = Architecture(
    name="vae",
    title="Variational autoencoder",
    explanation=(
        "An encoder squeezes each example into a few numbers with a little noise, and a decoder "
        "rebuilds it from them. New examples are decoded from random numbers."
    ),
    takes=("pictures", "table"),
    sizes={
        "small": {"width": 256, "latent": 12, "depth": 2},
        "medium": {"width": 512, "latent": 24, "depth": 3},
        "large": {"width": 1024, "latent": 48, "depth": 4},
    },
    make=Vae,
)
