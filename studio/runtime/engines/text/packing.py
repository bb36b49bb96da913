"""Weight matrices packed as 8-bit integers for processors. Reads no file, knows no model.

A row of weights shares one scale, and a row of inputs another; each is cut into one or two *limbs*
of 7 or 8 bits. All sums are sums of integers, so a product has the same bits in any company: alone
or beside other rows, on one thread or on many. That is what makes a text repeatable.

Inputs always have two limbs (14 bits). One would not do: the largest of a few values would wipe out
the rest (KL to float32 0.2 on a small model instead of 0.00002). 7 bits a limb and not 8, because
processors without VNNI add two products in 16 bits, and 255 × 127 twice would not fit.

Why not the 4-bit kernels of torch, which hold the blocks of a file without loss: measured without
AVX-512 on one thread, weights a second for one row: 4-bit 7e9, bfloat16 5e9, float32 5.5e9, this
24e9; for 128 rows: 0.16e9, 0.04e9, 0.29e9, 0.31e9.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

LARGEST_WITH_TWO_LIMBS = 1 << 29
"""Parameters up to which weights have two limbs: small models feel it when 4-bit blocks are rounded
to 8 bits a row (KL to float32 of a 135M model 0.006, with two limbs 0.00005; of a 1.5B model 0.0014
with one)."""

_PEAK = 63
_BASE = 128
_TINY = 1e-30
_ZERO = 64
"""What stands for zero where inputs must be unsigned."""

_engine_lock = threading.Lock()


def can_pack(device: str) -> bool:
    """Return whether this torch has the kernels for ``device``: x86 processors only, so far."""
    return (
        device.startswith("cpu")
        and "fbgemm" in torch.backends.quantized.supported_engines
        and hasattr(torch.ops.quantized, "linear_with_input_q_dq_qweight_dq_output_fp32")
    )


def limbs_for(parameters: int) -> int:
    """Return how many limbs the weights of a model of that size have."""
    return 2 if parameters <= LARGEST_WITH_TWO_LIMBS else 1


def packed_bytes(rows: int, columns: int, limbs: int) -> int:
    """Return the memory that a packed matrix takes: values, and scale, offset and sum of a row."""
    return rows * (columns + 12) * limbs


class PackedMatrix:
    """A matrix of weights that multiplies rows of inputs. Filled once, a few rows at a time.

    Attributes:
        shape: (rows, columns) = (outputs, inputs).
        limbs: 1 or 2.
    """

    def __init__(self, rows: int, columns: int, limbs: int) -> None:
        self.shape = (rows, columns)
        self.limbs = limbs
        self._missing = rows
        self._scale = torch.zeros(rows, dtype=torch.float64)
        self._staged = [torch.empty(rows, columns, dtype=torch.int8) for _ in range(limbs)]
        self._packed: list[torch.ScriptObject] = []

    @property
    def bytes(self) -> int:
        """Memory that it takes once it is full."""
        return packed_bytes(*self.shape, self.limbs)

    def write(self, places: Tensor | slice, values: Tensor) -> None:
        """Round ``values``, float (rows, columns), into the rows ``places``; the last pack it all.

        Every row is written once.
        """
        values = values.float()
        scale = values.abs().amax(-1, keepdim=True).div_(_BASE - 1).clamp_min_(_TINY)
        exact = values / scale
        high = exact.round()
        self._staged[0][places] = high.to(torch.int8)
        if self.limbs == 2:
            self._staged[1][places] = exact.sub_(high).mul_(_BASE).round_().to(torch.int8)
        self._scale[places] = scale[:, 0].double() / _BASE
        self._missing -= values.shape[0]
        if self._missing == 0:
            self._pack()

    def _pack(self) -> None:
        zeros = torch.zeros(self.shape[0], dtype=torch.int64)
        while self._staged:
            with _fbgemm():
                values = torch._make_per_channel_quantized_tensor(
                    self._staged.pop(0), self._scale, zeros, 0
                )
                self._packed.append(torch.ops.quantized.linear_prepack(values, None))

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the products of ``inputs``, float32 (tokens, columns), with all rows."""
        count = inputs.shape[0]
        step = torch.linalg.vector_norm(inputs, float("inf"), -1, keepdim=True)
        step = step.clamp_min_(_TINY).div_(_PEAK)
        exact = inputs / step
        limbs = inputs.new_empty(2 * count, self.shape[1])
        high, low = limbs[:count], limbs[count:]
        torch.round(exact, out=high)
        torch.sub(exact, high, out=low).mul_(_BASE)
        sums = _multiply(limbs, self._packed[0])
        result = torch.add(sums[count:], sums[:count], alpha=_BASE)
        if self.limbs == 2:  # low × low is below the last bit of an input
            result.add_(_multiply(high, self._packed[1]))
        return result.mul_(step)


def _multiply(limbs: Tensor, packed: torch.ScriptObject) -> Tensor:
    """Return the products of whole numbers between −64 and 64, in float32, scaled by row."""
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
