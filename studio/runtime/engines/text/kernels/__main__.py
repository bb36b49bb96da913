"""Compile all kernels for this processor, so that no first text waits: ``python -m …kernels``."""

from __future__ import annotations

import sys


def main() -> int:
    """Call each kernel once, on next to nothing; return the exit code."""
    from studio.runtime.engines.text.kernels.matrix import can_pack

    if not can_pack("cpu"):
        sys.stdout.write("this processor has no kernels: texts are computed by torch\n")
        return 0
    import numpy as np
    import torch

    from studio.runtime.engines.text.kernels import limbs, rows
    from studio.runtime.engines.text.kernels.looks import Rule, Text, look
    from studio.runtime.engines.text.kernels.matrix import PackedMatrix
    from studio.runtime.engines.text.kernels.vectors import INSTRUCTIONS
    from studio.runtime.engines.text.span_cache import SPAN

    hidden, weight = np.ones((1, 64), np.float32), np.ones(64, np.float32)
    PackedMatrix.of_floats(torch.ones(64, 64)).multiply(rows.cut(hidden, 1))
    rows.add_norm_cut(hidden, None, rows.NO_WEIGHTS, weight, 1e-5, 1)
    rows.gate_cut(hidden, is_gelu=False, count=1)
    none = rows.NO_WEIGHTS
    rule = Rule(1, none, none, none, eps=1e-5, scale=1.0, cap=0.0, window=0)
    keys, values = np.zeros((1, 1, 64, SPAN), np.float32), np.zeros((1, SPAN, 64), np.float32)
    text = Text(1, 0, keys, values)
    look(rule, np.ones((1, 192), np.float32), hidden, [text], limbs.empty(1, 64, 1))
    sys.stdout.write(f"compiled for {INSTRUCTIONS}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
