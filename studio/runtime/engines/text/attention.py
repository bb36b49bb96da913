"""Attention of one text: who sees whom, and the same bits however the text came in.

A row's result must not depend on the rows read with it: a prompt read in other pieces, a reply read
again or a guess checked would change the text. The kernel's own sums depend on the shape of a
query's block, so every query has a block of its own, of a shape that follows from its position:
its heads of a group, filled up to a multiple of 4 (other heights depend on the number of threads),
by all keys up to the next multiple of ``SPAN``. That costs some of a long prompt's time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from studio.runtime.engines.text.config import LlamaConfig

SPAN = 64
"""Keys are seen in multiples of this."""

_FULL_HEIGHT = 4


class KeyValueCache:
    """Keys and values of one text. Allocated once, for ``capacity`` tokens; it never grows.

    Attributes:
        keys, values: (layers, kv heads, at least capacity, head dim); zero from ``length`` up to
            the next multiple of ``SPAN``.
        length: Tokens in it.
    """

    def __init__(
        self, config: LlamaConfig, capacity: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        room = -(-capacity // SPAN) * SPAN
        shape = (config.layers, config.kv_heads, room, config.head_dim)
        self.keys = torch.empty(shape, dtype=dtype, device=device)
        self.values = torch.empty(shape, dtype=dtype, device=device)
        self.capacity = capacity
        self.length = 0
        self._zeroed = 0

    def reserve(self, end: int) -> None:
        """Make the places up to ``end`` safe to look at: hidden garbage may be no number.

        Raises:
            ValueError: There is no room for them.
        """
        if end > self.capacity:
            raise ValueError(f"a cache for {self.capacity} tokens cannot hold {end}")
        border = -(-end // SPAN) * SPAN
        if border > self._zeroed:
            self.keys[:, :, self._zeroed : border] = 0
            self.values[:, :, self._zeroed : border] = 0
            self._zeroed = border

    def start_with(self, keys: Tensor, values: Tensor) -> None:
        """Copy the keys and values of a beginning, (layers, kv heads, tokens, head dim)."""
        length = keys.shape[2]
        self.reserve(length)
        self.keys[:, :, :length] = keys
        self.values[:, :, :length] = values
        self.length = length


@dataclass(frozen=True)
class Look:
    """Rows of one reading that see the same stretch of keys.

    Attributes:
        rows: Their places in the reading.
        end: How many keys they see at most.
        mask: Added to the scores, float: (rows, 1, 1, end), or (group × rows, end) as one block.
    """

    rows: slice
    end: int
    mask: Tensor | None


def looks(start: int, count: int, group: int, cache: KeyValueCache) -> list[Look]:
    """Return what each of ``count`` tokens from position ``start`` may look at."""
    device, dtype = cache.keys.device, cache.keys.dtype
    if device.type != "cpu":
        return [Look(slice(0, count), start + count, _block_mask(start, count, group, cache))]
    return [
        Look(slice(first - start, last - start), end, _row_masks(first, last, end, dtype))
        for first, last, end in _stretches(start, start + count)
    ]


def attend(queries: Tensor, keys: Tensor, values: Tensor, look: Look) -> Tensor:
    """Return the values that ``queries`` attend to.

    Args:
        queries: (rows, kv heads, group, head dim); the group's heads share keys.
        keys, values: (kv heads, room, head dim): of one layer of the cache.
        look: What they may see.

    Returns:
        (rows, kv heads, group, head dim).
    """
    keys, values = keys[:, : look.end].unsqueeze(0), values[:, : look.end].unsqueeze(0)
    if look.mask is None or look.mask.dim() == 2:
        return _as_one_block(queries, keys, values, look.mask)
    rows, _, group, _ = queries.shape
    fill = -group % _FULL_HEIGHT
    mixed = functional.scaled_dot_product_attention(
        functional.pad(queries, (0, 0, 0, fill)) if fill else queries,
        keys.expand(rows, -1, -1, -1),
        values.expand(rows, -1, -1, -1),
        attn_mask=look.mask,
    )
    return mixed[:, :, :group]


def _as_one_block(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """The heads of a group stand one below the other: fast on graphics cards."""
    rows, kv_heads, group, width = queries.shape
    stacked = queries.permute(1, 2, 0, 3).reshape(1, kv_heads, group * rows, width)
    mixed = functional.scaled_dot_product_attention(stacked, keys, values, attn_mask=mask)
    return mixed.view(kv_heads, group, rows, width).permute(2, 0, 1, 3)


def _stretches(start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Cut positions at multiples of ``SPAN``: (first, last, keys to look at)."""
    while start < end:
        border = (start // SPAN + 1) * SPAN
        yield start, min(border, end), border
        start = border


def _row_masks(first: int, last: int, end: int, dtype: torch.dtype) -> Tensor:
    """Hide from each row what comes after it: (rows, 1, 1, end)."""
    hidden = torch.full((last - first, end), float("-inf"), dtype=dtype)
    return hidden.triu_(first + 1).view(-1, 1, 1, end)


def _block_mask(start: int, count: int, group: int, cache: KeyValueCache) -> Tensor | None:
    if count == 1:
        return None
    ones = torch.ones(count, start + count, dtype=torch.bool, device=cache.keys.device)
    return ones.tril_(start).repeat(group, 1)
