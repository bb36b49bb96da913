"""The network that fills gaps in four voices: it sees the known cells and proposes the others."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_music.compose.chorales.vocabulary import ENDINGS, PITCHES, PLACES, VOICES
from studio_music.compose.networks.attention import Layers


class ChoraleNetwork(nn.Module):
    """Four voices with gaps, by sixteenths → logits of every cell.

    Args:
        kind: "gru" (two directions) or "transformer".
        width: Width of the hidden state.
        depth: Layers.
        dropout: While training.
    """

    def __init__(self, kind: str, width: int, depth: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.kind, self.width, self.depth = kind, width, depth
        self.voices = nn.ModuleList(nn.Embedding(PITCHES + 2, width) for _ in VOICES)
        self.place = nn.Embedding(PLACES, width)
        self.ending = nn.Embedding(ENDINGS, width)
        self.mix = nn.Linear(width, width)
        self.body: nn.Module = (
            nn.GRU(width, width // 2, depth, batch_first=True, dropout=dropout, bidirectional=True)
            if kind == "gru"
            else Layers(width, depth, dropout, causal=False)
        )
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(width, len(VOICES) * (PITCHES + 1))

    def forward(self, cells: Tensor, places: Tensor, endings: Tensor) -> Tensor:
        """Return logits (batch, steps, voices, ``PITCHES`` + 1); the last is a rest.

        Args:
            cells: (batch, steps, voices) pitches less ``LOWEST``, ``REST`` or ``MASKED``.
            places: (batch, steps) as ``vocabulary.places``.
            endings: (batch, steps) as ``vocabulary.endings``.
        """
        embedded = torch.stack([table(cells[..., n]) for n, table in enumerate(self.voices)]).sum(0)
        mixed = F.gelu(self.mix(embedded + self.place(places) + self.ending(endings)))
        hidden, _ = self.body(self.drop(mixed))
        logits = self.out(self.drop(hidden + mixed))
        return cast(Tensor, logits.unflatten(-1, (len(VOICES), PITCHES + 1)))
