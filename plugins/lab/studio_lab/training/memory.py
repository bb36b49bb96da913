"""How much memory a training takes, before it starts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from studio_lab.networks.architecture import Batch, Network, parameters
from studio_lab.training.randomness import generator

_COPIES = 12
"""Of the weights: themselves, gradients, two moments, the average, the best, and all but the
gradients once more to go back to."""
_FLOAT = 4


def estimate(network: Network, batch: Batch) -> int:
    """Return the bytes that steps of the size of ``batch`` take.

    The activations of one or two rows are counted and multiplied.
    """
    rows = len(batch["x"])
    few = min(2, rows)
    counted = sum(_kept(network, {n: v[:few] for n, v in batch.items()}, p) for p in network.phases)
    return _COPIES * _FLOAT * parameters(network) + counted * rows // few


def _kept(network: Network, batch: Batch, phase: str) -> int:
    total = 0

    def count(value: Tensor) -> Tensor:
        nonlocal total
        total += value.numel() * value.element_size()
        return value

    def back(value: Any) -> Any:
        return value

    device = str(batch["x"].device)
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(count, back):
        network.loss(batch, generator(device, 0, "memory"), phase)
    return total
