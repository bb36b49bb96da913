"""fbgemm's kernel: limbs of 7 bits, in floats. For every x86 processor from AVX2 on.

7 bits a limb and not 8, because processors without VNNI add two products in 16 bits, and 255 × 127
twice would not fit. Its packed weights cannot be written to disk and take 8 s a GB to make.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

NAME = "fbgemm"
CAN_BE_KEPT = False
BASE = 128
_PEAK = 63
UNIT = _PEAK * BASE
_TINY = 1e-30
_ZERO = 64
"""What stands for zero where inputs must be unsigned."""

_engine_lock = threading.Lock()


def is_available() -> bool:
    """See ``Kernel``. torch announces the end of its quantised tensors: then it is not."""
    return (
        "fbgemm" in torch.backends.quantized.supported_engines
        and hasattr(torch, "_make_per_channel_quantized_tensor")
        and hasattr(torch.ops.quantized, "linear_prepack")
        and hasattr(torch.ops.quantized, "linear_with_input_q_dq_qweight_dq_output_fp32")
    )


def packed_bytes(rows: int, columns: int) -> int:
    """See ``Kernel``: values, and scale, offset and sum of a row."""
    return rows * (columns + 12)


def pack(values: Tensor, scale: Tensor) -> torch.ScriptObject:
    """See ``Kernel``."""
    zeros = torch.zeros(values.shape[0], dtype=torch.int64)
    with _fbgemm():
        marked = torch._make_per_channel_quantized_tensor(values, scale, zeros, 0)
        packed: torch.ScriptObject = torch.ops.quantized.linear_prepack(marked, None)
    return packed


def to_plain(packed: torch.ScriptObject) -> list[Tensor]:
    """See ``Kernel``: never asked for."""
    raise NotImplementedError("fbgemm shows nobody its packed weights")


def from_plain(rows: int, columns: int, plain: Sequence[Tensor]) -> torch.ScriptObject:
    """See ``Kernel``: never asked for."""
    raise NotImplementedError("fbgemm takes packed weights from nobody")


def split(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """See ``Kernel``: whole numbers between −64 and 64."""
    count = inputs.shape[0]
    largest = torch.linalg.vector_norm(inputs, float("inf"), -1, keepdim=True)
    largest = largest.clamp_min_(_TINY)
    exact = inputs * (_PEAK / largest)
    limbs = inputs.new_empty(2 * count, inputs.shape[1])
    low, high = limbs[:count], limbs[count:]
    torch.round(exact, out=high)
    torch.sub(exact, high, out=low).mul_(BASE)
    return limbs, largest


def multiply(limbs: Tensor, packed: torch.ScriptObject) -> Tensor:
    """See ``Kernel``. The kernel rounds the low limbs."""
    product: Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
        limbs, 1.0, _ZERO, packed
    )
    return product


@contextmanager
def _fbgemm() -> Iterator[None]:
    """Choose the packing whose products take inputs at a given scale; torch has one for all."""
    with _engine_lock, warnings.catch_warnings():
        # torch 2.13 announces another home for these; the version is held until it is there.
        warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
        before = torch.backends.quantized.engine
        torch.backends.quantized.engine = "fbgemm"
        try:
            yield
        finally:
            torch.backends.quantized.engine = before
