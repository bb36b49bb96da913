"""Muon for the hidden matrices and AdamW for the rest, on one learning-rate schedule.

Training only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


def _matrix(weight: Tensor) -> Tensor:
    """Return a (rows, columns) view of a linear weight or of a channels-last convolution weight."""
    return weight if weight.dim() == 2 else weight.permute(0, 2, 3, 1).flatten(1)


class MuonAdamW:
    """Two optimisers stepped as one.

    Convolution weights are given to Muon as matrices that share their storage.
    """

    def __init__(
        self,
        network: nn.Module,
        hidden: Iterable[nn.Parameter],
        *,
        muon_lr: float,
        adam_lr: float,
        decay: float,
    ) -> None:
        self.hidden = list(hidden)
        chosen = {id(p) for p in self.hidden}
        self.matrices = [nn.Parameter(_matrix(p.data)) for p in self.hidden]
        rest = [p for p in network.parameters() if id(p) not in chosen]
        self.muon = torch.optim.Muon(self.matrices, lr=muon_lr, momentum=0.95, weight_decay=decay)
        self.adam = torch.optim.AdamW(
            rest, lr=adam_lr, betas=(0.9, 0.98), weight_decay=decay, foreach=True
        )
        self.rates = (muon_lr, adam_lr)

    def step(self, scale: float) -> None:
        """Step both at ``scale`` times their rates, and clear the gradients."""
        for optimiser, rate in zip((self.muon, self.adam), self.rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * scale
        for matrix, parameter in zip(self.matrices, self.hidden, strict=True):
            assert parameter.grad is not None
            matrix.grad = _matrix(parameter.grad)
            parameter.grad = None
        self.muon.step()
        self.adam.step()
        self.adam.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """Return the state of both."""
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the state of both."""
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])


class Average:
    """Exponential moving average of a network's weights."""

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.state = {name: value.clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move towards the network; faster at the start."""
        decay = min(self.decay, (step + 1) / (step + 20))
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                self.state[name].lerp_(value, 1 - decay)
            else:
                self.state[name].copy_(value)
