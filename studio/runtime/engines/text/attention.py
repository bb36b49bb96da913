"""Attention of one text: who sees whom, and the same bits however the text came in.

A row's result must not depend on the rows read with it: a prompt read in other pieces, a reply read
again or a guess checked would change the text. The kernel's own sums depend on the shape of a
query's block, so every query has a block of its own, of a shape that follows from its position:
its heads of a group, filled up to a multiple of 4 (other heights depend on the number of threads),
by all keys up to the next multiple of ``SPAN``. That costs some of a long prompt's time. Where a
layer looks through a window, the keys begin at a multiple of ``SPAN``, too.
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
        is_long: Whether its text may grow so long that positions turn by other rules; what was
            read by the one is of no use by the other.
    """

    def __init__(
        self, config: LlamaConfig, capacity: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        room = -(-capacity // SPAN) * SPAN
        shape = (config.layers, config.kv_heads, room, config.head_dim)
        self.keys = torch.empty(shape, dtype=dtype, device=device)
        self.values = torch.empty(shape, dtype=dtype, device=device)
        self.capacity = capacity
        self.is_long = config.is_long(capacity)
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

    def start_as(self, other: KeyValueCache) -> None:
        """Copy what ``other``, of the same model, has read."""
        length = other.length
        self.reserve(length)
        self.keys[:, :, :length] = other.keys[:, :, :length]
        self.values[:, :, :length] = other.values[:, :, :length]
        self.length = length


@dataclass(frozen=True)
class Look:
    """Rows of one reading that see the same stretch of keys.

    Attributes:
        rows: Their places in the reading.
        keys: Places of the keys that they see at most.
        mask: Added to the scores, float: (rows, 1, 1, keys); or what is seen, bool:
            (group × rows, keys) as one block.
    """

    rows: slice
    keys: slice
    mask: Tensor | None


def looks(
    start: int, count: int, group: int, cache: KeyValueCache, window: int | None = None
) -> list[Look]:
    """Return what each of ``count`` tokens from position ``start`` may look at.

    Args:
        start, count: Places of the tokens.
        group: Query heads that share keys.
        cache: Of the text.
        window: How many tokens a token sees, itself included; None for all before it.
    """
    device, dtype = cache.keys.device, cache.keys.dtype
    if device.type != "cpu":
        seen = slice(_first_seen(start, window), start + count)
        mask = _block_mask(start, count, seen, group, device, window)
        return [Look(slice(0, count), seen, mask)]
    return [
        Look(slice(first - start, last - start), seen, _row_masks(first, last, seen, dtype, window))
        for first, last, seen in _stretches(start, start + count, window)
    ]


def attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    look: Look,
    scale: float | None = None,
    cap: float | None = None,
) -> Tensor:
    """Return the values that ``queries`` attend to.

    Args:
        queries: (rows, kv heads, group, head dim); the group's heads share keys.
        keys, values: (kv heads, room, head dim): of one layer of the cache; or, with a dimension
            before them, of as many caches as there are rows.
        look: What they may see.
        scale: Of the scores; by default 1 / √ head dim.
        cap: Scores are bent so that they stay within ± ``cap`` (Gemma 2, arXiv:2408.00118).

    Returns:
        (rows, kv heads, group, head dim).
    """
    keys, values = keys[..., look.keys, :], values[..., look.keys, :]
    if keys.dim() == 3:
        keys, values = keys.unsqueeze(0), values.unsqueeze(0)
    if look.mask is None or look.mask.dim() == 2:
        return _as_one_block(queries, keys, values, look.mask, scale, cap)
    rows, _, group, _ = queries.shape
    fill = -group % _FULL_HEIGHT
    mixed = _mixed(
        functional.pad(queries, (0, 0, 0, fill)) if fill else queries,
        keys.expand(rows, -1, -1, -1),
        values.expand(rows, -1, -1, -1),
        look.mask,
        scale,
        cap,
    )
    return mixed[:, :, :group]


def _mixed(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None,
    scale: float | None,
    cap: float | None,
) -> Tensor:
    """Attention of (batch, kv heads, queries, head dim) to (batch, kv heads, keys, head dim)."""
    if cap is None:
        return functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, scale=scale
        )
    # No kernel bends scores. A head at a time: keys that several rows share are not copied.
    scale = queries.shape[-1] ** -0.5 if scale is None else scale
    return torch.stack(
        [
            _bent(queries[:, head], keys[:, head], values[:, head], mask, scale, cap)
            for head in range(queries.shape[1])
        ],
        dim=1,
    )


def _bent(
    queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, scale: float, cap: float
) -> Tensor:
    scores = torch.bmm(queries, keys.transpose(1, 2)).mul_(scale / cap).tanh_().mul_(cap)
    if mask is not None and mask.dtype is torch.bool:
        scores.masked_fill_(~mask, float("-inf"))
    elif mask is not None:
        scores += mask.squeeze(1)
    return torch.bmm(torch.softmax(scores, -1, dtype=torch.float32).to(values.dtype), values)


def _as_one_block(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None,
    scale: float | None,
    cap: float | None,
) -> Tensor:
    """The heads of a group stand one below the other: fast on graphics cards."""
    rows, kv_heads, group, width = queries.shape
    stacked = queries.permute(1, 2, 0, 3).reshape(1, kv_heads, group * rows, width)
    mixed = _mixed(stacked, keys, values, mask, scale, cap)
    return mixed.view(kv_heads, group, rows, width).permute(2, 0, 1, 3)


def _first_seen(position: int, window: int | None) -> int:
    return 0 if window is None else max(0, position - window + 1)


def _stretches(start: int, end: int, window: int | None) -> Iterator[tuple[int, int, slice]]:
    """Cut positions at multiples of ``SPAN``: (first, last, keys to look at)."""
    while start < end:
        border = (start // SPAN + 1) * SPAN
        first_key = _first_seen(border - SPAN, window) // SPAN * SPAN
        yield start, min(border, end), slice(first_key, border)
        start = border


def _row_masks(
    first: int, last: int, keys: slice, dtype: torch.dtype, window: int | None
) -> Tensor:
    """Hide from each row what comes after it and what its window leaves out: (rows, 1, 1, keys)."""
    hidden = torch.full((last - first, keys.stop - keys.start), float("-inf"), dtype=dtype)
    after = hidden.triu(first - keys.start + 1)
    if window is not None:
        after += hidden.tril_(first - keys.start - window)
    return after.view(-1, 1, 1, hidden.shape[1])


def _block_mask(
    start: int, count: int, keys: slice, group: int, device: torch.device, window: int | None
) -> Tensor | None:
    if count == 1:
        return None
    seen = torch.ones(count, keys.stop - keys.start, dtype=torch.bool, device=device)
    seen = seen.tril_(start - keys.start)
    if window is not None:
        seen = seen.triu_(start - keys.start - window + 1)
    return seen.repeat(group, 1)
