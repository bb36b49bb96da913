"""VQ-VAE (van den Oord et al., 2017): pictures as a grid of codes, and a prior over them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import BOUND, Architecture, Batch, Network
from studio_lab.networks.likelihood import discretised_logistic
from studio_lab.networks.pixelcnn import PixelCnn

_COMMITMENT = 0.25


class VqVae(Network):
    """Convolutions to the nearest entries of a codebook and back; a PixelCNN over the entries."""

    phases: ClassVar[tuple[str, ...]] = ("network", "prior")
    validation_name: ClassVar[str] = BOUND

    def __init__(
        self, shape: Shape, width: int, codes: int, depth: int, dropout: float = 0.0
    ) -> None:
        """``width``: channels; ``codes``: entries of the codebook; ``depth``: of the prior."""
        super().__init__(shape)
        halvings = 1 if min(shape.height, shape.width) <= 16 else 2
        down: list[nn.Module] = [nn.Conv2d(shape.channels, width, 3, padding=1), nn.SiLU()]
        up: list[nn.Module] = []
        for _ in range(halvings):
            down += [nn.Conv2d(width, width, 4, 2, 1), nn.SiLU()]
            up += [nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), nn.Upsample(scale_factor=2)]
        self.encoder = nn.Sequential(*down, nn.Conv2d(width, width, 1))
        self.decoder = nn.Sequential(
            *up, nn.Conv2d(width, width, 3, padding=1), nn.SiLU(),
            nn.Conv2d(width, shape.channels, 3, padding=1),
        )  # fmt: skip
        self.codebook = nn.Parameter(torch.randn(codes, width) * 0.5)
        self.log_scale = nn.Parameter(torch.full(shape.sides, -1.0))
        height, across = (side // 2**halvings for side in (shape.height, shape.width))
        grid = Shape("pictures", 1, height, across, levels=codes)
        self.prior = PixelCnn(grid, width, depth, dropout)

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the loss of codes and decoder, or that of the prior on the codes."""
        x = batch["x"]
        before = self.encoder(x)
        numbers = self._nearest(before)
        if phase == "prior":
            return self.prior.bound({"x": self._as_picture(numbers)}, random).mean()
        entries = self.codebook[numbers].permute(0, 3, 1, 2)
        passed = before + (entries - before).detach()
        apart = F.mse_loss(entries, before.detach()) + _COMMITMENT * F.mse_loss(
            before, entries.detach()
        )
        return self._unlikelihood(x, passed).mean() / self.shape.dimensions + apart

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return what codes and pixels cost together: each picture has one set of codes."""
        x = batch["x"]
        numbers = self._nearest(self.encoder(x))
        entries = self.codebook[numbers].permute(0, 3, 1, 2)
        codes = self.prior.bound({"x": self._as_picture(numbers)}, random)
        total = self._unlikelihood(x, entries) + codes * self.prior.shape.dimensions
        return total / self.shape.dimensions

    def _nearest(self, before: Tensor) -> Tensor:
        """(B, W, H, W) → (B, H, W) numbers of entries."""
        points = before.detach().float().permute(0, 2, 3, 1).flatten(0, 2)
        apart = torch.cdist(points, self.codebook.detach())
        count, _, height, width = before.shape
        return apart.argmin(1).reshape(count, height, width)

    def _as_picture(self, numbers: Tensor) -> Tensor:
        return numbers[:, None].float() * (2 / (len(self.codebook) - 1)) - 1

    def _unlikelihood(self, x: Tensor, entries: Tensor) -> Tensor:
        centre = self.decoder(entries).float()
        scale = self.log_scale.clamp(-7, 3)
        return discretised_logistic(x, centre, scale, self.shape.levels).flatten(1).sum(1)

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """Yield the share done; return what codes drawn from the prior stand for."""
        drawn = yield from self.prior.sample(count, random)
        numbers = ((drawn[:, 0] + 1) / 2 * (len(self.codebook) - 1)).round().long()
        decoded: Tensor = self.decoder(self.codebook[numbers].permute(0, 3, 1, 2))
        return decoded.clamp(-1, 1)

    def part(self, phase: str) -> Iterator[nn.Parameter]:
        """Return the parameters of the prior, or all others."""
        priors = {id(parameter) for parameter in self.prior.parameters()}
        every = self.parameters()
        return (parameter for parameter in every if (id(parameter) in priors) == (phase == "prior"))


ARCHITECTURE = Architecture(
    name="vqvae",
    title="VQ-VAE",
    explanation=(
        "An encoder turns each picture into a small grid of entries of a codebook, and a decoder "
        "rebuilds it from them. New pictures are decoded from grids that a second network draws."
    ),
    takes=("pictures",),
    sizes={
        "small": {"width": 48, "codes": 64, "depth": 3},
        "medium": {"width": 96, "codes": 64, "depth": 5},
        "large": {"width": 160, "codes": 64, "depth": 8},
    },
    make=VqVae,
    rate=2e-3,
)
