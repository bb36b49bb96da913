"""PixelCNN (van den Oord et al., 2016): one pixel after the other, each given those before it."""

from __future__ import annotations

from collections.abc import Generator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture, Batch, Network
from studio_lab.networks.layers import Dropout
from studio_lab.networks.likelihood import discretised_logistic

_FEW_LEVELS = 64
"""Up to here each level has a logit of its own; above, levels are mixtures of logistics."""
_MIXED = 5


class PixelCnn(Network):
    """Masked convolutions over the pixels above and to the left.

    Given these, the channels of a pixel are independent.
    """

    def __init__(self, shape: Shape, width: int, depth: int, dropout: float = 0.0) -> None:
        """``width`` and ``depth``: channels and number of the masked layers."""
        super().__init__(shape)
        self.is_mixed = shape.levels > _FEW_LEVELS
        outputs = 3 * _MIXED if self.is_mixed else shape.levels
        self.enter = _Masked(shape.channels, width, 5, sees_itself=False)
        self.blocks = nn.ModuleList(_Block(width, dropout) for _ in range(depth))
        self.leave = nn.Sequential(
            nn.SiLU(),
            nn.Conv2d(width, width, 1),
            nn.SiLU(),
            nn.Conv2d(width, shape.channels * outputs, 1),
        )

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean negative log-likelihood, which is exact here."""
        return self.bound(batch, random).mean()

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return the negative log-likelihood; see ``Network``."""
        x = batch["x"]
        logits = self._told(x)
        if not self.is_mixed:
            levels = ((x + 1) / 2 * (self.shape.levels - 1)).round().long()
            losses = F.cross_entropy(logits, levels, reduction="none")
            return losses.flatten(1).mean(1)
        weight, mean, scale = logits.chunk(3, 1)
        losses = -discretised_logistic(x[:, None], mean, scale.clamp(-7, 3), self.shape.levels)
        joined = torch.logsumexp(F.log_softmax(weight, 1) + losses, 1)
        return torch.neg(joined.flatten(1).mean(1))

    def _told(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, numbers for each value, C, H, W)."""
        hidden = self.enter(x)
        for block in self.blocks:
            hidden = block(hidden)
        logits: Tensor = self.leave(hidden)
        values: Tensor = logits.float().unflatten(1, (-1, self.shape.channels))
        return values

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """Yield the share done; return pictures drawn pixel by pixel."""
        device = next(self.parameters()).device
        x = torch.full((count, *self.shape.sides), -1.0, device=device)
        places = self.shape.height * self.shape.width
        for place in range(places):
            row, column = divmod(place, self.shape.width)
            seen = x[:, :, : row + 1]
            x[:, :, row, column] = self._drawn(self._told(seen)[..., row, column], random)
            yield (place + 1) / places
        return x

    def _drawn(self, logits: Tensor, random: torch.Generator) -> Tensor:
        """(B, numbers for each value, C) → (B, C)."""
        count, _, channels = logits.shape
        last = self.shape.levels - 1
        if not self.is_mixed:
            chances = logits.softmax(1).transpose(1, 2).flatten(0, 1)
            drawn = torch.multinomial(chances, 1, generator=random).reshape(count, channels)
            return drawn * (2 / last) - 1
        weight, mean, scale = logits.chunk(3, 1)
        chances = weight.softmax(1).transpose(1, 2).flatten(0, 1)
        chosen = torch.multinomial(chances, 1, generator=random).reshape(count, 1, channels)
        mean, scale = mean.gather(1, chosen)[:, 0], scale.gather(1, chosen)[:, 0].clamp(-7, 3)
        even = torch.rand(mean.shape, generator=random, device=mean.device).clamp(1e-5, 1 - 1e-5)
        value = (mean + scale.exp() * (even.log() - (-even).log1p())).clamp(-1, 1)
        return ((value + 1) / 2 * last).round() * (2 / last) - 1


class _Masked(nn.Conv2d):
    """A convolution that sees the pixels before its own."""

    mask: Tensor

    def __init__(self, before: int, after: int, size: int, sees_itself: bool = True) -> None:
        super().__init__(before, after, size, padding=size // 2)
        mask = torch.ones(size, size)
        mask[size // 2, size // 2 + sees_itself :] = 0
        mask[size // 2 + 1 :] = 0
        self.register_buffer("mask", mask)

    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(input, self.weight * self.mask, self.bias, padding=self.padding)


class _Block(nn.Module):
    """A residual block with a gate."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.mix, self.drop = _Masked(width, 2 * width, 3), Dropout(dropout)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.mix(F.silu(x)).chunk(2, 1)
        output: Tensor = x + self.out(self.drop(torch.tanh(value) * torch.sigmoid(gate)))
        return output


ARCHITECTURE = Architecture(
    name="pixelcnn",
    title="PixelCNN",
    explanation=(
        "It predicts each pixel from those above and to the left, as a language model predicts the "
        "next word. New pictures are drawn one pixel after the other."
    ),
    takes=("pictures",),
    sizes={
        "small": {"width": 48, "depth": 5},
        "medium": {"width": 80, "depth": 8},
        "large": {"width": 128, "depth": 12},
    },
    make=PixelCnn,
    rate=2e-3,
)
