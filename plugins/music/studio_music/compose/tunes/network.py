"""The network that proposes the next note: pitch first, then its length given the pitch.

Either a GRU or a small transformer over the same input; both go on from a state, note by note.
"""

from __future__ import annotations

from typing import Any, Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_music.compose.networks.attention import Layers
from studio_music.compose.tunes.vocabulary import NO_DURATION, PITCHES, SIZES

EMBEDDED: Final = 48
"""Width of one column's embedding."""


class TuneNetwork(nn.Module):
    """Columns of ``vocabulary.COLUMNS`` → logits of pitch and duration.

    Args:
        kind: "gru" or "transformer".
        width: Width of the hidden state.
        depth: Layers.
        dropout: While training.
    """

    def __init__(self, kind: str, width: int, depth: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.kind, self.width, self.depth = kind, width, depth
        self.tables = nn.ModuleList(nn.Embedding(size, EMBEDDED) for size in SIZES)
        self.mix = nn.Linear(EMBEDDED * len(SIZES), width)
        self.body: nn.Module = (
            nn.GRU(width, width, depth, batch_first=True, dropout=dropout)
            if kind == "gru"
            else Layers(width, depth, dropout, causal=True)
        )
        self.drop = nn.Dropout(dropout)
        self.to_pitch = nn.Linear(width, PITCHES + 1)
        self.pitches = nn.Embedding(PITCHES + 1, width)
        self.between = nn.Linear(width, width)
        self.to_duration = nn.Linear(width, NO_DURATION)

    def forward(self, columns: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return features before each note (batch, notes, width), and the state after it."""
        parts = [table(columns[..., n]) for n, table in enumerate(self.tables)]
        mixed = F.gelu(self.mix(torch.cat(parts, dim=-1)))
        hidden, state = self.body(self.drop(mixed), state)
        return self.drop(hidden + mixed), state

    def pitch_logits(self, hidden: Tensor) -> Tensor:
        """Return logits (…, ``PITCHES`` + 1); the last is a rest."""
        return cast(Tensor, self.to_pitch(hidden))

    def duration_logits(self, hidden: Tensor, pitch: Tensor) -> Tensor:
        """Return logits (…, durations) of a note of that pitch."""
        return cast(Tensor, self.to_duration(F.gelu(self.between(hidden + self.pitches(pitch)))))
