"""Which real pictures another one is most like, by VGG-16 features and by pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from studio_image.restyle.features import Features

LAYERS = ("conv3_3", "conv4_2")
GRID = 4
BATCH = 64


def open_features(path: Path) -> Features:
    """Return the network of the feature weights in ``path``."""
    return Features(load_file(path), "cpu")


@torch.inference_mode()
def described(features: Features, pictures: Tensor) -> Tensor:
    """Return (n, 12288) half-precision descriptors of pictures (n, 3, 64, 64) in 0…1 or uint8.

    Each of ``LAYERS`` is averaged on a 4 × 4 grid and scaled to unit length.
    """
    parts = []
    for chunk in pictures.split(BATCH):
        found = features(unit(chunk))
        pooled = (F.adaptive_avg_pool2d(found[layer].float(), GRID).flatten(1) for layer in LAYERS)
        parts.append(torch.cat([F.normalize(layer) for layer in pooled], 1).half())
    return torch.cat(parts)


def unit(pictures: Tensor) -> Tensor:
    """Return pictures in 0…1, whether they were or were bytes."""
    return pictures if pictures.is_floating_point() else pictures.float() / 255


@dataclass(frozen=True)
class Ranks:
    """How many captions were nearer than the asked one, for each picture: 0 is a hit."""

    ranks: Tensor

    def within(self, k: int) -> float:
        """Return the share of pictures with the asked caption among the ``k`` nearest."""
        return float((self.ranks < k).float().mean())


class Gallery:
    """Real pictures by style, searched by the cosine of centred descriptors."""

    def __init__(self, descriptors: Tensor, captions: Sequence[str], styles: Sequence[str]) -> None:
        self.mean = descriptors.float().mean(0)
        self.descriptors = descriptors
        self.captions = list(captions)
        self.members = {
            style: [i for i, other in enumerate(styles) if other == style]
            for style in dict.fromkeys(styles)
        }
        self._centred_of: dict[str, Tensor] = {}

    def ranks(self, descriptors: Tensor, asked: Sequence[str], style: str) -> Ranks:
        """Return where the real picture of each asked caption stands among those of ``style``."""
        own = self.members[style]
        place = {self.captions[i]: position for position, i in enumerate(own)}
        likeness = self._centred(descriptors) @ self._of(style).T
        truth = torch.tensor([place[caption] for caption in asked])[:, None]
        return Ranks((likeness > likeness.gather(1, truth)).sum(1))

    def _of(self, style: str) -> Tensor:
        """Return the centred descriptors of a style; kept, for they cost more than a search."""
        if style not in self._centred_of:
            self._centred_of[style] = self._centred(self.descriptors[self.members[style]])
        return self._centred_of[style]

    def _centred(self, descriptors: Tensor) -> Tensor:
        return F.normalize(descriptors.float() - self.mean)


@dataclass(frozen=True)
class Distance:
    """How far pictures are from the nearest of others, in pixels.

    Attributes:
        mean: Root mean square difference at 32 × 32 in −1…1, averaged over the pictures.
        near: Share of pictures nearer than ``NEAR``.
    """

    mean: float
    near: float


NEAR = 0.1
"""Below it two pictures look the same."""


def distance(pictures: Tensor, others: Tensor) -> Distance:
    """Return how far ``pictures`` are from the nearest of ``others``, both (n, 3, 64, 64)."""
    nearest = torch.cdist(_small(pictures), _small(others)).amin(1) / (3 * 32 * 32) ** 0.5
    return Distance(float(nearest.mean()), float((nearest < NEAR).float().mean()))


_MOVES = (-4, -2, 0, 2, 4)
"""Pixels of 64 by which `apart` lets one of two pictures be moved, across and down."""


def apart(one: Tensor, other: Tensor) -> tuple[float, float]:
    """Return how far two pictures (3, 64, 64) are apart: as they are, and at best.

    At best is with one of them mirrored and moved so that it comes nearest to the other: what is
    left is that the drawings differ, and not their place.
    """
    padded = F.pad(torch.stack([other, other.flip(-1)]), (4,) * 4, value=1.0)
    moved = [
        padded[..., 4 + y : 4 + y + one.shape[1], 4 + x : 4 + x + one.shape[2]]
        for y in _MOVES
        for x in _MOVES
    ]
    plain, *all_ = torch.cdist(_small(one[None]), _small(torch.stack([other, *torch.cat(moved)])))[
        0
    ]
    root = (3 * 32 * 32) ** 0.5
    return float(plain) / root, float(torch.stack(all_).amin()) / root


def _small(pictures: Tensor) -> Tensor:
    parts = (F.avg_pool2d(unit(part) * 2 - 1, 2).flatten(1) for part in pictures.split(512))
    return torch.cat(list(parts))
