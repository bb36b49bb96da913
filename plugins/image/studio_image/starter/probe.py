"""The probe: a small network that says which trained captions a drawing shows.

It has learned from the real drawings alone, never from the generator's, so that it can judge them.
Shapes and mathematics, and the weights as a file; what follows from an answer is the task's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.api.worker.tensor_files import Header, SafetensorsLoader, write_tensors

FORMAT = "image-probe/1"
CAPABILITY = "drawing-probe"
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
    def found(self, pictures: Tensor, most: int) -> list[list[str]]:
        """Return for each picture (n, 3, 64, 64) in 0…1 the ``most`` likeliest captions."""
        device = next(self.network.parameters()).device
        scores: Tensor = self.network(pictures.to(device).float())
        best = scores.topk(min(most, len(self.captions)), dim=1).indices.tolist()
        return [[self.captions[at] for at in row] for row in best]


def loader() -> SafetensorsLoader[Probe]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="image-probe",
        title="Drawing probe",
        capabilities=(CAPABILITY,),
        mark={"format": FORMAT},
        working_bytes=20 * 2**20,
        describe=_facts,
        build=_built,
    )


def save(path: Path, network: Network, captions: Sequence[str]) -> None:
    """Write a trained probe, in half precision."""
    state = {
        name: value for name, value in network.state_dict().items() if value.is_floating_point()
    }
    write_tensors(path, FORMAT, state, {"captions": json.dumps(list(captions))})


def _facts(header: Header) -> dict[str, Any]:
    return {"captions": len(json.loads(header.metadata["captions"])), "size": "64 × 64"}


def _built(header: Header, state: dict[str, Tensor], device: str) -> Probe:
    captions = tuple(json.loads(header.metadata["captions"]))
    network = Network(len(captions))
    counters = {k: v for k, v in network.state_dict().items() if not v.is_floating_point()}
    network.load_state_dict({name: value.float() for name, value in state.items()} | counters)
    return Probe(network.to(device).eval().requires_grad_(False), captions)
