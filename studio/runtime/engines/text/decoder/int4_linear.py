"""Matrices of 4 bits on a card, as torch's own kernel there multiplies by them. Reads no file.

Its weights are (whole number − 8) × scale + zero, with a scale and a zero of bfloat16 for each 32
of a row. So blocks of 4 bits need not become floats: only their scales are rounded, and a product
reads a third of the bytes. The order of the bits is the card's own, and torch makes it there.

The kernel: ``aten/src/ATen/native/cuda/int4mm.cu`` of PyTorch.
"""

from __future__ import annotations

import logging
from functools import cache

import torch
from torch import Tensor

from studio.runtime.engines.text.formats.dequantisation import dequantise, levels

log = logging.getLogger(__name__)

KINDS = frozenset({"Q4_0", "Q4_1", "Q4_K"})
"""Block types with 16 levels of equal distance and a scale for each 32 values."""

GROUP = 32
_ROWS = 8
"""Of a tile of the kernel; rows must be whole tiles."""
_TILES = (8, 4, 2)
"""How many tiles of 16 columns may lie together; the more, the wider memory is read."""


class Int4Linear:
    """A matrix of a card. Its rows come in any order; when all are there it can multiply."""

    def __init__(self, rows: int, columns: int, device: torch.device | str) -> None:
        self._pairs: Tensor | None = torch.empty(
            rows, columns // 2, dtype=torch.uint8, device=device
        )
        self._scales = torch.empty(columns // GROUP, rows, 2, dtype=torch.bfloat16, device=device)
        self._packed: Tensor | None = None
        self._missing = rows
        self._tiles = next(tiles for tiles in _TILES if columns % (16 * tiles) == 0)

    @staticmethod
    def can_have(rows: int, columns: int) -> bool:
        """Whether the kernel multiplies by matrices of this shape."""
        return rows % _ROWS == 0 and columns % GROUP == 0

    @staticmethod
    def bytes_of(rows: int, columns: int) -> int:
        """Return the memory that a matrix of this shape takes."""
        return rows * columns // 2 + rows * (columns // GROUP) * 4

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        groups, rows, _ = self._scales.shape
        return self.bytes_of(rows, groups * GROUP)

    def write(self, places: Tensor, rows: Tensor, kind: str, block_bytes: int) -> None:
        """Put stored ``rows``, uint8 (rows, bytes of a row), to ``places``, int64 (rows,)."""
        assert self._pairs is not None, "there are rows to come"
        device, count = self._scales.device, rows.shape[0]
        pairs, scales = pairs_and_scales(rows.to(device), kind, block_bytes)
        places = places.to(device)
        self._pairs[places] = pairs
        self._scales[:, places] = scales
        self._missing -= count
        if self._missing == 0:
            self._packed = torch._convert_weight_to_int4pack(self._pairs, self._tiles)
            self._pairs = None

    def to(self, device: torch.device | str) -> None:
        """Move to ``device``; only a card multiplies."""
        assert self._packed is not None, "it is whole"
        self._packed, self._scales = self._packed.to(device), self._scales.to(device)

    def __call__(self, rows: Tensor) -> Tensor:
        """Return the products of ``rows``, bfloat16 (tokens, columns): bfloat16, (tokens, rows)."""
        assert self._packed is not None, "it is whole"
        return torch._weight_int4pack_mm(rows.contiguous(), self._packed, GROUP, self._scales)


def pairs_and_scales(rows: Tensor, kind: str, block_bytes: int) -> tuple[Tensor, Tensor]:
    """Return stored ``rows``, uint8 (rows, bytes of a row), as the kernel is given them.

    Returns:
        Pairs of whole numbers, that of the even column high: uint8, (rows, columns / 2). Scales and
        zeros: bfloat16, (groups of a row, rows, 2).
    """
    count = rows.shape[0]
    exact = levels(rows.reshape(-1, block_bytes), kind)
    assert exact is not None, "the type is one of blocks"
    whole, zero = exact.values, torch.zeros_like(exact.scale)
    if exact.floor is None:  # whole numbers from −8
        whole = whole + 8
    else:
        zero = 8 * exact.scale - exact.floor
    whole = whole.to(torch.uint8).reshape(count, -1)
    pairs = whole[:, ::2] << 4 | whole[:, 1::2]
    scales = torch.stack([exact.scale, zero], -1).view(count, -1, 2).transpose(0, 1)
    return pairs, scales.to(torch.bfloat16)


@cache
def can_multiply(device: str) -> bool:
    """Whether ``device`` has the kernel and it does here what it says. Asked once of each.

    Cards of NVIDIA from Ampere on have it. Those of AMD would need other shapes.
    """
    if not device.startswith("cuda") or torch.version.hip or not torch.cuda.is_available():
        return False
    if torch.cuda.get_device_capability(device) < (8, 0):
        return False
    try:
        is_right = _is_right(device)
    except (RuntimeError, AttributeError) as error:
        log.warning("%s does not multiply by 4 bits", device, exc_info=error)
        return False
    if not is_right:
        log.warning("%s multiplies by 4 bits otherwise than expected", device)
    return is_right


def _is_right(device: str) -> bool:
    """Multiply by a matrix all of whose numbers are exact in bfloat16, and compare."""
    rows, columns = 16, 64
    blocks = torch.arange(rows * columns // 32 * 20, dtype=torch.uint8).mul_(37).view(-1, 20)
    blocks[:, :4] = torch.tensor([0.5, -3.0], dtype=torch.float16).view(torch.uint8)
    matrix = Int4Linear(rows, columns, device)
    matrix.write(torch.arange(rows), blocks.view(rows, -1), "Q4_1", 20)
    products = matrix(torch.eye(columns, dtype=torch.bfloat16, device=device))
    expected = dequantise(blocks, "Q4_1").view(rows, columns)
    return torch.equal(products.float().cpu(), expected.t())
