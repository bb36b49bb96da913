"""A decoder-only transformer (Vaswani et al., 2017; Radford et al., 2018) for text."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture
from studio_lab.networks.layers import Dropout
from studio_lab.networks.text import Writer


class DecoderTransformer(Writer):
    """Blocks of causal attention and a perceptron, with places that are learned."""

    def __init__(
        self, shape: Shape, width: int, depth: int, heads: int, dropout: float = 0.0
    ) -> None:
        """``width``, ``depth``, ``heads``: of the blocks."""
        super().__init__(shape)
        self.embedding = nn.Embedding(shape.vocabulary + 1, width)
        self.places = nn.Parameter(torch.randn(shape.length, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, shape.vocabulary, bias=False)

    def logits(self, tokens: Tensor) -> Tensor:
        """See ``Writer``."""
        x = self.embedding(tokens) + self.places[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        told: Tensor = self.head(self.norm(x))
        return told

    @torch.no_grad()
    def attention(self, tokens: Tensor) -> Tensor:
        """Return who looks where: (B, L) → (blocks, B, heads, L, L), each row adding up to 1."""
        x = self.embedding(tokens) + self.places[: tokens.shape[1]]
        seen = []
        for block in self.blocks:
            assert isinstance(block, Block)
            seen.append(block.attention.weights(block.first(x)))
            x = block(x)
        return torch.stack(seen)


class Attention(nn.Module):
    """Self-attention with several heads; a causal one sees what came before."""

    def __init__(self, width: int, heads: int, is_causal: bool = True) -> None:
        super().__init__()
        self.heads, self.is_causal = heads, is_causal
        self.enter, self.leave = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts: Tensor = self.enter(x).unflatten(2, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        return query, key, value

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, W) → (B, L, W)."""
        query, key, value = self._parts(x)
        made = F.scaled_dot_product_attention(query, key, value, is_causal=self.is_causal)
        told: Tensor = self.leave(made.transpose(1, 2).flatten(2))
        return told

    def weights(self, x: Tensor) -> Tensor:
        """Return (B, heads, L, L)."""
        query, key, _ = self._parts(x)
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=x.device).triu(1)
        weights: Tensor = scores.masked_fill(later, float("-inf")).softmax(-1)
        return weights


class Block(nn.Module):
    """Attention and a perceptron, each added to what comes in."""

    def __init__(self, width: int, heads: int, dropout: float, is_causal: bool = True) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, is_causal)
        self.layers = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.drop, self.drop_last = Dropout(dropout), Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, W) → (B, L, W)."""
        x = x + self.drop(self.attention(self.first(x)))
        made: Tensor = x + self.drop_last(self.layers(self.second(x)))
        return made


ARCHITECTURE = Architecture(
    name="decoder_transformer",
    title="Transformer",
    explanation=(
        "It predicts the next piece of a text from all pieces before it, looking back at those "
        "that matter by attention. New text is written one piece after the other."
    ),
    takes=("text",),
    sizes={
        "small": {"width": 96, "depth": 3, "heads": 4},
        "medium": {"width": 192, "depth": 4, "heads": 6},
        "large": {"width": 320, "depth": 6, "heads": 8},
    },
    make=DecoderTransformer,
    rate=2e-3,
    batch=8,  # the manual, 40 s of a processor: 2.38 nats a character, with 64 rows 2.53
)
