"""A matrix of weights that is filled in pieces, packed once, and then multiplies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from studio.runtime.engines.text.packing.choice import kernel_for
from studio.runtime.engines.text.packing.kernel import Kernel

_WEIGHT_BASE = 128
_LARGEST = 127
_TINY = 1e-30


class PackedMatrix:
    """A matrix of weights that multiplies rows of inputs.

    It is filled once, a few rows at a time, and settled before it multiplies; or filled at once.

    Attributes:
        shape: (rows, columns) = (outputs, inputs).
        limbs: 1 or 2.
    """

    def __init__(self, rows: int, columns: int, limbs: int, kernel: Kernel | None = None) -> None:
        self.shape = (rows, columns)
        self.limbs = limbs
        chosen = kernel or kernel_for("cpu")
        assert chosen is not None, "made only where matrices can be packed"
        self.kernel = chosen
        self._missing = rows
        self._scale = torch.zeros(rows, dtype=torch.float64)
        self._staged: list[Tensor] = []
        self._packed: list[Any] = []

    @property
    def bytes(self) -> int:
        """Memory that it takes once it is full."""
        return self.kernel.packed_bytes(*self.shape) * self.limbs

    def write(self, places: Tensor | slice, values: Tensor) -> None:
        """Round ``values``, float (rows, columns), into the rows ``places``; the last pack it all.

        Every row is written once.
        """
        if not self._staged:
            self._staged = [torch.empty(self.shape, dtype=torch.int8) for _ in range(self.limbs)]
        values = values.float()
        scale = values.abs().amax(-1, keepdim=True)  # six times faster than a norm
        scale = scale.div_(_LARGEST).clamp_min_(_TINY)
        exact = values / scale
        high = exact.round()
        self._staged[0][places] = high.to(torch.int8)
        if self.limbs == 2:
            self._staged[1][places] = exact.sub_(high).mul_(_WEIGHT_BASE).round_().to(torch.int8)
        self._scale[places] = scale[:, 0].double()
        self._missing -= values.shape[0]
        if self._missing == 0:
            self._pack()

    def _pack(self) -> None:
        scale = self._scale / self.kernel.UNIT
        while self._staged:
            self._packed.append(self.kernel.pack(self._staged.pop(0), scale))
            # Only high limbs meet the second limb of weights.
            scale = scale * (self.kernel.BASE / _WEIGHT_BASE)

    def settle(self) -> None:
        """Wait until it is packed; needed once before it multiplies."""
        self._packed = [self.kernel.settle(packed) for packed in self._packed]

    def to_plain(self) -> list[list[Tensor]]:
        """Return for each limb the plain tensors that make it up, uncopied; see ``Kernel``."""
        return [self.kernel.to_plain(packed) for packed in self._packed]

    def fill(self, limbs: Sequence[Sequence[Tensor]]) -> None:
        """Become full by copies of what :meth:`to_plain` gave.

        Raises:
            ValueError: They are those of another matrix or of another processor.
        """
        if len(limbs) != self.limbs:
            raise ValueError(f"{len(limbs)} limbs instead of {self.limbs}")
        self._packed = [self.kernel.from_plain(*self.shape, plain) for plain in limbs]
        self._missing = 0

    def clear(self) -> None:
        """Be empty again."""
        self._packed.clear()
        self._missing = self.shape[0]

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the products of ``inputs``, float32 (tokens, columns), with all rows."""
        kernel = self.kernel
        limbs, largest = kernel.split(inputs)
        low, high = kernel.multiply(limbs, self._packed[0]).chunk(2)
        result = low.add_(high, alpha=kernel.BASE)
        if self.limbs == 2:  # low × low is below the last bit of an input
            result.add_(kernel.multiply(limbs[inputs.shape[0] :], self._packed[1]))
        return result.mul_(largest)
