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

_WORTH = 4 << 20
"""Bytes of weights, times tokens, that are worth waking other threads for: they may have been put
to sleep by what else the machine does, and all would wait for them."""


def multiply(
    limbs: Limbs,
    form: int,
    records: NDArray[np.uint8],
    factors: NDArray[np.float32],
    results: NDArray[np.float32],
    first: int,
    rows: int,
) -> None:
    """Write the products of inputs with some rows of weights.

    Args:
        limbs: Of the inputs.
        form: What records hold: the place of their format in ``FORMATS``.
        records: (rows / 64, records of a row, bytes of a record).
        factors: (64 × strips,): of each row.
        results: (tokens, all rows).
        first: Its column from which on they are written.
        rows: How many rows of weights there are.
    """
    most = max(MOST, _CHUNK // (2 * limbs.values.shape[1]) // MOST * MOST)
    chunk = min(limbs.tokens, most)
    threads = thread_count() if records.nbytes * limbs.tokens >= _WORTH else 1
    values, sums, steps = limbs.values, limbs.sums, limbs.steps
    _multiply(
        values, sums, steps, form, records, factors, results, first, rows, chunk, threads
    )


@compiled
def _multiply(values, sums, steps, form, records, factors, results, first, rows, chunk, threads):
    shared = (values, sums, steps, form, records, factors, results, first, rows, chunk)
    share(_strips, records.shape[0], threads, shared)


@compiled
def _strips(begin, end, values, sums, steps, form, records, factors, results, first, rows, chunk):
    """Multiply some strips of 64 rows of weights with all inputs, ``chunk`` tokens at a time."""
    spare = np.empty((MOST, ROWS), np.float32)
    tokens, line = steps.shape[0], 4 * results.shape[1]
    for start in range(0, tokens, chunk):
        stop = min(start + chunk, tokens)
        for strip in range(begin, end):
            weights = records.ctypes.data + strip * records.strides[0]
            place = ROWS * strip
            wide = min(ROWS, rows - place)
            token = start
            while token < stop:
                count = MOST if stop - token >= MOST else (2 if stop - token >= 2 else 1)
                out, stride = results.ctypes.data + token * line + 4 * (first + place), line
                if wide < ROWS:
                    out, stride = spare.ctypes.data, 4 * ROWS
                _rows(
                    count, form, weights,
                    values.ctypes.data + 2 * token * values.strides[0], values.strides[0],
                    sums.ctypes.data + token * sums.strides[0], sums.strides[0], records.shape[1],
                    factors.ctypes.data + 4 * place, steps.ctypes.data + 4 * token, out, stride,
                )  # fmt: skip
                if wide < ROWS:
                    for row in range(count):
                        for column in range(wide):
                            results[token + row, first + place + column] = spare[row, column]
                token += count


@compiled
def _rows(
    count, form, weights, inputs, stride, sums, sums_stride, records,
    factors, steps, out, out_stride,
):  # fmt: skip
    """Multiply ``count`` rows of inputs with 64 of weights."""
    for first in range(0, ROWS, _SPAN_OF_MOST if count == MOST else _SPAN):
        place = out + 4 * first
        if count == MOST:
            multiply_tile(
                MOST, form, weights, first, inputs, stride, sums, sums_stride, records,
                factors, steps, place, out_stride,
            )  # fmt: skip
        elif count == 2:
            multiply_tile(
                2, form, weights, first, inputs, stride, sums, sums_stride, records,
                factors, steps, place, out_stride,
            )  # fmt: skip
        else:
            multiply_tile(
                1, form, weights, first, inputs, stride, sums, sums_stride, records,
                factors, steps, place, out_stride,
            )  # fmt: skip
