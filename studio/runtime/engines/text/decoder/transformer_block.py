"""One layer of the decoder: attention and feed-forward, as its architecture varies them.

RMSNorm (arXiv:1910.07467), grouped-query attention (arXiv:2305.13245), SwiGLU (arXiv:2002.05202).
Queries, keys and values are one product, and so are gate and up. Rows are tokens, (tokens, hidden).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from studio.runtime.engines.text.decoder.attention import KeyValueCache, Look, attend
from studio.runtime.engines.text.decoder.layers import Linear, RMSNorm
from studio.runtime.engines.text.decoder.rotary import rotate
from studio.runtime.engines.text.formats.config import LlamaConfig, RopeConfig


@dataclass(frozen=True)
class Share:
    """The rows of one passage among those that are read together, and what they see.

    Attributes:
        rows: Their places.
        start: The position of the first.
        cache: Of their text.
        looks: What they see, by the window of a layer.
    """

    rows: slice
    start: int
    cache: KeyValueCache
    looks: Mapping[int | None, Look]

    @property
    def end(self) -> int:
        """The position after the last."""
        return self.start + int(self.rows.stop - self.rows.start)

    def store(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Put away keys and values, (rows, kv heads, head dim); return all of the layer."""
        all_keys, all_values = self.cache.keys[layer], self.cache.values[layer]
        all_keys[:, self.start : self.end] = keys[self.rows].transpose(0, 1)
        all_values[:, self.start : self.end] = values[self.rows].transpose(0, 1)
        return all_keys, all_values


@dataclass(frozen=True)
class Reading:
    """Rows of several texts that are read at once.

    Attributes:
        shares: Of each text.
        turns: Of all rows, complex64 (tokens, 1, head dim / 2), by the rule for positions.
    """

    shares: Sequence[Share]
    turns: Mapping[RopeConfig, Tensor]


class Attention(nn.Module):
    """The attention of one layer, between the tokens of a text."""

    def __init__(self, config: LlamaConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.kind = config.kinds[layer]
        self.head_dim = config.head_dim
        self.heads, self.kv_heads = config.heads, config.kv_heads
        self.group = config.heads // config.kv_heads
        self.scale, self.cap = config.query_scale, config.attention_cap
        rows = (config.heads + 2 * config.kv_heads) * config.head_dim
        self.qkv = Linear(config.hidden, rows, bias=config.family.qkv_bias, device="meta")
        self.out = Linear(config.heads * config.head_dim, config.hidden, bias=False, device="meta")
        self.query_norm = _norm(config, config.head_dim) if config.family.qk_norm else None
        self.key_norm = _norm(config, config.head_dim) if config.family.qk_norm else None

    def forward(self, hidden: Tensor, reading: Reading) -> Tensor:
        """Return the attention of each row of ``hidden``, (tokens, hidden), to those it sees."""
        heads = self.qkv(hidden).view(hidden.shape[0], -1, self.head_dim)
        turned, new_values = heads[:, : -self.kv_heads], heads[:, -self.kv_heads :]
        if self.query_norm is not None and self.key_norm is not None:
            queries, keys = turned[:, : self.heads], turned[:, self.heads :]
            turned = torch.cat([self.query_norm(queries), self.key_norm(keys)], dim=1)
        if self.kind.rope is not None:
            turned = rotate(turned, reading.turns[self.kind.rope])
        queries = turned[:, : self.heads].unflatten(1, (self.kv_heads, self.group))
        new_keys = turned[:, self.heads :]
        mixed: list[Tensor] = []
        for share in reading.shares:
            keys, values = share.store(self.layer, new_keys, new_values)
            look = share.looks[self.kind.window]
            mixed.append(attend(queries[share.rows], keys, values, look, self.scale, self.cap))
        result: Tensor = self.out(_joined(mixed).reshape(hidden.shape[0], -1))
        return result


class FeedForward(nn.Module):
    """The gated feed-forward of one layer, token by token."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.gelu = config.family.gelu
        self.gate_up = Linear(config.hidden, 2 * config.intermediate, bias=False, device="meta")
        self.down = Linear(config.intermediate, config.hidden, bias=False, device="meta")

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the summand for ``hidden``, (tokens, hidden)."""
        gate, up = self.gate_up(hidden).chunk(2, dim=-1)
        gate = functional.gelu(gate, approximate="tanh") if self.gelu else functional.silu(gate)
        result: Tensor = self.down(gate * up)
        return result


class Block(nn.Module):
    """One layer: attention, then feed-forward, each normalised before (or after, too) and added."""

    def __init__(self, config: LlamaConfig, layer: int) -> None:
        super().__init__()
        post_norms = config.family.post_norms
        self.attention_norm = _norm(config, config.hidden)
        self.attention = Attention(config, layer)
        self.attention_post_norm = _norm(config, config.hidden) if post_norms else nn.Identity()
        self.feed_forward_norm = _norm(config, config.hidden)
        self.feed_forward = FeedForward(config)
        self.feed_forward_post_norm = _norm(config, config.hidden) if post_norms else nn.Identity()

    def forward(self, hidden: Tensor, reading: Reading) -> Tensor:
        """Return ``hidden`` after this layer."""
        mixed = self.attention(self.attention_norm(hidden), reading)
        hidden = hidden + self.attention_post_norm(mixed)
        summand = self.feed_forward(self.feed_forward_norm(hidden))
        result: Tensor = hidden + self.feed_forward_post_norm(summand)
        return result


def _norm(config: LlamaConfig, width: int) -> RMSNorm:
    return RMSNorm(width, config.norm_eps, device="meta")


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))
