"""The network that writes four voices from the start to the end, one sixteenth after the other.

Within a step the voices come in ``ORDER``, each knowing those before it. It may know the soprano
ahead (a melody to set) or nothing of what comes.
"""

from __future__ import annotations

from typing import Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_music.compose.chorales.vocabulary import ENDINGS, MASKED, PITCHES, PLACES, VOICES
from studio_music.compose.networks.attention import Layers

ORDER: Final = (0, 3, 2, 1)
"""Voices as they are drawn within a step: soprano, bass, tenor, alto."""

LONGEST: Final = 16
"""Steps beyond which it no longer matters how long a note has been held."""

VALUES: Final = PITCHES + 1
"""Values of a cell: the pitches, then a rest."""

_INTERVALS: Final = 2 * VALUES - 1

State = tuple[Tensor, list[Tensor]]
"""What the past leaves: the state of the recurrent layer, keys and values of the others."""


class CausalNetwork(nn.Module):
    """Four voices up to a step → what each may sing next.

    Args:
        width: Width of the hidden state, a multiple of 64.
        depth: Layers of attention above the recurrent one.
        dropout: While training.
    """

    def __init__(self, width: int, depth: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.width, self.depth = width, depth
        self.before = nn.ModuleList(nn.Embedding(PITCHES + 2, width) for _ in VOICES)
        self.held = nn.ModuleList(nn.Embedding(LONGEST + 1, width) for _ in VOICES)
        self.place = nn.Embedding(PLACES, width)
        self.ending = nn.Embedding(ENDINGS, width)
        self.melody = nn.Embedding(PITCHES + 2, width // 2)
        self.melody_place = nn.Embedding(PLACES, width // 2)
        self.listen = nn.GRU(width // 2, width // 2, batch_first=True)
        self.ahead = nn.Linear(width // 2, width)
        self.unknown = nn.Parameter(torch.zeros(width))
        self.recurrent = nn.GRU(width, width, batch_first=True)
        self.body = Layers(width, depth, dropout, causal=True)
        self.now = nn.ModuleList(nn.Embedding(VALUES, width) for _ in VOICES)
        self.turn = nn.ModuleList(nn.Linear(width, width) for _ in VOICES)
        self.pitch = nn.ModuleList(nn.Linear(width, VALUES) for _ in VOICES)
        self.interval = nn.ModuleList(nn.Linear(width, _INTERVALS) for _ in VOICES)
        self.drop = nn.Dropout(dropout)

    def hear(self, soprano: Tensor, places: Tensor) -> Tensor:
        """Encode a soprano (batch, steps) from each step on; return (batch, steps, width)."""
        line = self.melody(soprano) + self.melody_place(places)
        encoded, _ = self.listen(line.flip(1))
        return cast(Tensor, self.ahead(encoded.flip(1)))

    def forward(
        self,
        before: Tensor,
        held: Tensor,
        places: Tensor,
        endings: Tensor,
        ahead: Tensor | None,
        state: State | None = None,
    ) -> tuple[Tensor, State]:
        """Return features per step (batch, steps, width), and the state to continue from.

        Args:
            before: (batch, steps, voices) cells of the step before each; ``MASKED`` at the start.
            held: (batch, steps, voices) steps for which these have been held, as ``holds`` counts.
            places: (batch, steps) as ``vocabulary.places``. ``endings``: as there.
            ahead: As ``hear``; None where the soprano is not known.
        """
        embedded = sum(table(before[..., n]) for n, table in enumerate(self.before))
        embedded = embedded + sum(table(held[..., n]) for n, table in enumerate(self.held))
        embedded = embedded + (self.unknown if ahead is None else ahead)
        x = self.drop(F.gelu(embedded + self.place(places) + self.ending(endings)))
        recurrent, cache = (None, None) if state is None else state
        hidden, recurrent = self.recurrent(x, recurrent)
        x, cache = self.body(x + self.drop(hidden), cache)
        return x, (recurrent, cache)

    def voice(self, features: Tensor, number: int, cells: Tensor, before: Tensor) -> Tensor:
        """Return logits (…, ``VALUES``) of voice ``number``.

        Args:
            features: (…, width) as ``forward`` returns.
            cells: (…, voices) of this step; read of those that come earlier in ``ORDER``.
            before: (…, voices) of the step before.
        """
        for earlier in ORDER[: ORDER.index(number)]:
            features = features + self.now[earlier](cells[..., earlier])
        x = self.drop(F.gelu(self.turn[number](features)))
        own = before[..., number : number + 1].clamp(max=VALUES - 1)
        steps = torch.arange(VALUES, device=own.device) - own + VALUES - 1
        moves = self.interval[number](x).gather(-1, steps)
        fresh = before[..., number : number + 1] == MASKED
        return cast(Tensor, self.pitch[number](x) + moves.masked_fill(fresh, 0.0))


def nats(
    network: CausalNetwork, cells: Tensor, places: Tensor, left: Tensor, *, told: bool
) -> Tensor:
    """Return how surprised the network is by each cell, (batch, steps, voices) nats.

    Args:
        cells: (batch, steps, voices). ``places``, ``left``: (batch, steps), as ``forward``.
        told: The soprano ahead and where the piece ends are known; otherwise nothing that comes.
    """
    before = shifted(cells)
    ahead = network.hear(cells[..., 0], places) if told else None
    features, _ = network(before, holds(cells), places, left if told else left * 0, ahead)
    losses = [
        F.cross_entropy(
            network.voice(features, number, cells, before).float().flatten(0, 1),
            cells[..., number].flatten(),
            reduction="none",
        ).view(cells.shape[:2])
        for number in range(len(VOICES))
    ]
    return torch.stack(losses, -1)


def shifted(cells: Tensor) -> Tensor:
    """Return the cells of the step before each, (batch, steps, voices)."""
    return F.pad(cells[:, :-1], (0, 0, 1, 0), value=MASKED)


def holds(cells: Tensor) -> Tensor:
    """Return for how many steps the value before each step has been held, 0 at the start."""
    counts = torch.zeros_like(cells)
    for step in range(1, cells.shape[1]):
        same = cells[:, step - 1] == cells[:, step - 2] if step > 1 else counts[:, 0] > 0
        counts[:, step] = torch.where(same, counts[:, step - 1] + 1, 1)
    return counts.clamp(max=LONGEST)
