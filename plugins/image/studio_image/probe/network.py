"""The probe: a small network that says which trained captions a drawing shows.

It has learned from the real drawings alone, never from the generator's, so that it can judge them.
Shapes and mathematics only; what follows from an answer is the task's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (32, 64, 128, 192)
FEATURES = 128


class Network(nn.Module):
    """Pictures (n, 3, 64, 64) in 0…1 → a score for each caption, (n, captions)."""

    def __init__(self, captions: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, width in zip((3, *WIDTHS), WIDTHS):
            layers += [nn.Conv2d(before, width, 3, 2, 1), nn.BatchNorm2d(width), nn.SiLU()]
        self.body = nn.Sequential(*layers)
        self.features = nn.Linear(WIDTHS[-1] * 16, FEATURES)
        self.captions = nn.Linear(FEATURES, captions, bias=False)

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.features(self.body(pictures * 2 - 1).flatten(1))
        scores: Tensor = 16 * F.linear(
            F.normalize(features, dim=1), F.normalize(self.captions.weight, dim=1)
        )
        return scores


@dataclass
class Probe:
    """The loaded network and what its scores are about, in their order."""

    network: nn.Module
    captions: tuple[str, ...]

    def to(self, device: str) -> None:
        """Move the network to ``device``."""
        self.network.to(device)

    @torch.inference_mode()
    def recognise(self, pictures: Tensor, most: int) -> list[list[str]]:
        """Return for each picture (n, 3, 64, 64) in 0…1 the ``most`` likeliest captions."""
        device = next(self.network.parameters()).device
        scores: Tensor = self.network(pictures.to(device).float())
        best = scores.topk(min(most, len(self.captions)), dim=1).indices.tolist()
        return [[self.captions[at] for at in row] for row in best]
