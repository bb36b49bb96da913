"""Weight matrices packed as 8-bit integers for processors. Reads no file, knows no model.

A row of weights shares one scale, and a row of inputs another; each is cut into one or two *limbs*
of 7 or 8 bits. All sums are sums of integers, so a product has the same bits in any company: alone
or beside other rows, on one thread or on many, and by every kernel. That is what makes a text
repeatable, and it is why no kernel of floats is used beside these, fast as it may be for prompts.

Inputs always have two limbs (14 or 15 bits). One would not do: the largest of a few values would
wipe out the rest (KL to float32 0.2 on a small model instead of 0.00002).

Which kernel multiplies depends on the processor; weights a second of one core, for 1 and 256 rows:

* With AMX (Sapphire Rapids): oneDNN 22e9 and 450e9; fbgemm 22e9 and 110e9; torch's 4-bit kernel,
  which holds the blocks of a file without loss, 14e9 and 33e9; bfloat16 11e9 and 480e9; float32
  5e9 and 65e9.
* Without AVX-512: fbgemm 24e9 and (for 128 rows) 0.31e9 × 1000; 4-bit 7e9 and 0.16e9 × 1000.

oneDNN takes two of its rows for each of ours and gives up to 16 for the price of one.
"""

from __future__ import annotations

from studio.runtime.engines.text.packing import fbgemm, onednn
from studio.runtime.engines.text.packing.choice import (
    can_pack,
    kernel_for,
    limbs_for,
    packed_bytes,
)
from studio.runtime.engines.text.packing.matrix import PackedMatrix

__all__ = [
    "PackedMatrix",
    "can_pack",
    "fbgemm",
    "kernel_for",
    "limbs_for",
    "onednn",
    "packed_bytes",
]
