"""The tensors of a model with an adapter added, a few rows at a time: for whoever loads it.

Changed matrices come as floats, so that 4 bits do not swallow a change; all others as they are
stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from studio.runtime.engines.text.formats.tensor_source import (
    CHUNK_VALUES,
    StoredTensor,
    TensorSource,
)

_KIND, _ITEM = "F32", 4


@dataclass(frozen=True)
class Change:
    """What is added to a matrix: up × down.

    Attributes:
        down: (rank, inputs).
        up: (outputs, rank), its rows as the file orders them.
    """

    down: Tensor
    up: Tensor

    def rows(self, first: int, count: int) -> Tensor:
        """Return rows of the product, float32."""
        return self.up[first : first + count] @ self.down


@dataclass(frozen=True)
class _Changed(StoredTensor):
    """A matrix that is added up while it is read.

    Attributes:
        values: Yields (first row, rows) as floats.
    """

    values: Callable[[], Iterator[tuple[int, Tensor]]]

    def chunks(self, most: int = CHUNK_VALUES) -> Iterator[tuple[int, Tensor]]:
        """See ``StoredTensor``."""
        for first, values in self.values():
            yield first, values.float().contiguous().view(torch.uint8)


class AdaptedSource:
    """A ``TensorSource`` that changes another."""

    def __init__(self, source: TensorSource, changes: Mapping[str, Change]) -> None:
        """``changes``: by the names of tensors in ``source``."""
        self._source, self._changes = source, changes
        self.path: Path = source.path
        self.shapes = source.shapes
        self.quantisation = source.quantisation
        self.file_bytes = source.file_bytes

    @property
    def changed(self) -> frozenset[str]:
        """The names of tensors that are not as they are stored."""
        below = self._source.changed if isinstance(self._source, AdaptedSource) else frozenset()
        return below | self._changes.keys()

    def rows(self, name: str) -> Iterator[tuple[int, Tensor]]:
        """See :class:`TensorSource`."""
        change = self._changes.get(name)
        for first, values in self._source.rows(name):
            if change is None:
                yield first, values
            else:
                yield first, values.float() + change.rows(first, values.shape[0])

    def stored(self, name: str) -> StoredTensor:
        """See :class:`TensorSource`."""
        if name not in self._changes:
            return self._source.stored(name)
        rows, columns = self.shapes[name]
        nothing = torch.empty(rows, columns * _ITEM, dtype=torch.uint8, device="meta")
        return _Changed((rows, columns), _KIND, _ITEM, nothing, lambda: self.rows(name))

    def close(self) -> None:
        """See :class:`TensorSource`."""
        self._source.close()
