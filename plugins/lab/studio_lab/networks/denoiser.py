"""What diffusion and flow matching share: the network that sees noise, and their bound.

Both mix a row with noise; they differ in how much of each there is at a time, and in what the
network is asked for.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import BOUND, Batch, Network
from studio_lab.networks.layers import Dropout, TimeEmbedding
from studio_lab.networks.likelihood import discretised_logistic

LEAST_RATIO = -10.0
"""Logarithm of the ratio of signal to noise, where nothing is left of a row."""


_SCALE = 0.7
"""Of the logistic that says which level was seen through the last noise, beside one of its spread:
narrower, because the tails of a normal are."""


def most_ratio(shape: Shape) -> float:
    """Return that ratio where a row is as good as clean.

    Of pictures, where the noise is a third of a level. Which level it was is then nearly certain;
    with finer noise a denoiser would have to know that there are levels, or the bound be paid for
    what it cannot know (on digits 0.5 nats a pixel).
    """
    return 2 * math.log(shape.levels) + 0.75 if shape.kind == "pictures" else 8.0


class Denoiser(nn.Module):
    """Rows with noise, and the time of each → as many numbers as a row has."""

    def __init__(self, shape: Shape, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.time = TimeEmbedding(width)
        self.is_picture = shape.kind == "pictures"
        if self.is_picture:
            self.enter: nn.Module = nn.Conv2d(shape.channels, width, 3, padding=1)
            self.leave: nn.Module = nn.Conv2d(width, shape.channels, 3, padding=1)
        else:
            self.enter, self.leave = (
                nn.Linear(shape.columns, width),
                nn.Linear(width, shape.columns),
            )
        levels = 2 if self.is_picture and min(shape.height, shape.width) >= 8 else 1
        self.down = nn.ModuleList(_Block(width, self.is_picture, dropout) for _ in range(depth))
        self.middle = nn.ModuleList(
            _Block(width, self.is_picture, dropout) for _ in range(depth if levels > 1 else 0)
        )
        self.up = nn.ModuleList(_Block(width, self.is_picture, dropout) for _ in range(depth))
        for parameter in self.leave.parameters():
            nn.init.zeros_(parameter)

    def forward(self, rows: Tensor, time: Tensor) -> Tensor:
        """(B, …) and (B,) → (B, …)."""
        embedding = self.time(time)
        x = self.enter(rows)
        for block in self.down:
            x = block(x, embedding)
        if self.middle:
            small = nn.functional.avg_pool2d(x, 2)
            for block in self.middle:
                small = block(small, embedding)
            x = x + nn.functional.interpolate(small, scale_factor=2.0)
        for block in self.up:
            x = block(x, embedding)
        output: Tensor = self.leave(x)
        return output


class _Block(nn.Module):
    """A residual block that hears what time it is."""

    def __init__(self, width: int, is_picture: bool, dropout: float) -> None:
        super().__init__()
        self.time = nn.Linear(width, 2 * width)
        self.norm = nn.GroupNorm(min(8, width), width)

        def layer() -> nn.Module:
            return nn.Conv2d(width, width, 3, padding=1) if is_picture else nn.Linear(width, width)

        self.first, self.second, self.drop = layer(), layer(), Dropout(dropout)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.time(embedding).chunk(2, 1)
        if x.dim() == 4:
            scale, shift = scale[:, :, None, None], shift[:, :, None, None]
        hidden = torch.nn.functional.silu(self.norm(x) * (1 + scale) + shift)
        hidden = self.drop(torch.nn.functional.silu(self.first(hidden)))
        output: Tensor = x + self.second(hidden)
        return output


class Noised(Network):
    """A network that was trained to tell noise from rows."""

    validation_name: ClassVar[str] = BOUND

    def noise_of(self, mixed: Tensor, ratio: Tensor) -> Tensor:
        """Return the noise in ``mixed``, whose squared shares add up to 1.

        Args:
            ratio: (B,), logarithm of the ratio of the squared shares of row and noise.
        """
        raise NotImplementedError

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return the variational bound with one time for each row (Kingma et al., 2021, eq. 18)."""
        x = batch["x"]
        most, count, device = most_ratio(self.shape), len(x), x.device
        first = torch.rand((), generator=random, device=device)
        spread = (first + torch.arange(count, device=device) / count) % 1
        ratio = LEAST_RATIO + (most - LEAST_RATIO) * spread
        noise = torch.randn(x.shape, generator=random, device=device)
        mixed, _ = mix(x, noise, ratio)
        off = ((noise - self.noise_of(mixed, ratio)) ** 2).flatten(1).sum(1)
        diffusion = (most - LEAST_RATIO) * off / 2
        signal, rest = torch.sigmoid(torch.tensor([LEAST_RATIO, -LEAST_RATIO], device=device))
        prior = (signal * x**2 + rest - 1 - torch.log(rest)).flatten(1).sum(1) / 2
        fine = math.exp(-most / 2)
        seen = x + fine * torch.randn(x.shape, generator=random, device=device)
        total: Tensor = diffusion + prior + self._unlikelihood(x, seen, fine).flatten(1).sum(1)
        return total / self.shape.dimensions

    def _unlikelihood(self, x: Tensor, seen: Tensor, fine: float) -> Tensor:
        if self.shape.kind == "pictures":
            scale = torch.tensor(math.log(_SCALE * fine * math.sqrt(3) / math.pi), device=x.device)
            return discretised_logistic(x, seen, scale, self.shape.levels)
        nats: Tensor = ((x - seen) / fine) ** 2 / 2 + math.log(fine) + math.log(2 * math.pi) / 2
        return nats


def mix(x: Tensor, noise: Tensor, ratio: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Return rows with noise, and the shares of both, shaped to be multiplied with rows."""
    shaped = ratio.reshape(-1, *[1] * (x.dim() - 1))
    row, rest = torch.sigmoid(shaped).sqrt(), torch.sigmoid(-shaped).sqrt()
    return row * x + rest * noise, (row, rest)
