"""Learning from preferences: of two answers to a prompt, the better one becomes likelier.

Direct preference optimisation (DPO, Rafailov et al., arXiv:2305.18290).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from studio_lab.finetuning.lora import Lora
from studio_lab.networks.architecture import Batch

CAUTION = 0.1
"""How dear it is to move away from the model itself."""


class PreferenceLora(Lora):
    """An adapter that learns which of two answers is better.

    Batches: ``x``: (B, 2, L) tokens, the better one first; ``label``: (B,), how many are given.
    """

    def margins(self, batch: Batch) -> Tensor:
        """Return by how much more than the model itself it prefers the better one, (B,) nats."""
        both = _flat(batch)
        mine = torch.stack([each.sum() for each in self.told(both)])
        with torch.no_grad():
            plain = torch.stack([each.sum() for each in self.told(both, plain=True)])
        better, worse = (mine - plain).view(-1, 2).unbind(1)
        return better - worse

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean of what ``bound`` returns."""
        return self.bound(batch, random).mean()

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return minus the log-likelihood of each preference, (B,): log 2 for the model itself."""
        return self.losses(self.margins(batch))

    @staticmethod
    def losses(margins: Tensor) -> Tensor:
        """Return minus the log-likelihood of preferences with these margins."""
        return -F.logsigmoid(CAUTION * margins)

    def working_bytes(self, batch: Batch) -> int:
        """See ``Lora``."""
        return super().working_bytes(_flat(batch))


def _flat(batch: Batch) -> Batch:
    return {"x": batch["x"].flatten(0, 1), "label": batch["label"].repeat_interleave(2)}
