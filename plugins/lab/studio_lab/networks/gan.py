"""Generative adversarial network with the hinge loss and adaptive augmentation, for pictures.

Miyato et al., 2018 (hinge, spectral normalisation); Karras et al., 2020 (augmentation).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture, Batch, Network
from studio_lab.networks.layers import picture_decoder
from studio_lab.training.augmentation import augmented

_AT_ONCE = 64
_WANTED_SIGN = 0.6
"""Mean sign of the discriminator on real pictures: above it, it learns them by heart."""
_ADAPTS = 2e-4
"""How much likelier augmentation becomes with each step."""


class Gan(Network):
    """A generator that is to fool a discriminator, and that discriminator."""

    phases: ClassVar[tuple[str, ...]] = ("discriminator", "generator")
    has_bound: ClassVar[bool] = False
    has_validation: ClassVar[bool] = False
    chance: Tensor

    def __init__(self, shape: Shape, width: int, latent: int, dropout: float = 0.0) -> None:
        """``width``: channels of the widest picture; ``latent``: random numbers of a picture."""
        super().__init__(shape)
        self.latent = latent
        self.generator = picture_decoder(latent, shape.channels, (shape.height, shape.width), width)
        self.discriminator = _discriminator(shape, width)
        self.register_buffer("chance", torch.zeros(()))

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the hinge loss of one of the two."""
        real = batch["x"]
        made = self._made(len(real), random)
        if phase == "generator":
            judged: Tensor = self.discriminator(self._changed(made, random))
            return -judged.mean()
        on_real = self.discriminator(self._changed(real, random))
        on_made = self.discriminator(self._changed(made.detach(), random))
        with torch.no_grad():
            step = torch.sign(torch.sign(on_real).float().mean() - _WANTED_SIGN) * _ADAPTS
            self.chance.copy_((self.chance + step).clamp(0, 0.8))
        return (F.relu(1 - on_real) + F.relu(1 + on_made)).mean()

    def _made(self, count: int, random: torch.Generator) -> Tensor:
        noise = torch.randn(count, self.latent, generator=random, device=self.chance.device)
        return torch.tanh(self.generator(noise))

    def _changed(self, x: Tensor, random: torch.Generator) -> Tensor:
        """Return pictures of which a share is moved and made brighter or darker, each by itself."""
        chosen = torch.rand(len(x), 1, 1, 1, generator=random, device=x.device) < self.chance
        shade = torch.rand(len(x), 1, 1, 1, generator=random, device=x.device) - 0.5
        return torch.where(chosen, augmented(x, "shift", random) + 0.4 * shade, x)

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """Yield the share done; return pictures of random numbers."""
        made = []
        for start in range(0, count, _AT_ONCE):
            made.append(self._made(min(_AT_ONCE, count - start), random))
            yield min(1.0, (start + _AT_ONCE) / count)
        return torch.cat(made)

    def part(self, phase: str) -> Iterator[nn.Parameter]:
        """Return the parameters of one of the two."""
        return (self.generator if phase == "generator" else self.discriminator).parameters()


def _discriminator(shape: Shape, width: int) -> nn.Sequential:
    height, across = shape.height, shape.width
    layers: list[nn.Module] = [spectral_norm(nn.Conv2d(shape.channels, width, 3, padding=1))]
    while min(height, across) > 4:
        wider = min(2 * width, 256)
        layers += [nn.LeakyReLU(0.2), spectral_norm(nn.Conv2d(width, wider, 4, 2, 1))]
        height, across, width = height // 2, across // 2, wider
    last = spectral_norm(nn.Linear(width * height * across, 1))
    return nn.Sequential(*layers, nn.LeakyReLU(0.2), nn.Flatten(), last)


ARCHITECTURE = Architecture(
    name="gan",
    title="Generative adversarial network",
    explanation=(
        "A generator makes pictures, and a discriminator learns to tell them from real ones. Each "
        "gets better because the other does."
    ),
    takes=("pictures",),
    sizes={
        "small": {"width": 48, "latent": 32},
        "medium": {"width": 64, "latent": 64},
        "large": {"width": 96, "latent": 128},
    },
    make=Gan,
    rate=5e-4,
)
