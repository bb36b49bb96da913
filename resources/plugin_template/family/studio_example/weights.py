"""A family of weights of our own: how its files are recognised, loaded, used and written.

The smallest network there is: a number for each letter. Put yours in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from studio.api import Event, TaskContext
from studio.api.worker.tensor_files import Header, SafetensorsLoader, write_tensors
from studio_example.schema import Rate

FORM = "example-letters/1"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Network(torch.nn.Module):
    """Text → how much it is liked."""

    def __init__(self, worth: torch.Tensor) -> None:
        super().__init__()
        self.worth = torch.nn.Parameter(worth, requires_grad=False)

    def forward(self, text: str) -> float:
        places = [LETTERS.index(letter) for letter in text.lower() if letter in LETTERS]
        return float(self.worth[places].sum()) if places else 0.0


def _describe(header: Header) -> Mapping[str, Any]:
    """What the Models page shows; a file without the tensor is said to be damaged."""
    return {"letters": header.shapes["worth"][0]}


def _build(header: Header, tensors: dict[str, Any], device: str) -> Network:
    return Network(tensors["worth"]).to(device)


LOADER = SafetensorsLoader(
    family="example-letters",
    title="Letters",
    capabilities=["example-rating"],
    mark={"format": FORM},
    working_bytes=1 << 20,
    describe=_describe,
    build=_build,
)


def rate(ctx: TaskContext, params: Rate) -> Iterator[Event]:
    """Say how much the network likes a text."""
    with ctx.lease(params.weights) as network:
        yield ctx.progress(0, 1, "Reading")
        yield ctx.result(rating=round(network(params.text), 3))


def write_weights(path: Path, worth: Mapping[str, float]) -> None:
    """Write a file of the family; letters that are not named are worth nothing."""
    numbers = torch.tensor([worth.get(letter, 0.0) for letter in LETTERS])
    write_tensors(path, FORM, {"worth": numbers}, {})
