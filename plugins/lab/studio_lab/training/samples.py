"""Rows from a network, a few steps at a time."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio_lab.networks.architecture import Network
from studio_lab.networks.encoder_decoder import EncoderDecoder
from studio_lab.networks.text import Writer
from studio_lab.training.randomness import generator


def drawn(network: Network, count: int, seed: int) -> Generator[float, None, NDArray[Any]]:
    """Yield the share done; return ``count`` rows, the same for the same seed."""
    random = generator(str(next(network.parameters()).device), seed, "samples")
    return (yield from without_gradients(network.sample(count, random)))


def begun(
    network: Network, given: Sequence[int], count: int, seed: int
) -> Generator[float, None, NDArray[Any]]:
    """Yield the share done; return rows that go on with ``given`` tokens, or answer them."""
    device = str(next(network.parameters()).device)
    if isinstance(network, EncoderDecoder):
        sources = torch.zeros(count, network.shape.length, dtype=torch.long, device=device)
        sources[:, : len(given)] = torch.tensor(given, device=device)
        targets = yield from without_gradients(network.answer(sources))
        return np.stack([sources.cpu().numpy(), targets], 1)
    assert isinstance(network, Writer)
    random = generator(device, seed, "samples")
    return (yield from without_gradients(network.go_on(given, count, random)))


def without_gradients(
    making: Generator[float, None, Tensor],
) -> Generator[float, None, NDArray[Any]]:
    """Yield the share done; return what ``making`` makes, computed without gradients."""
    while True:
        with torch.no_grad():  # not held while others compute
            try:
                share = next(making)
            except StopIteration as end:
                rows: NDArray[Any] = end.value.cpu().numpy()
                return rows
        yield share
