"""Products of rows of inputs with packed weights. Packs none.

Each thread takes some blocks of 64 rows of weights and multiplies all inputs with each, so that
weights are read from memory once. Sums are whole numbers, and turned into floats one at a time:
a result has the same bits however the work is cut.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels import limbs as cut
from studio.runtime.engines.text.kernels.instructions import is_chosen_by_hand
from studio.runtime.engines.text.kernels.limbs import Limbs
from studio.runtime.engines.text.kernels.threads import share, thread_count
from studio.runtime.engines.text.kernels.vectors import GROUP, MOST, ROWS, SPAN, dots

_HIGH = np.float32(cut.BASE)
_ZERO = np.int32(cut.ZERO)
_FINE = np.float32(2)
"""What second limbs of weights count: they meet high limbs of inputs only (256 / 128)."""
compiled = njit(nogil=True, cache=not is_chosen_by_hand())
"""numba's cache knows the processor and not the choice, so what is chosen by hand is not kept."""
_CHUNK = 1 << 19
"""Bytes of inputs that meet a block of weights before the next block comes: what a core keeps."""

Values = NDArray[np.int8]


def multiply(
    limbs: Limbs,
    values: Values,
    fine: Values,
    totals: NDArray[np.int32],
    scale: NDArray[np.float32],
    results: NDArray[np.float32],
) -> None:
    """Write the products of inputs with all rows of weights.

    Args:
        limbs: Of the inputs.
        values: int8, (blocks, columns / 4, 64, 4): blocks of 64 rows of weights.
        fine: Second limbs of the same shape, or (0, …).
        totals: int32, (2, 64 × blocks): the sums of rows of both limbs.
        scale: (64 × blocks,): what a product of whole numbers is multiplied by.
        results: (tokens, rows).
    """
    most = max(2, _CHUNK // (2 * limbs.values.shape[1]) // 2 * 2)
    chunk = min(limbs.tokens, most)
    _multiply(
        limbs.values, limbs.largest, values, fine, totals, scale, results, chunk, thread_count()
    )


@compiled
def _multiply(inputs, largest, values, fine, totals, scale, results, chunk, threads):
    arguments = (inputs, largest, values, fine, totals, scale, results, chunk)
    share(_blocks, values.shape[0], threads, arguments)


@compiled
def _blocks(first, last, inputs, largest, values, fine, totals, scale, results, chunk):
    """Multiply some blocks with all inputs, ``chunk`` tokens at a time."""
    has_fine = fine.shape[0] > 0
    stride, columns = inputs.strides[0], inputs.shape[1]
    sums = np.empty((2 * chunk, ROWS), np.int32)
    rest = np.empty((chunk, ROWS), np.int32)
    for start in range(0, results.shape[0], chunk):
        count = min(chunk, results.shape[0] - start)
        low = inputs.ctypes.data + 2 * start * stride
        for block in range(first, last):
            here = block * values.strides[0]
            _sum(values.ctypes.data + here, low, stride, 2 * count, columns, sums.ctypes.data)
            if has_fine:
                high, step = low + stride, 2 * stride
                _sum(fine.ctypes.data + here, high, step, count, columns, rest.ctypes.data)
            place = ROWS * block
            width = min(ROWS, results.shape[1] - place)
            for token in range(count):
                factor = largest[start + token]
                for row in range(width):
                    zero = _ZERO * totals[0, place + row]
                    value = np.float32(sums[2 * token + 1, row] - zero) * _HIGH
                    value += np.float32(sums[2 * token, row] - zero)
                    if has_fine:
                        zero = _ZERO * totals[1, place + row]
                        value += np.float32(rest[token, row] - zero) * _FINE
                    results[start + token, place + row] = value * (scale[place + row] * factor)


@compiled
def _sum(values, inputs, stride, rows, columns, sums):
    """Write the sums, int32 (rows, 64), of ``rows`` rows of bytes with a block of weights."""
    groups = columns // GROUP
    row = 0
    while row < rows:
        place, here, left = inputs + row * stride, sums + 4 * ROWS * row, rows - row
        for first in range(0, 4 * ROWS, 4 * SPAN):
            if MOST >= 4 and left >= 4:
                dots(4, values + first, place, stride, groups, here + first)
            elif left >= 2:
                dots(2, values + first, place, stride, groups, here + first)
            else:
                dots(1, values + first, place, stride, groups, here + first)
        row += 4 if MOST >= 4 and left >= 4 else min(left, 2)
