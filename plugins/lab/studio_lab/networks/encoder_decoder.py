"""An encoder–decoder transformer (Vaswani et al., 2017) for pairs: translate, correct, shorten."""

from __future__ import annotations

from collections.abc import Generator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture, Batch, Network
from studio_lab.networks.layers import Dropout

_KEPT = 64
"""Sources of training that samples are made for, where nobody gives others."""


class EncoderDecoder(Network):
    """Reads a source whole, then writes the target token by token, looking at both."""

    sources: Tensor

    def __init__(
        self, shape: Shape, width: int, depth: int, heads: int, dropout: float = 0.0
    ) -> None:
        """``width``, ``depth``, ``heads``: of the blocks of either half."""
        super().__init__(shape)
        self.embedding = nn.Embedding(shape.vocabulary + 1, width)
        self.places = nn.Parameter(torch.randn(shape.length, width) * 0.02)
        self.reading = nn.ModuleList(_Block(width, heads, dropout, False) for _ in range(depth))
        self.writing = nn.ModuleList(_Block(width, heads, dropout) for _ in range(depth))
        self.looking = nn.ModuleList(_Looking(width, heads, dropout) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, shape.vocabulary)
        self.register_buffer("sources", torch.zeros(_KEPT, shape.length, dtype=torch.long))

    def read(self, sources: Tensor) -> Tensor:
        """(B, L) tokens → (B, L, W)."""
        x: Tensor = self.embedding(sources) + self.places
        for block in self.reading:
            x = block(x)
        return x

    def logits(self, memory: Tensor, tokens: Tensor) -> Tensor:
        """Map the encoded source and (B, L) previous tokens to (B, L, vocabulary)."""
        x = self.embedding(tokens) + self.places[: tokens.shape[1]]
        for block, looking in zip(self.writing, self.looking, strict=True):
            x = looking(block(x), memory)
        logits: Tensor = self.head(self.norm(x))
        return logits.float()

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean negative log-likelihood of the targets."""
        some = batch["x"][:_KEPT, 0]
        self.sources[: len(some)] = some
        return self.bound(batch, random).mean()

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return the negative log-likelihood of targets, given sources, in nats per token."""
        source, target = batch["x"].unbind(1)
        before = F.pad(target[:, :-1], (1, 0), value=self.shape.vocabulary)
        logits = self.logits(self.read(source), before)
        losses = F.cross_entropy(logits.transpose(1, 2), target, reduction="none")
        return losses.mean(1)

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """Yield the share done; return pairs, (N, 2, L): sources seen in training, new targets."""
        sources = self.sources[torch.arange(count, device=self.sources.device) % _KEPT]
        written = yield from self.answer(sources)
        return torch.stack([sources, written], 1)

    def answer(self, sources: Tensor) -> Generator[float, None, Tensor]:
        """Yield the share done; return the likeliest target of each source, token by token."""
        memory = self.read(sources)
        tokens = torch.full_like(sources[:, :1], self.shape.vocabulary)
        for place in range(self.shape.length):
            best = self.logits(memory, tokens)[:, -1].argmax(1, keepdim=True)
            tokens = torch.cat([tokens, best], 1)
            yield (place + 1) / self.shape.length
        return tokens[:, 1:]


class _Attention(nn.Module):
    """Self-attention with several heads; a causal one sees earlier tokens only."""

    def __init__(self, width: int, heads: int, is_causal: bool = True) -> None:
        super().__init__()
        self.heads, self.is_causal = heads, is_causal
        self.enter, self.leave = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, W) → (B, L, W)."""
        parts: Tensor = self.enter(x).unflatten(2, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=self.is_causal)
        output: Tensor = self.leave(attended.transpose(1, 2).flatten(2))
        return output


class _Block(nn.Module):
    """Attention and a perceptron, each added to what comes in."""

    def __init__(self, width: int, heads: int, dropout: float, is_causal: bool = True) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = _Attention(width, heads, is_causal)
        self.layers = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.drop, self.drop_last = Dropout(dropout), Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, W) → (B, L, W)."""
        x = x + self.drop(self.attention(self.first(x)))
        output: Tensor = x + self.drop_last(self.layers(self.second(x)))
        return output


class _Looking(nn.Module):
    """Cross-attention from the target to the source."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.norm, self.drop = heads, nn.LayerNorm(width), Dropout(dropout)
        self.ask, self.offer = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.leave = nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        query = self.ask(self.norm(x)).unflatten(2, (self.heads, -1)).transpose(1, 2)
        offered = self.offer(memory).unflatten(2, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, offered[0], offered[1])
        output: Tensor = x + self.drop(self.leave(seen.transpose(1, 2).flatten(2)))
        return output


ARCHITECTURE = Architecture(
    name="encoder_decoder",
    title="Encoder–decoder transformer",
    explanation=(
        "One half reads a text whole, and the other writes a second text, looking back at the "
        "first. It learns from pairs: a sentence and its translation, a mistake and its correction."
    ),
    takes=("pairs",),
    sizes={
        "small": {"width": 96, "depth": 2, "heads": 4},
        "medium": {"width": 192, "depth": 3, "heads": 6},
        "large": {"width": 320, "depth": 4, "heads": 8},
    },
    make=EncoderDecoder,
    rate=2e-3,
)
