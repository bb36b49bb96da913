"""What networks that write token by token share: their bound, and drawing the next token."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from studio_lab.networks.architecture import Batch, Network


class Writer(Network):
    """Predicts each token of a row from those before it; the first from nothing."""

    def logits(self, tokens: Tensor) -> Tensor:
        """(B, L) tokens → (B, L, vocabulary): of the token that follows each."""
        raise NotImplementedError

    @property
    def start(self) -> int:
        """The token before the first one: none of the vocabulary."""
        return self.shape.vocabulary

    def before(self, x: Tensor) -> Tensor:
        """Return what stands before each token of rows, (B, L): the start, then the others."""
        return F.pad(x[:, :-1], (1, 0), value=self.start)

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean negative log-likelihood."""
        return self.bound(batch, random).mean()

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return the negative log-likelihood in nats per token."""
        x = batch["x"]
        logits = self.logits(self.before(x)).float()
        return F.cross_entropy(logits.transpose(1, 2), x, reduction="none").mean(1)

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """Yield the share done; return tokens drawn one after the other."""
        return (yield from self.go_on((), count, random))

    def go_on(
        self, given: Sequence[int], count: int, random: torch.Generator
    ) -> Generator[float, None, Tensor]:
        """Yield the share done; return rows that begin with ``given``, the others drawn."""
        device = next(self.parameters()).device
        begun = torch.tensor([[self.start, *given]], dtype=torch.long, device=device)
        tokens = begun.repeat(count, 1)
        for place in range(len(given), self.shape.length):
            chances = self.logits(tokens)[:, -1].float().softmax(1)
            drawn = torch.multinomial(chances, 1, generator=random)
            tokens = torch.cat([tokens, drawn], 1)
            yield (place + 1) / self.shape.length
        return tokens[:, 1:]
