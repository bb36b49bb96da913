"""A matrix of weights that is filled in pieces, packed once, and then multiplies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from studio.runtime.engines.text.kernels.instructions import chosen

if TYPE_CHECKING:
    from studio.runtime.engines.text.kernels.limbs import Limbs

LAYOUT = "64x4"
"""What caches on disk are marked by: another layout, another name."""

SMALL = 1 << 29
"""Parameters up to which a model is small: it feels it when 4-bit blocks are rounded to 8 bits a
row (KL to float32 of a 135M model 0.006, and 0.0014 of a 1.5B model)."""

FINE = frozenset({"qkv", "head"})
"""The products of a small model whose weights have two limbs: they cause 0.0035 of those 0.006,
and are a third of its weights."""

_WEIGHT_BASE = 128
_LARGEST = 127
_TINY = 1e-30
_BLOCK = 64
_GROUP = 4


def can_pack(device: str) -> bool:
    """Return whether ``device`` is a processor that there are kernels for."""
    return device.startswith("cpu") and chosen() is not None


def limbs_for(parameters: int, product: str) -> int:
    """Return how many limbs the weights of a product have.

    Args:
        parameters: Of the whole model.
        product: The name of its module, ``qkv``.
    """
    return 2 if parameters <= SMALL and product in FINE else 1


def packed_bytes(rows: int, columns: int, limbs: int) -> int:
    """Return the memory that a packed matrix takes: full blocks, two sums and a scale a row."""
    return _up(rows) * (_up(columns) * limbs + 12)


class PackedMatrix:
    """A matrix of weights that multiplies rows of inputs.

    It is filled once, a few rows at a time, or at once, from what :meth:`tensors` gave.

    Attributes:
        shape: (rows, columns) = (outputs, inputs).
        limbs: 1 or 2.
    """

    def __init__(self, rows: int, columns: int, limbs: int) -> None:
        self.shape = (rows, columns)
        self.limbs = limbs
        self._missing = rows
        self._staged: list[Tensor] = []
        self._scale = torch.empty(0)
        self._tensors: dict[str, Tensor] = {}
        self._arrays: tuple[object, ...] = ()

    @property
    def bytes(self) -> int:
        """Memory that it takes once it is full."""
        return packed_bytes(*self.shape, self.limbs)

    def write(self, places: Tensor | slice, values: Tensor) -> None:
        """Round ``values``, float (rows, columns), into the rows ``places``; the last pack it all.

        Every row is written once.
        """
        if not self._staged:
            height, width = map(_up, self.shape)
            shape = (height, width)
            self._staged = [torch.zeros(shape, dtype=torch.int8) for _ in range(self.limbs)]
            self._scale = torch.zeros(height)
        values = values.float()
        scale = values.abs().amax(-1, keepdim=True)  # six times faster than a norm
        scale = scale.div_(_LARGEST).clamp_min_(_TINY)
        exact = values / scale
        high = exact.round()
        rows, columns = self.shape
        self._staged[0][:rows, :columns][places] = high.to(torch.int8)
        if self.limbs == 2:
            low = exact.sub_(high).mul_(_WEIGHT_BASE).round_()
            self._staged[1][:rows, :columns][places] = low.to(torch.int8)
        self._scale[:rows][places] = scale[:, 0]
        self._missing -= values.shape[0]
        if self._missing == 0:
            self._pack()

    def _pack(self) -> None:
        from studio.runtime.engines.text.kernels.limbs import UNIT

        totals = torch.zeros(2, self._scale.shape[0], dtype=torch.int32)
        tensors = {"totals": totals, "scale": self._scale.div_(UNIT)}
        for limb, name in zip(range(self.limbs), ("values", "fine"), strict=False):
            staged, self._staged[limb] = self._staged[limb], torch.empty(0)
            totals[limb] = _row_sums(staged)
            tensors[name] = _in_blocks(staged)
        self._staged.clear()
        self._take(tensors)

    def tensors(self) -> dict[str, Tensor]:
        """Return by name the tensors that make it up, uncopied; it must be full."""
        return self._tensors

    def fill(self, tensors: Mapping[str, Tensor]) -> None:
        """Become full by what :meth:`tensors` gave, uncopied.

        Raises:
            ValueError: They are those of another matrix.
        """
        height, width = map(_up, self.shape)
        values = (torch.int8, (height // _BLOCK, width // _GROUP, _BLOCK, _GROUP))
        expected: dict[str, object] = (
            {"values": values, "fine": values} if self.limbs == 2 else {"values": values}
        )
        expected |= {"totals": (torch.int32, (2, height)), "scale": (torch.float32, (height,))}
        found = {name: (t.dtype, tuple(t.shape)) for name, t in tensors.items()}
        if found != expected:
            raise ValueError(f"{found} instead of {expected}")
        self._missing = 0
        self._take(dict(tensors))

    def _take(self, tensors: dict[str, Tensor]) -> None:
        self._tensors = tensors
        values = tensors["values"]
        fine = tensors.get("fine", values[:0])
        parts = (values, fine, tensors["totals"], tensors["scale"])
        self._arrays = tuple(part.numpy() for part in parts)

    def clear(self) -> None:
        """Be empty again."""
        self._tensors, self._arrays = {}, ()
        self._missing = self.shape[0]

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the products of ``inputs``, float32 (tokens, columns), with all rows."""
        from studio.runtime.engines.text.kernels.rows import cut

        return self.multiply(cut(inputs.contiguous().numpy()))

    def multiply(self, limbs: Limbs) -> Tensor:
        """Return the products of inputs with all rows: float32, (tokens, rows)."""
        from studio.runtime.engines.text.kernels.products import multiply

        results = torch.empty(limbs.tokens, self.shape[0])
        multiply(limbs, *self._arrays, results.numpy())  # type: ignore[arg-type]
        return results


def _in_blocks(values: Tensor) -> Tensor:
    """Return int8 (rows, columns) as (blocks, columns / 4, 64, 4)."""
    rows, columns = values.shape
    groups = values.view(torch.int32).view(rows // _BLOCK, _BLOCK, columns // _GROUP)
    packed = torch.empty(rows // _BLOCK, columns // _GROUP, _BLOCK, dtype=torch.int32)
    packed.copy_(groups.transpose(1, 2))
    return packed.view(torch.int8).view(*packed.shape, _GROUP)


def _row_sums(values: Tensor) -> Tensor:
    # Small pieces stay in the processor's cache as floats; integers are added ten times slower.
    return torch.cat([some.float().sum(-1) for some in values.split(_BLOCK)]).to(torch.int32)


def _up(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
