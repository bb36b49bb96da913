"""fbgemm's kernel: limbs of 7 bits, in floats. For every x86 processor from AVX2 on.

7 bits a limb and not 8, because processors without VNNI add two products in 16 bits, and 255 × 127
twice would not fit. Its packed weights cannot be written to disk and take 8 s a GB to make.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

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

_room = threading.BoundedSemaphore(min(4, os.cpu_count() or 1))


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


class _Packing(threading.Thread):
    """A matrix being packed: slow work that lets other threads run."""

    def __init__(self, values: Tensor, scale: Tensor) -> None:
        super().__init__(name="packing", daemon=True)
        self._parts: tuple[Tensor, Tensor] | None = (values, scale)
        self._packed: torch.ScriptObject | None = None
        self._error: Exception | None = None

    def run(self) -> None:
        assert self._parts is not None
        (values, scale), self._parts = self._parts, None
        zeros = torch.zeros(values.shape[0], dtype=torch.int64)
        try:
            with _engine.chosen():
                marked = torch._make_per_channel_quantized_tensor(values, scale, zeros, 0)
                self._packed = torch.ops.quantized.linear_prepack(marked, None)
        except Exception as error:  # noqa: BLE001  raised where it is waited for
            self._error = error
        finally:
            _room.release()

    def result(self) -> torch.ScriptObject:
        self.join()
        if self._error is not None:
            raise self._error
        assert self._packed is not None
        return self._packed


def pack(values: Tensor, scale: Tensor) -> _Packing:
    """See ``Kernel``."""
    _room.acquire()  # or the values of a whole model would wait in memory
    packing = _Packing(values, scale)
    packing.start()
    return packing


def settle(packed: _Packing) -> torch.ScriptObject:
    """See ``Kernel``."""
    return packed.result()


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


class _Engine:
    """torch's one choice of what packs, and Python's of what is warned of, while anybody packs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._undo = ExitStack()

    @contextmanager
    def chosen(self) -> Iterator[None]:
        """Choose the packing whose products take inputs at a given scale."""
        with self._lock:
            if self._users == 0:
                self._choose()
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._undo.close()

    def _choose(self) -> None:
        before = torch.backends.quantized.engine
        self._undo.callback(setattr, torch.backends.quantized, "engine", before)
        self._undo.enter_context(warnings.catch_warnings())
        # torch 2.13 announces another home for these; the version is held until it is there.
        warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
        torch.backends.quantized.engine = "fbgemm"


_engine = _Engine()
