"""Compile all kernels for this processor, so that no first text waits: ``python -m …kernels``."""

from __future__ import annotations

import sys


def main() -> int:
    """Take one row through one small layer; return the exit code."""
    from studio.runtime.engines.text.kernels.packed_matrix import can_pack

    if not can_pack("cpu"):
        sys.stdout.write("this processor has no kernels: torch is used instead\n")
        return 0
    import numpy as np
    import torch

    from studio.runtime.engines.text.kernels import attention, whole_step
    from studio.runtime.engines.text.kernels.dot_products import INSTRUCTIONS
    from studio.runtime.engines.text.kernels.packed_kv_cache import SPAN
    from studio.runtime.engines.text.kernels.packed_matrix import PackedMatrix

    width = 64
    hidden, weight = np.ones((1, width), np.float32), np.ones(width, np.float32)
    products = [PackedMatrix.of_floats(torch.ones(n * width, width)) for n in (3, 1, 2, 1, 1)]
    keys, values = np.zeros((1, 1, width, SPAN), np.float32), np.zeros((1, SPAN, width), np.float32)
    layer = np.zeros((1, whole_step.COLUMNS), np.int64)
    layer[0, [whole_step.NORM, whole_step.BETWEEN]] = weight.ctypes.data
    text = np.zeros((1, 1, attention.COLUMNS), np.int64)
    text[0, 0] = 0, 1, 0, 1, keys.ctypes.data, values.ctypes.data
    bands = np.array([place for product in products for place in product.places], np.int64)
    whole_step.step(
        whole_step.Shape(1, 1, width, width, 1, is_gelu=False, eps=1e-5, scale=1.0, cap=0.0),
        whole_step.Weights(layer, weight, np.arange(len(products) + 1), bands, bands.size, width),
        hidden, text, text[0], hidden[None], np.zeros(1, np.int64),
        np.empty((1, width), np.float32),
    )  # fmt: skip
    sys.stdout.write(f"compiled for {INSTRUCTIONS}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
