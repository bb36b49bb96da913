"""Recurrent networks for text: plain, LSTM (Hochreiter, 1997), GRU (Cho et al., 2014)."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture
from studio_lab.networks.layers import Dropout
from studio_lab.networks.text import Writer

CELLS: Final = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Recurrent(Writer):
    """Layers that carry a state from token to token."""

    def __init__(
        self, shape: Shape, width: int, depth: int, cell: str = "gru", dropout: float = 0.0
    ) -> None:
        """``width`` and ``depth``: of the layers; ``cell``: one of ``CELLS``."""
        super().__init__(shape)
        self.embedding = nn.Embedding(shape.vocabulary + 1, width)
        self.layers = nn.ModuleList(
            CELLS[cell](width, width, batch_first=True) for _ in range(depth)
        )
        self.drop = Dropout(dropout)
        self.head = nn.Linear(width, shape.vocabulary)

    def logits(self, tokens: Tensor) -> Tensor:
        """See ``Writer``."""
        return self._read(tokens, [None] * len(self.layers))[0]

    def _read(self, tokens: Tensor, states: list[Any]) -> tuple[Tensor, list[Any]]:
        x, after = self.embedding(tokens), []
        for layer, state in zip(self.layers, states, strict=True):
            output, state = layer(x, state)
            after.append(state)
            x = x + self.drop(output)
        return self.head(x), after

    def go_on(
        self, given: Sequence[int], count: int, random: torch.Generator
    ) -> Generator[float, None, Tensor]:
        """Generate as ``Writer`` does, carrying the state from token to token."""
        device = next(self.parameters()).device
        token = torch.full((count, 1), self.start, dtype=torch.long, device=device)
        states: list[Any] = [None] * len(self.layers)
        written = []
        for place in range(self.shape.length):
            logits, states = self._read(token, states)
            if place < len(given):
                token = torch.full_like(token, given[place])
            else:
                token = torch.multinomial(logits[:, -1].float().softmax(1), 1, generator=random)
            written.append(token)
            yield (place + 1) / self.shape.length
        return torch.cat(written, 1)


ARCHITECTURE = Architecture(
    name="recurrent",
    title="Recurrent network",
    explanation=(
        "It reads a text piece by piece and carries what it remembers in a state. New text is "
        "written one piece after the other, each from the state so far."
    ),
    takes=("text",),
    sizes={
        "small": {"width": 160, "depth": 1},
        "medium": {"width": 256, "depth": 2},
        "large": {"width": 448, "depth": 3},
    },
    make=Recurrent,
    rate=3e-3,
    batch=16,
)
