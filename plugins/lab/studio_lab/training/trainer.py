"""One training, step by step: optimisers, rate, moving average, what is best so far."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from studio_lab.networks.architecture import Network
from studio_lab.training.batches import Batches
from studio_lab.training.randomness import generator

_WARM_STEPS = 100
_LAST_RATE = 0.02
_AVERAGE = 0.999
_MOST_GRADIENT = 1.0


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        steps: How many steps; the rate rises, and then falls until the last one.
        rate: Highest learning rate.
        decay: Weight decay.
    """

    steps: int
    rate: float
    decay: float = 0.01


class Trainer:
    """A network that learns; after the same steps it is the same, bit for bit."""

    def __init__(self, network: Network, batches: Batches, plan: Plan, seed: int) -> None:
        self.network, self.batches, self.plan, self.seed = network, batches, plan, seed
        self.device = str(next(network.parameters()).device)
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        self.optimisers = {
            phase: torch.optim.AdamW(
                network.part(phase), lr=plan.rate, weight_decay=plan.decay, betas=(0.9, 0.99)
            )
            for phase in network.phases
        }
        self.step = 0
        self.losses: dict[str, float] = {}
        self.gradient = 0.0

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        warm = min(1.0, (self.step + 1) / min(_WARM_STEPS, max(1, self.plan.steps // 10)))
        done = min(1.0, self.step / self.plan.steps)
        return (
            self.plan.rate
            * warm
            * (_LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * done)) / 2)
        )

    def advance(self) -> None:
        """Take one step."""
        batch, rate = self.batches.at(self.step), self.rate
        self.network.train()
        for phase, optimiser in self.optimisers.items():
            random = generator(self.device, self.seed, "step", self.step, phase)
            for group in optimiser.param_groups:
                group["lr"] = rate
            with torch.enable_grad():
                loss = self.network.loss(batch, random, phase)
                optimiser.zero_grad()
                loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(self.network.part(phase), _MOST_GRADIENT)
            optimiser.step()
            self.losses[phase], self.gradient = float(loss.detach()), float(norm)
        self.step += 1
        self._follow()

    @torch.no_grad()
    def _follow(self) -> None:
        kept = min(_AVERAGE, self.step / (self.step + 10))
        mine, theirs = self.average.state_dict(), self.network.state_dict()
        for name, value in mine.items():
            if value.is_floating_point():
                value.lerp_(theirs[name], 1 - kept)
            else:
                value.copy_(theirs[name])

    @torch.no_grad()
    def bound(self, part: str) -> Tensor:
        """Return the bound of the moving average on each row of a part held out."""
        drawn = generator(self.device, self.seed, "bound", part)
        return torch.cat(
            [self.average.bound(batch, drawn) for batch in self.batches.held_out(part)]
        )
