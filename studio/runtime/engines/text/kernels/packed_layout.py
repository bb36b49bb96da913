"""How weights lie in memory: blocks of whole numbers with their scales, as kernels take them.

A *record* is 64 rows by 16 or 32 columns: first the numbers, 4 neighbouring columns of each row
side by side, then the scales of the rows, then their floors, if they have some. Numbers of 4 bits
are two to a byte, the first half of the columns in the low ones; those of 6 bits lie so, too, and
their high bits four to a byte behind them, a quarter of the columns after the other. A weight is
number × scale − floor, times a factor of its row. Blocks of files fit in without loss, but for
scales of K blocks, which are products that a float16 rounds (to a 4,096th).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from studio.runtime.engines.text.formats.dequantisation import Levels, dequantise, levels

ROWS = 64
"""Rows of a record."""
GROUP = 4
"""Neighbouring columns that one instruction adds up."""

ZERO = 128
"""Stands for zero where numbers have no floor: kernels take them without sign."""
SIXTH = 4
"""How much larger kernels take numbers of 6 bits, so that ``ZERO`` is theirs, too."""
_LARGEST = 127
_EXPONENT = 12
"""Of two, which scales are brought below: above it and far below it, float16 is less exact."""


@dataclass(frozen=True)
class Format:
    """What a record holds.

    Attributes:
        bits: Of a number, 4, 6 or 8.
        columns: 16 or 32.
        has_floor: Whether rows have floors; without, numbers are ``ZERO`` too large.
    """

    bits: int
    columns: int
    has_floor: bool

    @property
    def numbers_bytes(self) -> int:
        """Bytes of the numbers of a record."""
        return ROWS * self.columns * self.bits // 8

    @property
    def bytes(self) -> int:
        """Bytes of a record."""
        return self.numbers_bytes + 2 * ROWS * (1 + self.has_floor)

    def shape(self, rows: int, columns: int) -> tuple[int, int, int]:
        """Return the shape of all records of a matrix, uint8."""
        return -(-rows // ROWS), -(-columns // self.columns), self.bytes


NIBBLES = Format(4, 32, True)
BYTES = Format(8, 32, False)
FLOORED = Format(6, 32, True)
SHORT = Format(6, 16, False)
FORMATS = (NIBBLES, BYTES, FLOORED, SHORT)

_OF_KIND = {
    "Q4_0": NIBBLES, "Q4_1": NIBBLES, "Q4_K": NIBBLES, "Q5_1": FLOORED, "Q5_K": FLOORED,
    "Q3_K": SHORT, "Q6_K": SHORT,
}  # fmt: skip
_ROUNDED = frozenset({"Q2_K"})
"""Kinds that have no format of their own, and are rounded to ``BYTES`` as floats are."""


def format_of(kind: str) -> Format:
    """Return the format in which weights of a kind of blocks, or of floats, are held."""
    return _OF_KIND.get(kind, BYTES)


def rows_of(stored: Tensor, kind: str, block_bytes: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return stored rows as a record holds them.

    Args:
        stored: uint8, (rows, bytes of a row).
        kind: Of its blocks, as ``dequantisation`` names it.
        block_bytes: Bytes of one.

    Returns:
        Numbers, uint8 (rows, blocks, bytes of a row's numbers); scales and floors, float16 (rows,
        blocks); the factor of each row, float32 (rows,), a power of two.
    """
    rows = stored.shape[0]
    blocks = stored.reshape(-1, block_bytes)
    found = None if kind in _ROUNDED else levels(blocks, kind)
    form = format_of(kind)
    if found is None:
        found = _rounded(dequantise(blocks, kind).float().view(rows, -1))
    numbers = found.values.reshape(rows, -1, form.columns)
    scale, floor = found.scale.view(rows, -1), found.floor
    if form.bits == 4 and floor is None:
        numbers, floor = numbers + 8, scale * 8
    elif floor is None:
        zero = ZERO // SIXTH if form.bits == 6 else ZERO
        numbers, floor = numbers.view(torch.uint8) + zero, torch.zeros_like(scale)  # modulo 256
    if form.bits == 6:
        scale = scale / SIXTH
    numbers, floor = _bytes(numbers.to(torch.uint8), form.bits), floor.view(rows, -1)
    largest = torch.maximum(scale.abs(), floor.abs()).amax(1)
    factor = torch.ldexp(torch.ones(rows), torch.frexp(largest).exponent - _EXPONENT)
    return numbers, (scale / factor[:, None]).half(), (floor / factor[:, None]).half(), factor


def _bytes(numbers: Tensor, bits: int) -> Tensor:
    """Return whole numbers without sign, uint8 (rows, blocks, columns), as records hold them."""
    if bits == 8:
        return numbers
    groups = numbers.contiguous().view(torch.int32)  # 4 columns at once
    first, second = (groups & 0x0F0F0F0F).unflatten(2, (2, -1)).unbind(2)
    parts = [first | second << 4]
    if bits == 6:
        quarters = (groups >> 4 & 0x03030303).unflatten(2, (4, -1)).unbind(2)
        parts.append(quarters[0] | quarters[1] << 2 | quarters[2] << 4 | quarters[3] << 6)
    return torch.cat(parts, 2).view(torch.uint8)


def _rounded(values: Tensor) -> Levels:
    """Round float32 rows, (rows, columns), to 8 bits, ``BYTES.columns`` of them at a scale."""
    short = -values.shape[1] % BYTES.columns
    groups = torch.nn.functional.pad(values, (0, short)).unflatten(1, (-1, BYTES.columns))
    mantissa, exponent = torch.frexp(groups.abs().amax(2) / _LARGEST)
    scale = torch.ldexp(mantissa.half().float(), exponent)  # or numbers would be of another one
    numbers = (groups / scale.clamp_min(1e-30).unsqueeze(-1)).round_().to(torch.int8)
    return Levels(numbers, scale)
