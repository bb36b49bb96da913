"""A table whose rows stay as they are stored in the file. Multiplies nothing, reads no file."""

from __future__ import annotations

import torch
from torch import Tensor

from studio.runtime.engines.text.formats.dequantisation import dequantise


class QuantisedEmbedding:
    """Token embeddings: exact, and no larger than in the file; a row becomes floats when asked for.

    Attributes:
        shape: (rows, columns).
    """

    def __init__(self, shape: tuple[int, int], kind: str, block_bytes: int, row_bytes: int) -> None:
        self.shape = shape
        self._kind = kind
        self._block_bytes = block_bytes
        self._table = torch.empty(shape[0], row_bytes, dtype=torch.uint8)

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return self._table.numel()

    @property
    def memory(self) -> Tensor:
        """What it holds: uint8, (bytes,)."""
        return self._table.view(-1)

    def use(self, memory: Tensor) -> None:
        """Hold the rows in ``memory``, which has them already.

        Raises:
            ValueError: It is not ``bytes`` long.
        """
        if memory.dtype != torch.uint8 or memory.shape != (self.bytes,):
            raise ValueError(f"{memory.numel()} bytes for rows of {self.bytes}")
        self._table = memory.view(self._table.shape)

    def write(self, first: int, rows: Tensor) -> None:
        """Copy stored ``rows``, uint8 (rows, bytes of a row), to ``first`` and below."""
        self._table[first : first + rows.shape[0]] = rows

    def __call__(self, tokens: Tensor) -> Tensor:
        """Return the rows of ``tokens``, int64 (tokens,), as float32 (tokens, columns)."""
        blocks = self._table[tokens].view(-1, self._block_bytes)
        return dequantise(blocks, self._kind).float().view(-1, self.shape[1])
