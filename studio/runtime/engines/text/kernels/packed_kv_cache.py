"""Keys and values of one text as the compiled attention takes them (see ``kernels``)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.runtime.engines.text.formats.config import LlamaConfig

SPAN = 64
"""Keys that lie side by side."""
LANES = 16
"""Values of a head are filled up to a multiple of this."""


class PackedKVCache:
    """Keys and values of one text. Allocated once, for ``capacity`` tokens; it never grows.

    Attributes:
        keys: float32, (layers, kv heads, spans, head dim, ``SPAN``).
        values: float32, (layers, kv heads, spans × ``SPAN``, head dim up to whole ``LANES``).
        layers: Of each, the same as arrays.
        length: Tokens in it.
        is_long: As of ``KeyValueCache``.
    """

    def __init__(self, config: LlamaConfig, capacity: int) -> None:
        spans, width = -(-capacity // SPAN), config.head_dim
        before = (config.layers, config.kv_heads)
        self.keys = torch.empty(*before, spans, width, SPAN)
        self.values = torch.empty(*before, spans * SPAN, -(-width // LANES) * LANES)
        pairs = zip(self.keys.numpy(), self.values.numpy(), strict=True)
        self.layers: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = list(pairs)
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

    def beginning(self, length: int) -> tuple[Tensor, Tensor]:
        """Return copies of the first keys and values: (layers, kv heads, length, head dim)."""
        width = self.keys.shape[3]
        keys = torch.empty(*self.keys.shape[:2], length, width)
        for plain, spanned in _pairs(keys, self.keys):
            plain.copy_(spanned)
        return keys, self.values[:, :, :length, :width].clone()

    def start_with(self, keys: Tensor, values: Tensor) -> None:
        """Copy the keys and values of a beginning, (layers, kv heads, tokens, head dim)."""
        length = keys.shape[2]
        self.reserve(length)
        for plain, spanned in _pairs(keys, self.keys):
            spanned.copy_(plain)
        self.values[:, :, :length, : values.shape[3]] = values
        self.length = length

    def start_as(self, other: PackedKVCache) -> None:
        """Copy what ``other``, of the same model, has read."""
        self.reserve(other.length)
        spans = -(-other.length // SPAN)
        self.keys[:, :, :spans] = other.keys[:, :, :spans]
        self.values[:, :, : other.length] = other.values[:, :, : other.length]
        self.length = other.length


def _pairs(plain: Tensor, spanned: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return views of the same shape and the same keys: of whole spans, and of the rest."""
    length = plain.shape[2]
    spans, rest = divmod(length, SPAN)
    across = spanned.transpose(3, 4)
    whole = plain[:, :, : length - rest].unflatten(2, (spans, SPAN))
    pairs = [(whole, across[:, :, :spans])]
    if rest:
        pairs.append((plain[:, :, length - rest :], across[:, :, spans, :rest]))
    return pairs
