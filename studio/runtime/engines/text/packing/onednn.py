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
from weakref import WeakValueDictionary

import torch
from torch import Tensor
from torch.nn import functional

NAME = "onednn-64x64"
BASE = 256
_ZERO = 64
"""What stands for zero in both limbs: inputs must be unsigned."""
UNIT = 127 * BASE + 255 - _ZERO * (BASE + 1)
_OFFSET = torch.tensor(_ZERO * (BASE + 1) + 0.5)
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
    return _up(rows) * (_up(columns) + 4) + 4 * rows


def pack(values: Tensor, scale: Tensor) -> Packed:
    """See ``Kernel``."""
    rows = _rows_of_a_part(values.shape[1])
    pieces = zip(values.split(rows), scale.float().split(rows), strict=True)
    return tuple((_weights.pack(piece), factors) for piece, factors in pieces)


def split(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """See ``Kernel``. A whole number of 15 bits is its two bytes: no arithmetic cuts it."""
    count, columns = inputs.shape
    largest = inputs.abs().amax(-1, keepdim=True).clamp_min_(_TINY)
    whole = torch.addcmul(_OFFSET, inputs, largest.reciprocal(), value=UNIT).short()
    limbs = whole.view(torch.uint8).view(count, columns, 2).permute(2, 0, 1)
    return limbs.reshape(2 * count, columns), largest


def multiply(limbs: Tensor, packed: Packed) -> Tensor:
    """See ``Kernel``."""
    products = [
        torch.ops.onednn.qlinear_pointwise.default(
            limbs, 1.0, _ZERO, weights, scale, None, None, 1.0, 0, torch.float32, "none", [], ""
        )
        for weights, scale in packed
    ]
    return products[0] if len(products) == 1 else torch.cat(products, 1)


class _Weights:
    """Packs weights: the first matrix of each shape as torch does, the others by copies of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alike: WeakValueDictionary[tuple[int, ...], Tensor] = WeakValueDictionary()

    def pack(self, values: Tensor) -> Tensor:
        """Return ``values``, int8 (rows, columns), in oneDNN's layout."""
        shape = tuple(values.shape)
        with self._lock:
            alike = self._alike.get(shape)
        if alike is not None:
            weights = alike.clone()
            _fill(_memory(weights), values)
            return weights
        weights = torch.ops.onednn.qlinear_prepack(values.contiguous(), None)
        ours = torch.empty_like(memory := _memory(weights))
        if ours.numel() == _up(shape[0]) * (_up(shape[1]) + 4):
            _fill(ours, values)
            if torch.equal(ours, memory):
                with self._lock:
                    self._alike[shape] = weights
        return weights


_weights = _Weights()


def _fill(memory: Tensor, values: Tensor) -> None:
    """Write ``values`` as oneDNN lays them out, and behind them what is subtracted for zeros."""
    rows, columns = _up(values.shape[0]), _up(values.shape[1])
    if values.shape != (rows, columns):
        below, beside = rows - values.shape[0], columns - values.shape[1]
        values = functional.pad(values, (0, beside, 0, below))
    body = memory[: rows * columns].view(torch.int32)
    blocks = values.contiguous().view(torch.int32)
    blocks = blocks.view(rows // _BLOCK, _BLOCK, columns // _BLOCK, _BLOCK // _GROUP)
    body.view(blocks.shape[0], blocks.shape[2], blocks.shape[3], _BLOCK).copy_(
        blocks.permute(0, 2, 3, 1)
    )
    torch.sum(
        values, -1, dtype=torch.int32, out=(sums := memory[rows * columns :].view(torch.int32))
    )
    sums.neg_()


def _memory(weights: Tensor) -> Tensor:
    """Return the bytes of opaque ``weights``, uncopied, as torch's own compiler takes them."""
    size = torch.ops.mkldnn._nbytes(weights)
    place = (ctypes.c_uint8 * size).from_address(torch.ops.mkldnn.data_ptr(weights))
    return torch.frombuffer(place, dtype=torch.uint8)


def _rows_of_a_part(columns: int) -> int:
    return max(_LARGEST // _up(columns) // _BLOCK, 1) * _BLOCK


def _up(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
