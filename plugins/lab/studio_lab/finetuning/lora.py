"""A low-rank adapter (LoRA, Hu et al., arXiv:2106.09685) as a network of the trainer's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from studio.api.worker.tuning import TextNetwork
from studio_lab.datasets.dataset import Shape
from studio_lab.finetuning.tokens import PADDING
from studio_lab.networks.architecture import Batch, Network

MOST_TOKENS = 512
"""That are read at once: bounds both memory and the wait for a Stop."""
_FLOAT = 4


class Base:
    """A model that copies of a network share."""

    def __init__(self, model: TextNetwork, pause: Callable[[], None] = lambda: None) -> None:
        """``pause``: called between passes; it may raise to stop."""
        self.model, self.pause = model, pause

    def __deepcopy__(self, _memo: Mapping[int, Any]) -> Base:
        return self


class Lora(Network):
    """Two small matrices beside each product of a language model; all else stays as it is.

    At first ``up`` is nothing, so that training begins with the model itself.
    """

    def __init__(
        self, shape: Shape, base: Base, rank: int, strength: float, random: torch.Generator
    ) -> None:
        """Make one that changes nothing.

        Args:
            strength: What its changes are multiplied by, for each of ``rank``.
            random: Of the processor; draws ``down``.
        """
        super().__init__(shape)
        self.base, self.rank, self.scale = base, rank, strength / rank
        self.names = list(base.model.products)
        self.down, self.up = nn.ParameterList(), nn.ParameterList()
        for outputs, inputs in base.model.products.values():
            drawn = torch.rand(rank, inputs, generator=random) * 2 - 1
            self.down.append(nn.Parameter(drawn / math.sqrt(inputs)))
            self.up.append(nn.Parameter(torch.zeros(outputs, rank)))

    def adapter(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Return it as the model takes it."""
        return {
            name: (down, up * self.scale)
            for name, down, up in zip(self.names, self.down, self.up, strict=True)
        }

    def log_likelihoods(self, batch: Batch, *, plain: bool = False) -> list[Tensor]:
        """Return the log-likelihood of each token that is to be learned, of each text.

        Args:
            batch: ``x``: (B, L) tokens; ``label``: (B,), how many of them are given.
            plain: Of the model itself, without the adapter.
        """
        adapter = {} if plain else self.adapter()
        result: list[Tensor] = []
        for texts, given in _groups(batch):
            self.base.pause()
            wanted = [len(ids) - count for ids, count in zip(texts, given)]
            scores = self.base.model.scores([ids[:-1] for ids in texts], wanted, adapter)
            right = torch.cat([ids[count:] for ids, count in zip(texts, given)])
            log_probs = scores.log_softmax(1).gather(1, right.to(scores.device)[:, None])[:, 0]
            result += log_probs.split(wanted)
        return result

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean negative log-likelihood of a token."""
        return -torch.cat(self.log_likelihoods(batch)).mean()

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return the negative log-likelihood of each text in nats per token, (B,)."""
        return torch.stack([-row.mean() for row in self.log_likelihoods(batch)])

    def working_bytes(self, batch: Batch) -> int:
        """Return the memory that a step of the size of ``batch`` takes, from a smaller one."""
        few = {name: values[:1] for name, values in batch.items()}
        total = 0

        def count(value: Tensor) -> Tensor:
            nonlocal total
            if not value.is_leaf:  # the weights are kept in any case
                total += value.numel() * value.element_size()
            return value

        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(count, lambda v: v):
            self.log_likelihoods(few)
        tokens = [int((batch["x"][n] != PADDING).sum()) for n in range(len(batch["x"]))]
        return int(total * max(tokens) * len(tokens) / max(1, tokens[0]))


def _groups(batch: Batch) -> list[tuple[list[Tensor], list[int]]]:
    """Return the texts of a batch without padding, a few at a time."""
    groups: list[tuple[list[Tensor], list[int]]] = []
    room = 0
    for row, count in zip(batch["x"], batch["label"].tolist(), strict=True):
        ids = row[row != PADDING]
        if len(ids) > room or not groups:
            groups.append(([], []))
            room = MOST_TOKENS
        groups[-1][0].append(ids)
        groups[-1][1].append(count)
        room -= len(ids)
    return groups
