"""A small transformer: causal with a state to go on from, or over a whole piece at once.

Knows no music.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FARTHEST = 96
"""Distances beyond this many steps are treated alike where they are learned."""


class Layers(nn.Module):
    """A stack of layers.

    Args:
        causal: Each step hears the past only, the nearer the louder, so that any length works.
            Otherwise it hears all, and how loud each distance is, is learned.
    """

    def __init__(self, width: int, depth: int, dropout: float, *, causal: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(width, width // 64, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        slopes = 2.0 ** -torch.arange(1, width // 64 + 1).mul(2.0)
        self.causal = causal
        self.slopes: Tensor
        self.register_buffer("slopes", slopes, persistent=False)
        if not causal:
            far = (torch.arange(2 * FARTHEST + 1) - FARTHEST).abs()
            self.distances = nn.Parameter(-slopes[:, None] * far)

    def forward(self, x: Tensor, state: list[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        """Return the hidden states, and keys and values so far of every layer."""
        past: Sequence[Tensor | None] = state or [None] * len(self.layers)
        before = 0 if state is None else state[0].shape[3]
        bias = self._bias(x.shape[1], before + x.shape[1], x)
        caches = []
        for layer, earlier in zip(self.layers, past, strict=True):
            x, keys_values = layer(x, earlier, bias)
            caches.append(keys_values)
        return self.norm(x), caches

    def _bias(self, queries: int, keys: int, like: Tensor) -> Tensor:
        """Return the attention bias (heads, queries, keys)."""
        at = torch.arange(keys - queries, keys, device=like.device)
        distance = at[:, None] - torch.arange(keys, device=like.device)[None]
        if self.causal:
            bias = -self.slopes[:, None, None] * distance
            bias = bias.masked_fill(distance < 0, -torch.inf)
        else:
            bias = self.distances[:, distance.clamp(-FARTHEST, FARTHEST) + FARTHEST]
        autocast = torch.is_autocast_enabled("cpu")
        return bias.to(torch.get_autocast_dtype("cpu") if autocast else like.dtype)


class Layer(nn.Module):
    """Attention, then a feed-forward network."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_in, self.norm_out = nn.LayerNorm(width), nn.LayerNorm(width)
        self.to_qkv, self.to_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, past: Tensor | None, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Return the new x and keys and values (2, batch, heads, steps, width of a head)."""
        batch, steps, width = x.shape
        qkv = self.to_qkv(self.norm_in(x)).view(batch, steps, 3, self.heads, -1)
        query, new = qkv[:, :, 0].transpose(1, 2), qkv[:, :, 1:].permute(2, 0, 3, 1, 4)
        both = new if past is None else torch.cat([past, new], dim=3)
        attended = F.scaled_dot_product_attention(query, both[0], both[1], attn_mask=bias)
        x = x + self.drop(self.to_out(attended.transpose(1, 2).reshape(batch, steps, width)))
        return x + self.drop(self.down(F.gelu(self.up(self.norm_out(x))))), both
