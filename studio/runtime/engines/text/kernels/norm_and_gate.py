"""What a layer does to each row between its products: norms, gates, and cutting inputs into bytes.

Each row is one thread's, and is computed by the same instructions whatever rows are beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels import quantised_activations
from studio.runtime.engines.text.kernels.jit import compiled, summing
from studio.runtime.engines.text.kernels.parallel_for import borrowed
from studio.runtime.engines.text.kernels.quantise import quantise_block
from studio.runtime.engines.text.kernels.quantised_activations import (
    SCALES_BYTES,
    STARTS_BYTES,
    QuantisedActivations,
)
from studio.runtime.engines.text.kernels.scalar_math import address, gelu, silu

Rows = NDArray[np.float32]
"""(tokens, columns)."""

NO_WEIGHTS: Rows = np.empty(0, np.float32)
"""That nothing is normalised."""


def quantised(inputs: Rows, count: int) -> QuantisedActivations:
    """Return the rows of ``inputs`` as whole numbers of ``count`` byte planes."""
    tokens, columns = inputs.shape
    out = quantised_activations.empty(tokens, columns, count)
    quantise_rows(0, tokens, inputs, out.values, out.scales, out.starts)
    return out


def add_norm_quantise(
    hidden: Rows, addend: Rows | None, addend_weight: Rows, weight: Rows, eps: float, count: int
) -> QuantisedActivations:
    """Add ``addend`` to ``hidden``, in place, and return the norm of the sum in ``count`` byte
    planes.

    Args:
        addend: What is added, if anything; it is written over.
        addend_weight: It is normalised first by these weights, unless they are ``NO_WEIGHTS``.
        weight: (columns,): of the norm of the sum.
        eps: Added to mean squares (arXiv:1910.07467).
    """
    tokens, columns = hidden.shape
    out = quantised_activations.empty(tokens, columns, count)
    addend = hidden[:0] if addend is None else addend
    cuts = out.values, out.scales, out.starts
    add_norm_quantise_rows(0, tokens, hidden, addend, addend_weight, weight, eps, *cuts)
    return out


def gate_quantise(products: Rows, is_gelu: bool, count: int) -> QuantisedActivations:
    """Return the second half of each row times the opened first half, in ``count`` byte planes.

    Args:
        products: (tokens, 2 × columns): written over.
        is_gelu: Whether gates open by GELU's tanh form; else by SiLU.
    """
    tokens, columns = products.shape
    out = quantised_activations.empty(tokens, columns // 2, count)
    gate_quantise_rows(0, tokens, products, is_gelu, out.values, out.scales, out.starts)
    return out


# --- compiled: rows first … last - 1 ------------------------------------------------------------


@compiled
def quantise_row(row, values, scales, starts, token):
    """Write ``row``, (columns,), as the byte planes of ``token``."""
    blocks, tokens, count = values.shape[1], values.shape[2], values.shape[3]
    whole = row.shape[0] // quantised_activations.BLOCK
    place = token // tokens * blocks * tokens + token % tokens
    # By addresses: a piece of an array is counted, and threads wait for each other's counting.
    inputs, values_at = address(row), address(values)
    scales_at, starts_at = address(scales), address(starts)
    for block in range(whole):
        at = place + block * tokens
        quantise_block(
            count,
            inputs + quantised_activations.BLOCK * row.itemsize * block,
            values_at + count * quantised_activations.BLOCK * at,
            scales_at + SCALES_BYTES * at,
            starts_at + STARTS_BYTES * at,
        )
    if whole < blocks:
        last = np.zeros(quantised_activations.BLOCK, np.float32)
        for i in range(row.shape[0] - whole * quantised_activations.BLOCK):
            last[i] = row[whole * quantised_activations.BLOCK + i]
        at = place + whole * tokens
        quantise_block(
            count,
            address(last),
            values_at + count * quantised_activations.BLOCK * at,
            scales_at + SCALES_BYTES * at,
            starts_at + STARTS_BYTES * at,
        )
        last[0] = 0  # or it would be gone after its address was taken


@summing
def norm_factor(row, eps):
    """Return what a row is multiplied by so that the mean of its squares is 1."""
    total = np.float32(0)
    for i in range(row.shape[0]):
        total += row[i] * row[i]
    return np.float32(1) / np.sqrt(total / np.float32(row.shape[0]) + np.float32(eps))


@compiled
def normed(row, weight, eps, out):
    """Write the norm of ``row``, which may be ``out`` itself."""
    factor = norm_factor(row, eps)
    for i in range(row.shape[0]):
        out[i] = row[i] * factor * weight[i]


@compiled
def quantise_rows(first, last, inputs, values, scales, starts):
    inputs = borrowed(inputs)
    for token in range(first, last):
        quantise_row(inputs[token], values, scales, starts, token)


@compiled
def add_norm_quantise_rows(
    first, last, hidden, addend, addend_weight, weight, eps, values, scales, starts
):
    scratch, hidden, addend = (
        np.empty(hidden.shape[1], np.float32),
        borrowed(hidden),
        borrowed(addend),
    )
    for token in range(first, last):
        row = hidden[token]
        if addend.shape[0]:
            addend_row = addend[token]
            if addend_weight.shape[0]:
                normed(addend_row, addend_weight, eps, addend_row)
            for i in range(row.shape[0]):
                row[i] += addend_row[i]
        normed(row, weight, eps, scratch)
        quantise_row(scratch, values, scales, starts, token)


@compiled
def _gelu_times(gate, up):
    for i in range(gate.shape[0]):
        gate[i] = gelu(gate[i]) * up[i]


@compiled
def _silu_times(gate, up):
    for i in range(gate.shape[0]):
        gate[i] = silu(gate[i]) * up[i]


@compiled
def gate_quantise_rows(first, last, products, is_gelu, values, scales, starts):
    columns, products = products.shape[1] // 2, borrowed(products)
    for token in range(first, last):
        gate, up = products[token, :columns], products[token, columns:]
        if is_gelu:
            _gelu_times(gate, up)
        else:
            _silu_times(gate, up)
        quantise_row(gate, values, scales, starts, token)
