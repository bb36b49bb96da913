"""GGUF blocks to whole numbers and floats, exact to the bit with the format's definition.

Reads no file.

Layouts: ggml's ``ggml-common.h``. A block of older sorts is 32 values with one scale (and a
minimum); a K block is 256 values in groups of 16 or 32 whose scales are themselves quantised; the
IQ4 sorts look their values up in a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Levels:
    """Blocks as whole numbers and what these are multiplied by: values × scale − floor.

    Attributes:
        values: Whole numbers of at most 8 bits: (blocks, groups, values of a group).
        scale: float32, (blocks, groups).
        floor: As ``scale``, or None where nothing is subtracted.
    """

    values: Tensor
    scale: Tensor
    floor: Tensor | None = None

    def floats(self) -> Tensor:
        """Return what they stand for: float32, (blocks, values of a block)."""
        result = self.scale.unsqueeze(-1) * self.values.float()
        return (result if self.floor is None else result - self.floor.unsqueeze(-1)).flatten(1)


def dequantise(blocks: Tensor, kind: str) -> Tensor:
    """Return the values of ``blocks``.

    Args:
        blocks: uint8, (blocks, bytes of one block).
        kind: Name of the block type, ``Q4_K``.

    Returns:
        (blocks, values of one block): float32, or the stored type for F16 and BF16.

    Raises:
        KeyError: No such block type; headers are checked before.
    """
    if kind in _FLOATS:
        return blocks.contiguous().view(_FLOATS[kind])
    return _READERS[kind](blocks).floats()


def levels(blocks: Tensor, kind: str) -> Levels | None:
    """Return the whole numbers of ``blocks``, as above; None for a type that stores floats."""
    return None if kind in _FLOATS else _READERS[kind](blocks)


def _half(blocks: Tensor, start: int) -> Tensor:
    """Return the float16 at byte ``start`` of each block as float32, (blocks, 1)."""
    return blocks[:, start : start + 2].contiguous().view(torch.float16).float()


def _fields(packed: Tensor, bits: int) -> Tensor:
    """Split bytes into fields of ``bits``, lowest first: (…, n) → (…, 8 // bits, n)."""
    # By numbers, and not by a tensor of them, a byte is shifted three times as fast.
    shifted = [packed >> shift if shift else packed for shift in range(0, 8, bits)]
    return torch.stack(shifted, -2).bitwise_and_((1 << bits) - 1)


def _nibbles(packed: Tensor) -> Tensor:
    """Return the low nibbles of all bytes, then the high ones: (blocks, 16) → (blocks, 32)."""
    return _fields(packed, 4).flatten(1)


def _fifth_bits(packed: Tensor) -> Tensor:
    """Return bit i of a 32-bit number as value i, moved to bit 4: (blocks, 4) → (blocks, 32)."""
    return _fields(packed, 1).transpose(1, 2).flatten(1) << 4


def _lone(values: Tensor) -> Tensor:
    """Return values of blocks that have one group."""
    return values.unsqueeze(1)


def _q4_0(blocks: Tensor) -> Levels:
    return Levels(_lone(_nibbles(blocks[:, 2:]).to(torch.int8) - 8), _half(blocks, 0))


def _q4_1(blocks: Tensor) -> Levels:
    return Levels(_lone(_nibbles(blocks[:, 4:])), _half(blocks, 0), -_half(blocks, 2))


def _q5_0(blocks: Tensor) -> Levels:
    values = _nibbles(blocks[:, 6:]) | _fifth_bits(blocks[:, 2:6])
    return Levels(_lone(values.to(torch.int8) - 16), _half(blocks, 0))


def _q5_1(blocks: Tensor) -> Levels:
    values = _nibbles(blocks[:, 8:]) | _fifth_bits(blocks[:, 4:8])
    return Levels(_lone(values), _half(blocks, 0), -_half(blocks, 2))


def _q8_0(blocks: Tensor) -> Levels:
    return Levels(_lone(blocks[:, 2:].contiguous().view(torch.int8)), _half(blocks, 0))


def _q2_k(blocks: Tensor) -> Levels:
    groups, quarters = blocks[:, :16], blocks[:, 16:80]
    scale = _half(blocks, 80) * (groups & 15).float()
    floor = _half(blocks, 82) * (groups >> 4).float()
    values = _fields(quarters.unflatten(1, (2, 32)), 2).reshape(-1, 16, 16)
    return Levels(values, scale, floor)


def _q3_k(blocks: Tensor) -> Levels:
    mask, quarters, packed = blocks[:, :32], blocks[:, 32:96], blocks[:, 96:108]
    # 16 scales of 6 bits: the low four in bytes 0–7, the high two in bytes 8–11.
    scales = _nibbles(packed[:, :8]) | (_fields(packed[:, 8:], 2).flatten(1) << 4)
    scale = _half(blocks, 108) * (scales.float() - 32)
    low = _fields(quarters.unflatten(1, (2, 32)), 2).reshape(-1, 16, 16)
    high = _fields(mask, 1).reshape(-1, 16, 16)  # a set bit means "do not subtract 4"
    return Levels((low | high << 2).to(torch.int8) - 4, scale)


def _k_scales(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """Return scales and floors, (blocks, 8) each, of a Q4_K or Q5_K block."""
    low, floor_low, high = blocks[:, 4:8], blocks[:, 8:12], blocks[:, 12:16]
    scales = torch.cat([low & 63, (high & 15) | ((low >> 2) & 48)], dim=1)
    floors = torch.cat([floor_low & 63, (high >> 4) | ((floor_low >> 2) & 48)], dim=1)
    return _half(blocks, 0) * scales.float(), _half(blocks, 2) * floors.float()


def _q4_k(blocks: Tensor) -> Levels:
    values = _fields(blocks[:, 16:].unflatten(1, (4, 32)), 4).reshape(-1, 8, 32)
    return Levels(values, *_k_scales(blocks))


def _q5_k(blocks: Tensor) -> Levels:
    low = _fields(blocks[:, 48:].unflatten(1, (4, 32)), 4).reshape(-1, 8, 32)
    return Levels(low | (_fields(blocks[:, 16:48], 1) << 4), *_k_scales(blocks))


def _q6_k(blocks: Tensor) -> Levels:
    low = _fields(blocks[:, :128].unflatten(1, (2, 64)), 4).reshape(-1, 8, 32)
    high = _fields(blocks[:, 128:192].unflatten(1, (2, 32)), 2).reshape(-1, 8, 32)
    scales = blocks[:, 192:208].contiguous().view(torch.int8).float()
    values = (low | (high << 4)).reshape(-1, 16, 16).to(torch.int8) - 32
    return Levels(values, _half(blocks, 208) * scales)


_IQ4 = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)
"""The 16 values of the IQ4 sorts: close to zero they lie closer together."""


def _looked_up(nibbles: Tensor) -> Tensor:
    return torch.tensor(_IQ4, dtype=torch.int8)[nibbles.int()]


def _iq4_nl(blocks: Tensor) -> Levels:
    return Levels(_lone(_looked_up(_nibbles(blocks[:, 2:]))), _half(blocks, 0))


def _iq4_xs(blocks: Tensor) -> Levels:
    # 8 scales of 6 bits: the low four in bytes 4–7, the high two in bytes 2–3.
    low = _fields(blocks[:, 4:8], 4).transpose(1, 2).flatten(1)
    high = _fields(blocks[:, 2:4], 2).transpose(1, 2).flatten(1)
    scale = _half(blocks, 0) * ((low | high << 4).float() - 32)
    return Levels(_looked_up(_fields(blocks[:, 8:].unflatten(1, (8, 16)), 4).flatten(2)), scale)


_FLOATS = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}

_READERS: Mapping[str, Callable[[Tensor], Levels]] = {
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q5_0": _q5_0,
    "Q5_1": _q5_1,
    "Q8_0": _q8_0,
    "Q2_K": _q2_k,
    "Q3_K": _q3_k,
    "Q4_K": _q4_k,
    "Q5_K": _q5_k,
    "Q6_K": _q6_k,
    "IQ4_NL": _iq4_nl,
    "IQ4_XS": _iq4_xs,
}
