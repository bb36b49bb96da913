"""Which kernel multiplies on this processor, and how finely weights are rounded."""

from __future__ import annotations

from studio.runtime.engines.text.packing import fbgemm, onednn
from studio.runtime.engines.text.packing.kernel import Kernel

SMALL = 1 << 29
"""Parameters up to which a model is small: it feels it when 4-bit blocks are rounded to 8 bits a
row (KL to float32 of a 135M model 0.006, and 0.0014 of a 1.5B model)."""

FINE = frozenset({"qkv", "head"})
"""The products of a small model whose weights have two limbs: they cause 0.0035 of those 0.006,
and are a third of its weights."""


def kernel_for(device: str) -> Kernel | None:
    """Return the kernel for ``device``, or None: only x86 processors have some, so far."""
    if not device.startswith("cpu"):
        return None
    kernels: tuple[Kernel, ...] = (onednn, fbgemm)
    return next((kernel for kernel in kernels if kernel.is_available()), None)


def can_pack(device: str) -> bool:
    """Return whether this torch has a kernel for ``device``."""
    return kernel_for(device) is not None


def limbs_for(parameters: int, product: str) -> int:
    """Return how many limbs the weights of a product have.

    Args:
        parameters: Of the whole model.
        product: The name of its module, ``qkv``.
    """
    return 2 if parameters <= SMALL and product in FINE else 1


def packed_bytes(rows: int, columns: int, limbs: int) -> int:
    """Return the memory that a packed matrix takes on this processor."""
    kernel = kernel_for("cpu")
    assert kernel is not None, "asked only where matrices can be packed"
    return kernel.packed_bytes(rows, columns) * limbs
