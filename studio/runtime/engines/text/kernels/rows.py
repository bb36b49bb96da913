"""What a layer does to each row between its products: norms, gates, and cutting inputs into bytes.

Each row is one thread's, and is computed by the same instructions whatever rows are beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels import limbs
from studio.runtime.engines.text.kernels.compiling import compiled, summing
from studio.runtime.engines.text.kernels.limbs import Limbs
from studio.runtime.engines.text.kernels.numbers import (
    gelu,
    magnitude_order,
    number,
    silu,
)
from studio.runtime.engines.text.kernels.threads import share, thread_count

Rows = NDArray[np.float32]
"""(tokens, columns)."""

NO_WEIGHTS: Rows = np.empty(0, np.float32)
"""That nothing is normalised."""

FEW = 8
"""Fewer rows are not worth waking other threads for."""
_TINY = np.float32(1e-30)
_UNIT = np.float32(limbs.UNIT)
_HALF, _BITS = np.int32(limbs.BASE // 2), np.int32(8)
_LOW = np.int32(limbs.BASE - 1)
_SHIFTED = np.float32(limbs.BASE * limbs.BASE // 2 + limbs.BASE // 2 + 0.5)
"""Added to whole numbers, so that both bytes are without sign and a float is rounded by cutting."""


def cut(inputs: Rows) -> Limbs:
    """Return the rows of ``inputs`` as whole numbers of 15 bits; see ``limbs``."""
    tokens, columns = inputs.shape
    out = limbs.empty(tokens, columns)
    _cut(inputs, out.values, out.sums, out.steps, _threads(tokens))
    return out


def add_norm_cut(
    hidden: Rows, told: Rows | None, told_weight: Rows, weight: Rows, eps: float
) -> Limbs:
    """Add ``told`` to ``hidden``, in place, and return the norm of the sum, cut.

    Args:
        told: What is added, if anything; it is written over.
        told_weight: It is normalised first by these weights, unless they are ``NO_WEIGHTS``.
        weight: (columns,): of the norm of the sum.
        eps: Added to mean squares (arXiv:1910.07467).
    """
    tokens, columns = hidden.shape
    out = limbs.empty(tokens, columns)
    told = hidden[:0] if told is None else told
    threads = _threads(tokens)
    _add_norm_cut(hidden, told, told_weight, weight, eps, out.values, out.sums, out.steps, threads)
    return out


def gate_cut(products: Rows, is_gelu: bool) -> Limbs:
    """Return the second half of each row times the opened first half, cut.

    Args:
        products: (tokens, 2 × columns): written over.
        is_gelu: Whether gates open by GELU's tanh form; else by SiLU.
    """
    tokens, columns = products.shape
    out = limbs.empty(tokens, columns // 2)
    _gate_cut(products, is_gelu, out.values, out.sums, out.steps, _threads(tokens))
    return out


def _threads(tokens: int) -> int:
    return 1 if tokens < FEW else thread_count()


# --- compiled: rows first … last - 1 ------------------------------------------------------------


@compiled
def cut_row(row, values, sums, steps, token):
    """Write ``row``, (columns,), as the limbs of ``token``."""
    most = np.int32(0)
    for i in range(row.shape[0]):
        most = max(most, magnitude_order(row[i]))
    peak = number(most)
    peak = _TINY if peak < _TINY else peak
    step = _UNIT / peak
    low, high, totals = values[2 * token], values[2 * token + 1], sums[token]
    for i in range(row.shape[0]):
        whole = np.int32(row[i] * step + _SHIFTED)
        low[i] = np.int8((whole & _LOW) - _HALF)
        high[i] = np.int8((whole >> _BITS) - _HALF)
    for i in range(row.shape[0], low.shape[0]):
        low[i] = high[i] = np.int8(0)
    for group in range(totals.shape[0]):
        total = np.int32(0)
        for i in range(limbs.GROUP * group, limbs.GROUP * (group + 1)):
            total += np.int32(low[i]) + (np.int32(high[i]) << _BITS)
        totals[group] = total
    steps[token] = peak / _UNIT


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
def _cut_rows(first, last, inputs, values, sums, steps):
    for token in range(first, last):
        cut_row(inputs[token], values, sums, steps, token)


@compiled
def _cut(inputs, values, sums, steps, threads):
    share(_cut_rows, inputs.shape[0], threads, (inputs, values, sums, steps))


@compiled
def _add_norm_cut_rows(first, last, hidden, told, told_weight, weight, eps, values, sums, steps):
    scratch = np.empty(hidden.shape[1], np.float32)
    for token in range(first, last):
        row = hidden[token]
        if told.shape[0]:
            more = told[token]
            if told_weight.shape[0]:
                normed(more, told_weight, eps, more)
            for i in range(row.shape[0]):
                row[i] += more[i]
        normed(row, weight, eps, scratch)
        cut_row(scratch, values, sums, steps, token)


@compiled
def _add_norm_cut(hidden, told, told_weight, weight, eps, values, sums, steps, threads):
    shared = (hidden, told, told_weight, weight, eps, values, sums, steps)
    share(_add_norm_cut_rows, hidden.shape[0], threads, shared)


@compiled
def _gelu_times(gate, up):
    for i in range(gate.shape[0]):
        gate[i] = gelu(gate[i]) * up[i]


@compiled
def _silu_times(gate, up):
    for i in range(gate.shape[0]):
        gate[i] = silu(gate[i]) * up[i]


@compiled
def _gate_cut_rows(first, last, products, is_gelu, values, sums, steps):
    columns = products.shape[1] // 2
    for token in range(first, last):
        gate, up = products[token, :columns], products[token, columns:]
        if is_gelu:
            _gelu_times(gate, up)
        else:
            _silu_times(gate, up)
        cut_row(gate, values, sums, steps, token)


@compiled
def _gate_cut(products, is_gelu, values, sums, steps, threads):
    share(_gate_cut_rows, products.shape[0], threads, (products, is_gelu, values, sums, steps))
