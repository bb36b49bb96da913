"""Products of rows of inputs with packed weights. Packs none.

Each thread takes some of the weights, 64 rows at a time, and multiplies all inputs with them, so
that weights are read from memory once. A result has the same bits however the work is cut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels.compiling import compiled
from studio.runtime.engines.text.kernels.limbs import Limbs
from studio.runtime.engines.text.kernels.records import ROWS
from studio.runtime.engines.text.kernels.threads import share, thread_count
from studio.runtime.engines.text.kernels.vectors import MOST, multiply_tile, span

_CHUNK = 1 << 19
"""Bytes of inputs that meet 64 rows of weights before the next do: what a core keeps near."""
_SPAN_OF_MOST, _SPAN = span(MOST), span(1)


def multiply(
    limbs: Limbs,
    form: int,
    records: NDArray[np.uint8],
    factors: NDArray[np.float32],
    results: NDArray[np.float32],
    first: int,
) -> None:
    """Write the products of inputs with some rows of weights.

    Args:
        limbs: Of the inputs.
        form: What records hold: the place of their format in ``FORMATS``.
        records: (rows / 64, records of a row, bytes of a record).
        factors: (rows,): of each row.
        results: (tokens, all rows): as many as there are factors are written.
        first: From which column on.
    """
    most = max(MOST, _CHUNK // (2 * limbs.values.shape[1]) // MOST * MOST)
    chunk = min(limbs.tokens, most)
    values, sums, steps = limbs.values, limbs.sums, limbs.steps
    _multiply(values, sums, steps, form, records, factors, results, first, chunk, thread_count())


@compiled
def _multiply(values, sums, steps, form, records, factors, results, first, chunk, threads):
    shared = (values, sums, steps, form, records, factors, results, first, chunk)
    share(_strips, records.shape[0], threads, shared)


@compiled
def _strips(begin, end, values, sums, steps, form, records, factors, results, first, chunk):
    """Multiply some strips of 64 rows of weights with all inputs, ``chunk`` tokens at a time."""
    tile = np.empty((MOST, ROWS), np.float32)
    for start in range(0, steps.shape[0], chunk):
        stop = min(start + chunk, steps.shape[0])
        for strip in range(begin, end):
            weights = records.ctypes.data + strip * records.strides[0]
            place = ROWS * strip
            width = min(ROWS, factors.shape[0] - place)
            token = start
            while token < stop:
                inputs = values.ctypes.data + 2 * token * values.strides[0]
                totals = sums.ctypes.data + token * sums.strides[0]
                count = _rows(
                    stop - token, form, weights, inputs, values.strides[0], totals,
                    sums.strides[0], records.shape[1], tile.ctypes.data,
                )  # fmt: skip
                for row in range(count):
                    for column in range(width):
                        factor = factors[place + column] * steps[token + row]
                        results[token + row, first + place + column] = tile[row, column] * factor
                token += count


@compiled
def _rows(left, form, weights, inputs, stride, sums, sums_stride, records, results):
    """Multiply the next rows of inputs, at most ``left``, with 64 of weights; return how many."""
    count = MOST if left >= MOST else (2 if left >= 2 else 1)
    for first in range(0, ROWS, _SPAN_OF_MOST if count == MOST else _SPAN):
        place = results + 4 * first
        if count == MOST:
            multiply_tile(
                MOST, form, weights, first, inputs, stride, sums, sums_stride, records, place
            )
        elif count == 2:
            multiply_tile(
                2, form, weights, first, inputs, stride, sums, sums_stride, records, place
            )
        else:
            multiply_tile(
                1, form, weights, first, inputs, stride, sums, sums_stride, records, place
            )
    return count
