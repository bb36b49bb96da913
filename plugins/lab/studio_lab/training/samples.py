"""Rows from a network, a few steps at a time."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import torch
from numpy.typing import NDArray

from studio_lab.networks.architecture import Network
from studio_lab.training.randomness import generator


def drawn(network: Network, count: int, seed: int) -> Generator[float, None, NDArray[Any]]:
    """Yield the share done; return ``count`` rows, the same for the same seed."""
    random = generator(str(next(network.parameters()).device), seed, "samples")
    making = network.sample(count, random)
    while True:
        with torch.no_grad():  # not held while others compute
            try:
                share = next(making)
            except StopIteration as end:
                rows: NDArray[Any] = end.value.cpu().numpy()
                return rows
        yield share
