"""The networks that write SMILES: a causal transformer, and the recurrent one it is compared with.

Both map tokens (batch, length) to logits (batch, length, vocabulary) and go on from a state, so
that a sample costs one step a token.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MAX_LENGTH = 128
"""Longest string in tokens, start and end included."""

Stage = Callable[[Tensor], Tensor]
"""A part of a network: it takes what the part before it gave."""


class Transformer(nn.Module):
    """A decoder: rotary positions (arXiv:2104.09864), RMS norms, gelu, tied embeddings."""

    cos: Tensor
    sin: Tensor

    def __init__(self, vocabulary: int, width: int = 192, depth: int = 4, heads: int = 4) -> None:
        super().__init__()
        self.config = {"vocabulary": vocabulary, "width": width, "depth": depth, "heads": heads}
        self.embed = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.RMSNorm(width)
        angles = _angles(width // heads)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        nn.init.normal_(self.embed.weight, std=0.02)

    def forward(self, tokens: Tensor, cache: Cache | None = None) -> Tensor:
        """Return logits; with ``cache``, ``tokens`` continue its contents and extend it."""
        start = cache.length if cache else 0
        end = start + tokens.shape[1]
        cos, sin = self.cos[start:end], self.sin[start:end]
        x = self.embed(tokens)
        for index, block in enumerate(self.blocks):
            x = block(x, cos, sin, cache, index)
        if cache:
            cache.length = end
        return self._logits(x)

    def stages(self) -> list[Stage]:
        """Return the parts that make logits of whole strings, in order."""

        def through(block: nn.Module) -> Stage:
            return lambda x: block(x, self.cos[: x.shape[1]], self.sin[: x.shape[1]], None, 0)

        return [self.embed, *map(through, self.blocks), self._logits]

    def _logits(self, x: Tensor) -> Tensor:
        return F.linear(self.norm(x), self.embed.weight)

    def begin(self, count: int, length: int = MAX_LENGTH) -> Cache:
        """Return an empty cache for ``count`` strings."""
        heads, head = self.config["heads"], self.config["width"] // self.config["heads"]
        shape = (self.config["depth"], 2, count, heads, length, head)
        return Cache(torch.zeros(shape, dtype=self.embed.weight.dtype, device=self.cos.device))


class Cache:
    """Keys and values of earlier tokens: (depth, 2, batch, heads, length, head)."""

    def __init__(self, store: Tensor) -> None:
        self.store = store
        self.length = 0

    def grow(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write new keys and values (batch, heads, new, head); return all so far."""
        end = self.length + key.shape[2]
        self.store[layer, 0, :, :, self.length : end] = key
        self.store[layer, 1, :, :, self.length : end] = value
        return self.store[layer, 0, :, :, :end], self.store[layer, 1, :, :, :end]


class Block(nn.Module):
    """Attention, then a perceptron; each behind its norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.RMSNorm(width), nn.RMSNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)
        for layer in (self.qkv, self.up):
            nn.init.normal_(layer.weight, std=0.02)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None, layer: int
    ) -> Tensor:
        """Return x (batch, length, width) after this block."""
        batch, length, width = x.shape
        shape = (batch, length, 3, self.heads, width // self.heads)
        q, k, v = self.qkv(self.before(x)).view(shape).permute(2, 0, 3, 1, 4)
        q, k = _turn(q, cos, sin), _turn(k, cos, sin)
        if cache:
            k, v = cache.grow(layer, k.to(cache.store.dtype), v.to(cache.store.dtype))
            q = q.to(k.dtype)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
        attended: Tensor = self.out(seen.transpose(1, 2).reshape(batch, length, width))
        x = x + attended
        added: Tensor = self.down(F.gelu(self.up(self.between(x))))
        return x + added


class Recurrent(nn.Module):
    """Three GRU layers: the baseline, as in the character model of MOSES (arXiv:1811.12823)."""

    def __init__(self, vocabulary: int, width: int = 384, depth: int = 3) -> None:
        super().__init__()
        self.config = {"vocabulary": vocabulary, "width": width, "depth": depth}
        self.embed = nn.Embedding(vocabulary, width)
        self.gru = nn.GRU(width, width, depth, batch_first=True)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, tokens: Tensor, state: list[Tensor] | None = None) -> Tensor:
        """Return logits; with ``state`` (a list of one tensor), go on from it and replace it."""
        seen, last = self.gru(self.embed(tokens), state[0] if state else None)
        if state:
            state[0] = last
        logits: Tensor = self.head(seen)
        return logits

    def stages(self) -> list[Stage]:
        """Return the parts that make logits of whole strings, in order."""
        return [self.embed, lambda x: self.gru(x)[0], self.head]

    def begin(self, count: int) -> list[Tensor]:
        """Return an empty state for ``count`` strings."""
        zeros = torch.zeros(self.config["depth"], count, self.config["width"])
        return [zeros.to(self.embed.weight)]


Network = Transformer | Recurrent
NETWORKS: dict[str, type[Any]] = {"transformer": Transformer, "recurrent": Recurrent}


def _angles(head: int) -> Tensor:
    rates = 10_000 ** (-torch.arange(0, head, 2) / head)
    return torch.arange(MAX_LENGTH)[:, None] * rates[None]


def _turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate halves of each head by its position."""
    a, b = x.float().chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)
