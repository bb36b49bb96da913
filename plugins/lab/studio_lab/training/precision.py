"""Whether half of the digits are enough, and faster: asked of the machine, not assumed."""

from __future__ import annotations

import copy
import time
from contextlib import AbstractContextManager, nullcontext

import torch

from studio_lab.networks.architecture import Batch, Network
from studio_lab.training.randomness import generator

_ROUNDS = 3
_WORTH = 0.9
"""It has to take less than this share of the time, or float32 stays."""


def autocast(device: str, half: bool) -> AbstractContextManager[None]:
    """Return the context in which a loss is computed; never to be held across a ``yield``."""
    kind = torch.device(device).type
    return torch.autocast(kind, torch.bfloat16) if half else nullcontext()


def is_faster(network: Network, batch: Batch, device: str) -> bool:
    """Return whether bfloat16 is faster for this network here; both are tried on a copy."""
    trial = copy.deepcopy(network)
    took = {
        half: min(_timed(trial, batch, device, half) for _ in range(_ROUNDS))
        for half in (False, True)
    }
    return took[True] < _WORTH * took[False]


def _timed(network: Network, batch: Batch, device: str, half: bool) -> float:
    random = generator(device, 0, "precision")
    begun = time.perf_counter()
    with torch.enable_grad(), autocast(device, half):
        loss = network.loss(batch, random, network.phases[0])
    loss.backward()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - begun
