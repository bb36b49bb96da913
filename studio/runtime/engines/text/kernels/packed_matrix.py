"""A matrix of weights that is filled in pieces, as they are stored, and then multiplies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from studio.runtime.engines.text.kernels import packed_layout
from studio.runtime.engines.text.kernels.cpu_features import chosen
from studio.runtime.engines.text.kernels.packed_layout import GROUP, ROWS, Format

if TYPE_CHECKING:
    from studio.runtime.engines.text.kernels.quantised_activations import QuantisedActivations

LAYOUT = "records-64-6"
"""What caches on disk are marked by: another layout, another name."""


ALIGNMENT = 64
"""Bytes: vectors are read fastest from multiples of their size."""


def can_pack(device: str) -> bool:
    """Return whether ``device`` is a processor that there are kernels for."""
    return device.startswith("cpu") and chosen() is not None


@dataclass(frozen=True)
class Band:
    """Rows of a matrix that are held alike.

    Attributes:
        first: Their place in the matrix.
        rows: How many.
        format: What their records hold.
    """

    first: int
    rows: int
    format: Format

    def bytes(self, columns: int) -> int:
        """Return the memory that they take: records, then a factor for each of their rows."""
        return self.records_bytes(columns) + 4 * self.padded_rows

    @property
    def padded_rows(self) -> int:
        """Rows of whole records."""
        return -(-self.rows // ROWS) * ROWS

    def records_bytes(self, columns: int) -> int:
        """Return the memory that the records take, a multiple of ``ALIGNMENT``."""
        return math.prod(self.format.shape(self.rows, columns))


def bands(parts: Iterable[tuple[int, int, str]]) -> list[Band]:
    """Return the bands of a matrix of which parts come from different tensors.

    Args:
        parts: First row, rows and kind of blocks of each, in order.
    """
    result: list[Band] = []
    for first, rows, kind in parts:
        form = packed_layout.format_of(kind)
        above = result[-1] if result else None
        if above is not None and above.format == form and above.rows % ROWS == 0:
            result[-1] = Band(above.first, above.rows + rows, form)
        else:
            result.append(Band(first, rows, form))
    return result


class PackedMatrix:
    """A matrix of weights that multiplies rows of inputs.

    It has no memory until :meth:`use`; then it is filled some rows at a time, or full already.

    Attributes:
        columns: How many inputs.
        rows: How many outputs.
        bands: Of its rows.
        memory: uint8, (bytes,): what it holds.
    """

    def __init__(self, columns: int, bands: Sequence[Band]) -> None:
        self.columns = columns
        self.bands = tuple(bands)
        self.rows = sum(band.rows for band in bands)
        self.memory = torch.empty(0, dtype=torch.uint8)
        self._views: list[_View] = []

    @classmethod
    def of_floats(cls, weights: Tensor) -> PackedMatrix:
        """Return a full one of floats, (rows, columns)."""
        matrix = cls(weights.shape[1], bands([(0, weights.shape[0], "F32")]))
        matrix.use(torch.zeros(matrix.bytes, dtype=torch.uint8))
        stored = weights.float().contiguous().view(torch.uint8)
        matrix.write(torch.arange(weights.shape[0]), stored, "F32", 4)
        return matrix

    @property
    def bytes(self) -> int:
        """Memory that it takes, a multiple of ``ALIGNMENT``."""
        return sum(band.bytes(self.columns) for band in self.bands)

    def use(self, memory: Tensor) -> None:
        """Hold the weights in ``memory``: zeros to be written, or what another one's holds.

        The place of one that multiplies may be changed at any time, for a copy.

        Raises:
            ValueError: It is not ``bytes`` long.
        """
        if memory.dtype != torch.uint8 or memory.shape != (self.bytes,):
            raise ValueError(f"{memory.numel()} bytes for a matrix of {self.bytes}")
        views, start = [], 0
        for band in self.bands:
            middle = start + band.records_bytes(self.columns)
            held = memory[start:middle].view(band.format.shape(band.rows, self.columns))
            factors = memory[middle : middle + 4 * band.padded_rows].view(torch.float32)
            views.append(_View(band, held, factors))
            start += band.bytes(self.columns)
        self.memory, self._views = memory, views

    def write(self, places: Tensor, stored: Tensor, kind: str, block_bytes: int) -> None:
        """Put stored rows into the rows ``places`` of one band.

        Args:
            places: int64, (rows,).
            stored, kind, block_bytes: As :func:`records.rows_of` takes them.
        """
        first = int(places.min())
        view = next(view for view in reversed(self._views) if view.band.first <= first)
        form, places = view.band.format, places - view.band.first
        numbers, scale, floor, view.factors[places] = packed_layout.rows_of(
            stored, kind, block_bytes
        )
        strips, within = places // ROWS, places % ROWS
        size = form.numbers_bytes
        table = view.held[..., :size].unflatten(2, (-1, ROWS, GROUP)).view(torch.int32).squeeze(-1)
        table.permute(0, 3, 1, 2)[strips, within] = numbers.contiguous().view(torch.int32)
        halves = view.held[..., size:].view(torch.float16)
        halves[..., :ROWS].transpose(1, 2)[strips, within] = scale
        if form.has_floor:
            halves[..., ROWS:].transpose(1, 2)[strips, within] = floor

    def __call__(self, inputs: Tensor, planes: int = 2) -> Tensor:
        """Return the products of ``inputs``, float32 (tokens, columns), cut into byte planes."""
        from studio.runtime.engines.text.kernels.norm_and_gate import quantised

        return self.multiply(quantised(inputs.contiguous().numpy(), planes))

    def multiply(self, planes: QuantisedActivations) -> Tensor:
        """Return the products of inputs with all rows: float32, (tokens, rows)."""
        from studio.runtime.engines.text.kernels.matmul import multiply

        results = torch.empty(planes.tokens, self.rows)
        multiply(planes, np.array(self.places, np.int64), results.numpy())
        return results

    @property
    def places(self) -> list[tuple[int, ...]]:
        """Where its bands are now: rows of a table as ``matmul`` takes it."""
        return [view.place for view in self._views]


class _View:
    """A band in memory.

    Attributes:
        held: Its records, uint8 (strips of 64 rows, records of a strip, bytes of a record).
        factors: float32, (rows of whole records,).
        place: Its row of a table of bands, as ``matmul`` takes it.
    """

    def __init__(self, band: Band, held: Tensor, factors: Tensor) -> None:
        self.band, self.held, self.factors = band, held, factors
        form = packed_layout.FORMATS.index(band.format)
        places = held.data_ptr(), *held.shape, factors.data_ptr()
        self.place = (form, *places, band.first, band.rows)
