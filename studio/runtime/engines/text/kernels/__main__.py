"""Compile all kernels for this processor, so that no first text waits: ``python -m …kernels``."""

from __future__ import annotations

import sys


def main() -> int:
    """Call each kernel once, on next to nothing; return the exit code."""
    from studio.runtime.engines.text.kernels.packed_matrix import can_pack

    if not can_pack("cpu"):
        sys.stdout.write("this processor has no kernels: torch is used instead\n")
        return 0
    import numpy as np
    import torch

    from studio.runtime.engines.text.decoder.packed_kv_cache import SPAN
    from studio.runtime.engines.text.kernels import norm_and_gate, quantised_activations
    from studio.runtime.engines.text.kernels.attention import AttentionConfig, Text, attend
    from studio.runtime.engines.text.kernels.dot_products import INSTRUCTIONS
    from studio.runtime.engines.text.kernels.packed_matrix import PackedMatrix

    hidden, weight = np.ones((1, 64), np.float32), np.ones(64, np.float32)
    PackedMatrix.of_floats(torch.ones(64, 64)).multiply(norm_and_gate.quantise_rows(hidden, 1))
    norm_and_gate.add_norm_quantise(hidden, None, norm_and_gate.NO_WEIGHTS, weight, 1e-5, 1)
    norm_and_gate.gate_quantise(hidden, is_gelu=False, count=1)
    none = norm_and_gate.NO_WEIGHTS
    config = AttentionConfig(1, none, none, none, eps=1e-5, scale=1.0, cap=0.0, window=0)
    keys, values = np.zeros((1, 1, 64, SPAN), np.float32), np.zeros((1, SPAN, 64), np.float32)
    text = Text(1, 0, keys, values)
    attend(
        config, np.ones((1, 192), np.float32), hidden, [text], quantised_activations.empty(1, 64, 1)
    )
    sys.stdout.write(f"compiled for {INSTRUCTIONS}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
