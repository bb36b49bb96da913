"""A decoder-only transformer (Vaswani et al., 2017) for text, with the blocks of Llama.

RMS norms, queries and keys turned by their position (Su et al., 2021) and a gated perceptron
(Shazeer, 2020): what programs for language models expect.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture, Batch
from studio_lab.networks.layers import Dropout
from studio_lab.networks.text import Writer

BASE = 10_000.0
"""Of the wavelengths of positions."""
EPSILON = 1e-6
"""Of the norms."""


class DecoderTransformer(Writer):
    """Blocks of causal attention and a gated perceptron."""

    def __init__(
        self, shape: Shape, width: int, depth: int, heads: int, dropout: float = 0.0
    ) -> None:
        """``width``, ``depth``, ``heads``: of the blocks; a head has an even number of values."""
        super().__init__(shape)
        self.turning = width // heads
        self.embedding = nn.Embedding(shape.vocabulary + 1, width)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(depth))
        self.norm = nn.RMSNorm(width, EPSILON)
        # The start is among what could follow, and learns never to: other programs have one
        # vocabulary for what is read and what is written.
        self.head = nn.Linear(width, shape.vocabulary + 1, bias=False)

    @property
    def places(self) -> Tensor:
        """What turns the values of a head at each position, (L, head): cosines, then sines."""
        angles = self._angles(self.shape.length)
        return torch.cat([angles.cos(), angles.sin()], 1)

    def _angles(self, length: int) -> Tensor:
        device = self.head.weight.device
        rates = BASE ** -(torch.arange(0, self.turning, 2, device=device) / self.turning)
        return torch.arange(length, device=device)[:, None] * rates

    def _all_logits(self, tokens: Tensor) -> Tensor:
        x, angles = self.embedding(tokens), self._angles(tokens.shape[1])
        for block in self.blocks:
            x = block(x, angles)
        logits: Tensor = self.head(self.norm(x))
        return logits

    def logits(self, tokens: Tensor) -> Tensor:
        """See ``Writer``."""
        return self._all_logits(tokens)[..., : self.start]

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean negative log-likelihood, the start among what could follow."""
        logits = self._all_logits(self.before(batch["x"])).float()
        return F.cross_entropy(logits.transpose(1, 2), batch["x"])

    @torch.no_grad()
    def attention(self, tokens: Tensor) -> Tensor:
        """Return who looks where: (B, L) → (blocks, B, heads, L, L), each row adding up to 1."""
        x, angles = self.embedding(tokens), self._angles(tokens.shape[1])
        seen = []
        for block in self.blocks:
            assert isinstance(block, Block)
            seen.append(block.attention.weights(block.first(x), angles))
            x = block(x, angles)
        return torch.stack(seen)


class Attention(nn.Module):
    """Causal self-attention with several heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.enter = nn.Linear(width, 3 * width, bias=False)
        self.leave = nn.Linear(width, width, bias=False)

    def _parts(self, x: Tensor, angles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts: Tensor = self.enter(x).unflatten(2, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        return _turned(query, angles), _turned(key, angles), value

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """(B, L, W) → (B, L, W)."""
        query, key, value = self._parts(x, angles)
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        output: Tensor = self.leave(attended.transpose(1, 2).flatten(2))
        return output

    def weights(self, x: Tensor, angles: Tensor) -> Tensor:
        """Return (B, heads, L, L)."""
        query, key, _ = self._parts(x, angles)
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=x.device).triu(1)
        weights: Tensor = scores.masked_fill(later, float("-inf")).softmax(-1)
        return weights


def _turned(x: Tensor, angles: Tensor) -> Tensor:
    """Turn neighbouring pairs of (B, heads, L, D) by (L, D / 2)."""
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    one, other = x.unflatten(3, (-1, 2)).unbind(4)
    return torch.stack([one * cos - other * sin, one * sin + other * cos], 4).flatten(3)


class Block(nn.Module):
    """Attention and a gated perceptron, each added to what comes in."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.first, self.second = nn.RMSNorm(width, EPSILON), nn.RMSNorm(width, EPSILON)
        self.attention = Attention(width, heads)
        inner = 32 * round(width * 8 / 3 / 32)  # as many parameters as 4 widths without a gate
        self.gate, self.up = (nn.Linear(width, inner, bias=False) for _ in range(2))
        self.down = nn.Linear(inner, width, bias=False)
        self.drop, self.drop_last = Dropout(dropout), Dropout(dropout)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """(B, L, W) → (B, L, W)."""
        x = x + self.drop(self.attention(self.first(x), angles))
        normed = self.second(x)
        hidden = self.down(F.silu(self.gate(normed)) * self.up(normed))
        output: Tensor = x + self.drop_last(hidden)
        return output


ARCHITECTURE = Architecture(
    name="decoder_transformer",
    title="Transformer",
    explanation=(
        "It predicts the next piece of a text from all pieces before it, looking back at those "
        "that matter by attention. New text is written one piece after the other."
    ),
    takes=("text",),
    sizes={
        "small": {"width": 96, "depth": 3, "heads": 3},
        "medium": {"width": 192, "depth": 4, "heads": 6},
        "large": {"width": 320, "depth": 6, "heads": 8},
    },
    make=DecoderTransformer,
    rate=3e-3,
    batch=4,  # the manual, 15 s of a processor: 2.45 bits a character, with 8 rows 2.56
)
