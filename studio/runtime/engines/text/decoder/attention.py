"""Attention of one text over floats: who sees whom. Packed models have their own (``kernels``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from studio.runtime.engines.text.formats.config import LlamaConfig


class StepBuffers(Protocol):
    """Keys and values of the texts that are being written, outside their caches."""

    def give_back(self) -> None:
        """Copy the new ones into the caches of all texts, which leave."""
        ...


class KeyValueCache:
    """Keys and values of one text. Allocated once, for ``capacity`` tokens; it never grows.

    Attributes:
        keys, values: (layers, kv heads, capacity, head dim).
        length: Tokens in it.
        is_long: Whether its text may grow so long that positions turn by other rules; what was
            read by the one is of no use by the other.
        graph: In whose buffers the last tokens are, as long as it writes them.
    """

    graph: StepBuffers | None = None

    def __init__(
        self, config: LlamaConfig, capacity: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        shape = (config.layers, config.kv_heads, capacity, config.head_dim)
        self.keys = torch.empty(shape, dtype=dtype, device=device)
        self.values = torch.empty(shape, dtype=dtype, device=device)
        self.capacity = capacity
        self.is_long = config.is_long(capacity)
        self.length = 0

    def reserve(self, end: int) -> None:
        """See that there are places up to ``end``.

        Raises:
            ValueError: There is no room for them.
        """
        if end > self.capacity:
            raise ValueError(f"a cache for {self.capacity} tokens cannot hold {end}")

    def start_as(self, other: KeyValueCache) -> None:
        """Copy what ``other``, of the same model, has read."""
        if other.graph is not None:
            other.graph.give_back()
        length = other.length
        self.reserve(length)
        self.keys[:, :, :length] = other.keys[:, :, :length]
        self.values[:, :, :length] = other.values[:, :, :length]
        self.length = length


@dataclass(frozen=True)
class Look:
    """The keys that rows of one reading see.

    Attributes:
        keys: Places of the keys that they see at most.
        mask: The keys seen, bool: (group × rows, keys), of one text; or, of rows of a text each,
            the summand of the scores, float: (rows, 1, 1, keys).
    """

    keys: slice
    mask: Tensor | None


def look_from(
    start: int, count: int, group: int, device: torch.device, window: int | None = None
) -> Look:
    """Return the keys that ``count`` tokens of a text, from position ``start``, may look at.

    Args:
        start, count: Places of the tokens.
        group: Query heads that share keys.
        window: How many tokens a token sees, itself included; None for all before it.
    """
    first = 0 if window is None else max(0, start - window + 1)
    seen = slice(first, start + count)
    return Look(seen, _mask(start, count, seen, group, device, window))


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
        look: The keys that they may see.
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
    return _mixed(queries, keys, values, look.mask, scale, cap)


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
    scores = torch.bmm(queries, keys.transpose(1, 2)).mul_(scale / cap).tanh_().mul(cap)
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
    """The heads of a group stand one below the other: keys are read once."""
    rows, kv_heads, group, width = queries.shape
    stacked = queries.permute(1, 2, 0, 3).reshape(1, kv_heads, group * rows, width)
    mixed = _mixed(stacked, keys, values, mask, scale, cap)
    return mixed.view(kv_heads, group, rows, width).permute(2, 0, 1, 3)


def _mask(
    start: int, count: int, keys: slice, group: int, device: torch.device, window: int | None
) -> Tensor | None:
    if count == 1:
        return None
    seen = torch.ones(count, keys.stop - keys.start, dtype=torch.bool, device=device)
    seen = seen.tril_(start - keys.start)
    if window is not None:
        seen = seen.triu_(start - keys.start - window + 1)
    return seen.repeat(group, 1)
