"""oneDNN's kernel: limbs of 8 bits, in bytes. For processors with AMX, where it is the fastest.

torch packs weights by oneDNN's slow way (6 s a GB, one value after another). What comes out is
plain memory, in blocks of 64 × 64 and a sum a row, so all matrices but the first of each shape are
packed here (0.5 s a GB), and may come from a file as they are (0.2 s a GB). The layout is not
promised by anybody: of each shape, the first matrix is packed by torch and compared; where it
differs, torch packs all of them.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from weakref import WeakValueDictionary

import torch
from torch import Tensor
from torch.nn import functional

NAME = "onednn-64x64"
CAN_BE_KEPT = True
BASE = 256
_ZERO = 64
"""What stands for zero in both limbs: inputs must be unsigned."""
UNIT = 127 * BASE + 255 - _ZERO * (BASE + 1)
_UNIT = torch.tensor(float(UNIT))
_OFFSET = _ZERO * (BASE + 1) + 0.5
_MANY = 32
"""Rows from which on passes over them cost more than calls."""
_NONE = torch.zeros(1, dtype=torch.int64)
"""That no weights are shifted."""
_TINY = 1e-30
_BLOCK = 64
_GROUP = 4
"""Neighbouring inputs that are multiplied at once: they stay side by side."""
_LARGEST = 1 << 25
"""Values that are packed as one: what torch's slow way costs bounds the first of a shape."""

Packed = tuple[tuple[Tensor, Tensor], ...]
"""Opaque weights and float32 scales of some rows each."""


def is_available() -> bool:
    """See ``Kernel``. Other processors would run it too, but for one row slower than fbgemm."""
    return (
        torch.cpu._is_amx_tile_supported()
        and hasattr(torch.ops.onednn, "qlinear_prepack")
        and hasattr(torch.ops.onednn, "qlinear_pointwise")
        and hasattr(torch.ops.mkldnn, "data_ptr")
    )


def packed_bytes(rows: int, columns: int) -> int:
    """See ``Kernel``: values in full blocks; the sum and the scale of a row."""
    step = _rows_of_a_part(rows, columns)
    counts = (min(step, rows - first) for first in range(0, rows, step))
    return sum(_memory_bytes(count, columns) for count in counts) + 4 * rows


def pack(values: Tensor, scale: Tensor) -> Packed:
    """See ``Kernel``."""
    rows = _rows_of_a_part(*values.shape)
    pieces = zip(values.split(rows), scale.float().split(rows), strict=True)
    return tuple((_weights.pack(piece), factors) for piece, factors in pieces)


def settle(packed: Packed) -> Packed:
    """See ``Kernel``."""
    return packed


def to_plain(packed: Packed) -> list[Tensor]:
    """See ``Kernel``."""
    return [plain for weights, scale in packed for plain in (_memory(weights), scale)]


def from_plain(rows: int, columns: int, plain: Sequence[Tensor]) -> Packed:
    """See ``Kernel``."""
    step = _rows_of_a_part(rows, columns)
    counts = [min(step, rows - first) for first in range(0, rows, step)]
    parts = []
    for count, memory, scale in zip(counts, plain[::2], plain[1::2], strict=True):
        if memory.dtype != torch.uint8 or memory.numel() != _memory_bytes(count, columns):
            raise ValueError(f"{memory.numel()} bytes for a part of {count} × {columns}")
        if scale.dtype != torch.float32 or scale.shape != (count,):
            raise ValueError(f"a scale of shape {tuple(scale.shape)} for {count} rows")
        parts.append((_weights.restore(count, columns, memory), scale.clone()))
    return tuple(parts)


def split(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """See ``Kernel``. A whole number of 15 bits is its two bytes: no arithmetic cuts it."""
    count, columns = inputs.shape
    largest = inputs.abs().amax(-1, keepdim=True).clamp_min_(_TINY)
    whole = (inputs * torch.div(_UNIT, largest)).add_(_OFFSET).short()
    if count < _MANY:  # the fewest calls; else the fastest ones
        limbs = whole.view(torch.uint8).view(count, columns, 2).permute(2, 0, 1)
        return limbs.reshape(2 * count, columns), largest
    limbs = torch.empty(2 * count, columns, dtype=torch.uint8)
    limbs[:count] = whole  # wraps around
    limbs[count:] = whole.bitwise_right_shift_(8)
    return limbs, largest


def multiply(limbs: Tensor, packed: Packed) -> Tensor:
    """See ``Kernel``."""
    products = [
        torch.ops.onednn.qlinear_pointwise.default(
            limbs, 1.0, _ZERO, weights, scale, _NONE, None, 1.0, 0, torch.float32, "none", [], ""
        )
        for weights, scale in packed
    ]
    return products[0] if len(products) == 1 else torch.cat(products, 1)


class _Weights:
    """Makes opaque weights: the first of each shape as torch does, the others by copies of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alike: WeakValueDictionary[tuple[int, int], Tensor] = WeakValueDictionary()

    def pack(self, values: Tensor) -> Tensor:
        """Return ``values``, int8 (rows, columns), in oneDNN's layout."""
        rows, columns = values.shape
        if (copied := self._copied(rows, columns)) is not None:
            _fill(_memory(copied), values)
            return copied
        weights: Tensor = torch.ops.onednn.qlinear_prepack(values.contiguous(), None)
        memory = _memory(weights)
        if memory.numel() == _memory_bytes(rows, columns):
            _fill(ours := torch.empty_like(memory), values)
            self._learn(rows, columns, weights, ours)
        return weights

    def restore(self, rows: int, columns: int, memory: Tensor) -> Tensor:
        """Return weights whose bytes are ``memory``, which came from some as large.

        Raises:
            ValueError: Here, they have another layout.
        """
        if (copied := self._copied(rows, columns)) is not None:
            _memory(copied).copy_(memory)
            return copied
        values = _values(memory, rows, columns)
        weights: Tensor = torch.ops.onednn.qlinear_prepack(values, None)
        if not self._learn(rows, columns, weights, memory):
            raise ValueError("the layout of packed weights is another one here")
        return weights

    def _copied(self, rows: int, columns: int) -> Tensor | None:
        with self._lock:
            alike = self._alike.get((rows, columns))
        return None if alike is None else alike.clone()

    def _learn(self, rows: int, columns: int, weights: Tensor, expected: Tensor) -> bool:
        alike = torch.equal(_memory(weights), expected)
        if alike:
            with self._lock:
                self._alike[rows, columns] = weights
        return alike


_weights = _Weights()


def _fill(memory: Tensor, values: Tensor) -> None:
    """Write ``values`` as oneDNN lays them out, and behind them what is subtracted for zeros."""
    rows, columns = _up(values.shape[0]), _up(values.shape[1])
    if values.shape != (rows, columns):
        below, beside = rows - values.shape[0], columns - values.shape[1]
        values = functional.pad(values, (0, beside, 0, below))
    groups = values.contiguous().view(torch.int32).view(*_shape(rows, columns))
    body = memory[: rows * columns].view(torch.int32)
    body.view(groups.permute(0, 2, 3, 1).shape).copy_(groups.permute(0, 2, 3, 1))
    sums = memory[rows * columns :].view(torch.int32)
    # Small pieces stay in the processor's cache as floats; integers are added ten times slower.
    for some, place in zip(values.split(_BLOCK), sums.split(_BLOCK), strict=True):
        place.copy_(some.float().sum(-1).neg_())


def _values(memory: Tensor, rows: int, columns: int) -> Tensor:
    """Return the int8 values, (rows, columns), that ``_fill`` wrote."""
    high, wide = _up(rows), _up(columns)
    blocks, block, groups, group = _shape(high, wide)
    body = memory[: high * wide].clone().view(torch.int32).view(blocks, groups, group, block)
    plain = body.permute(0, 3, 1, 2).contiguous().view(high, wide // _GROUP).view(torch.int8)
    return plain[:rows, :columns].contiguous()


def _shape(rows: int, columns: int) -> tuple[int, int, int, int]:
    """Return how full blocks are cut, in groups of 4 values."""
    return rows // _BLOCK, _BLOCK, columns // _BLOCK, _BLOCK // _GROUP


def _memory_bytes(rows: int, columns: int) -> int:
    return _up(rows) * (_up(columns) + 4)


def _memory(weights: Tensor) -> Tensor:
    """Return the bytes of opaque ``weights``, uncopied, as torch's own compiler takes them."""
    size = torch.ops.mkldnn._nbytes(weights)
    place = (ctypes.c_uint8 * size).from_address(torch.ops.mkldnn.data_ptr(weights))
    return torch.frombuffer(place, dtype=torch.uint8)


def _rows_of_a_part(rows: int, columns: int) -> int:
    """Return how many rows are packed as one: in parts as equal as blocks allow."""
    parts = -(-rows * columns // _LARGEST)
    return _up(-(-rows // parts))


def _up(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
