"""A matrix of weights that is filled in pieces, as they are stored, and then multiplies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from studio.runtime.engines.text.kernels import records
from studio.runtime.engines.text.kernels.instructions import chosen
from studio.runtime.engines.text.kernels.records import GROUP, ROWS, Format

if TYPE_CHECKING:
    from studio.runtime.engines.text.kernels.limbs import Limbs

LAYOUT = "records-64"
"""What caches on disk are marked by: another layout, another name."""


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
        """Return the memory that they take: records, and a factor a row."""
        strips, across, size = self.format.shape(self.rows, columns)
        return strips * across * size + 4 * self.rows


def bands(parts: Iterable[tuple[int, int, str]]) -> list[Band]:
    """Return the bands of a matrix of which parts come from different tensors.

    Args:
        parts: First row, rows and kind of blocks of each, in order.
    """
    result: list[Band] = []
    for first, rows, kind in parts:
        form = records.format_of(kind)
        above = result[-1] if result else None
        if above is not None and above.format == form and above.rows % ROWS == 0:
            result[-1] = Band(above.first, above.rows + rows, form)
        else:
            result.append(Band(first, rows, form))
    return result


class PackedMatrix:
    """A matrix of weights that multiplies rows of inputs.

    It is filled once, some rows at a time, or at once, from what :meth:`tensors` gave.

    Attributes:
        columns: How many inputs.
        bands: Of its rows.
    """

    def __init__(self, columns: int, bands: Sequence[Band]) -> None:
        self.columns = columns
        self.bands = tuple(bands)
        self.rows = sum(band.rows for band in bands)
        self._held: list[tuple[Tensor, Tensor]] = []
        self._arrays: list[tuple[Any, ...]] = []

    @classmethod
    def of_floats(cls, weights: Tensor) -> PackedMatrix:
        """Return a full one of floats, (rows, columns)."""
        matrix = cls(weights.shape[1], bands([(0, weights.shape[0], "F32")]))
        stored = weights.float().contiguous().view(torch.uint8)
        matrix.write(torch.arange(weights.shape[0]), stored, "F32", 4)
        return matrix

    @property
    def bytes(self) -> int:
        """Memory that it takes once it is full."""
        return sum(band.bytes(self.columns) for band in self.bands)

    def write(self, places: Tensor, stored: Tensor, kind: str, block_bytes: int) -> None:
        """Put stored rows into the rows ``places`` of one band.

        Args:
            places: int64, (rows,).
            stored, kind, block_bytes: As :func:`records.rows_of` takes them.
        """
        if not self._held:
            self._take([self._empty(band) for band in self.bands])
        index = max(i for i, band in enumerate(self.bands) if band.first <= int(places.min()))
        band, (held, factors) = self.bands[index], self._held[index]
        numbers, scale, floor, factor = records.rows_of(stored, kind, block_bytes)
        form, places = band.format, places - band.first
        strips, within = places // ROWS, places % ROWS
        size = form.numbers_bytes
        table = held[..., :size].unflatten(2, (-1, ROWS, GROUP)).view(torch.int32).squeeze(-1)
        words = numbers.contiguous().view(torch.int32)
        table.permute(0, 3, 1, 2)[strips, within] = words
        halves = held[..., size:].view(torch.float16)
        halves[..., :ROWS].transpose(1, 2)[strips, within] = scale
        if form.has_floor:
            halves[..., ROWS:].transpose(1, 2)[strips, within] = floor
        factors[places] = factor

    def _empty(self, band: Band) -> tuple[Tensor, Tensor]:
        shape = band.format.shape(band.rows, self.columns)
        return torch.zeros(shape, dtype=torch.uint8), torch.zeros(band.rows)

    def tensors(self) -> dict[str, Tensor]:
        """Return by name the tensors that make it up, uncopied; it must be full."""
        return {
            f"{index}-{name}": tensor
            for index, pair in enumerate(self._held)
            for name, tensor in zip(("records", "factors"), pair, strict=True)
        }

    def fill(self, tensors: Mapping[str, Tensor]) -> None:
        """Become full by what :meth:`tensors` gave, uncopied.

        Raises:
            ValueError: They are those of another matrix.
        """
        held: list[tuple[Tensor, Tensor]] = []
        for index, band in enumerate(self.bands):
            names = f"{index}-records", f"{index}-factors"
            pair = [tensors[name] for name in names if name in tensors]
            shape = band.format.shape(band.rows, self.columns)
            expected = [(torch.uint8, shape), (torch.float32, (band.rows,))]
            found = [(tensor.dtype, tuple(tensor.shape)) for tensor in pair]
            if found != expected:
                raise ValueError(f"{found} instead of {expected}")
            held.append((pair[0], pair[1]))
        self._take(held)

    def _take(self, held: list[tuple[Tensor, Tensor]]) -> None:
        self._held = held
        self._arrays = [
            (records.FORMATS.index(band.format), *(part.numpy() for part in pair), band.first)
            for band, pair in zip(self.bands, held, strict=True)
        ]

    def clear(self) -> None:
        """Be empty again."""
        self._held, self._arrays = [], []

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the products of ``inputs``, float32 (tokens, columns), with all rows."""
        from studio.runtime.engines.text.kernels.rows import cut

        return self.multiply(cut(inputs.contiguous().numpy()))

    def multiply(self, limbs: Limbs) -> Tensor:
        """Return the products of inputs with all rows: float32, (tokens, rows)."""
        from studio.runtime.engines.text.kernels.products import multiply

        results = torch.empty(limbs.tokens, self.rows)
        array = results.numpy()
        for form, held, factors, first in self._arrays:
            multiply(limbs, form, held, factors, array, first)
        return results
