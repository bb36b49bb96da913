"""Products of rows of inputs with packed weights. Packs none.

Each thread takes some of the weights, 64 rows at a time, and multiplies all inputs with them, so
that weights are read from memory once. A result has the same bits however the work is cut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels.dot_products import TILES, Tile, multiply_tile
from studio.runtime.engines.text.kernels.jit import compiled
from studio.runtime.engines.text.kernels.packed_layout import ROWS
from studio.runtime.engines.text.kernels.parallel_for import borrowed, share, thread_count
from studio.runtime.engines.text.kernels.quantised_activations import (
    BLOCK,
    SCALES_BYTES,
    STARTS_BYTES,
    QuantisedActivations,
)
from studio.runtime.engines.text.kernels.scalar_math import address

_CHUNK = 1 << 19
"""Bytes of inputs that meet 64 rows of weights before the next do: what a core keeps near."""
_TILES_OF_1, _TILES_OF_2 = TILES
_MOST_ROWS = max(rows for tiles in TILES for rows, _ in tiles)

_AHEAD = 4_096
"""Bytes of weights that are asked for before the first rows of inputs need them."""
_WORTH = 4 << 20
"""Bytes of weights, times tokens, that are worth waking other threads for: they may have been put
to sleep by what else the machine does, and all would wait for them."""


def multiply(
    planes: QuantisedActivations,
    form: int,
    records: NDArray[np.uint8],
    factors: NDArray[np.float32],
    results: NDArray[np.float32],
    first: int,
    rows: int,
) -> None:
    """Write the products of inputs with some rows of weights.

    Args:
        planes: Of the inputs.
        form: What records hold: the place of their format in ``FORMATS``.
        records: (rows / 64, records of a row, bytes of a record).
        factors: (64 × strips,): of each row.
        results: (tokens, all rows).
        first: Its column from which on they are written.
        rows: How many rows of weights there are.
    """
    threads = thread_count() if records.nbytes * planes.tokens >= _WORTH else 1
    chunk = max(1, _CHUNK // planes.values[0].nbytes)
    inputs = planes.values, planes.scales, planes.starts
    _multiply(*inputs, form, records, factors, results, first, rows, chunk, threads)


@compiled
def _multiply(
    values, scales, starts, form, records, factors, results, first, rows, chunk, threads
):  # fmt: skip
    shared = (values, scales, starts, form, records, factors, results, first, rows, chunk)
    share(_strips, records.shape[0], threads, shared)


@compiled
def _strips(
    begin, end, values, scales, starts, form, records, factors, results, first, rows, chunk
):  # fmt: skip
    """Multiply some strips of 64 rows of weights with all inputs, ``chunk`` groups at a time."""
    groups, blocks, group, planes, _ = values.shape
    tokens = results.shape[0]
    held = np.empty((_MOST_ROWS, ROWS), np.float32)
    sums, products, scaling = borrowed(held), borrowed(results), borrowed(factors)
    weights, held_at = address(records), address(held)
    values_at, scales_at, starts_at = address(values), address(scales), address(starts)
    for earliest in range(0, groups, chunk):
        for strip in range(begin, end):
            place = ROWS * strip
            wide = min(ROWS, rows - place)
            for here in range(earliest, min(earliest + chunk, groups)):
                slot, token = 0, here * group
                there = min(group, tokens - token)
                while slot < there:
                    count, span = _tile(planes, there - slot)
                    at = here * blocks * group + slot
                    held[:count] = 0
                    for row in range(0, ROWS, span):
                        tile = Tile(
                            weights + strip * records.shape[1] * records.shape[2],
                            row,
                            values_at + planes * BLOCK * at,
                            scales_at + SCALES_BYTES * at,
                            starts_at + STARTS_BYTES * at,
                            group,
                            records.shape[1],
                            _AHEAD if here == earliest and slot == 0 else 0,
                            held_at + held.itemsize * row,
                        )
                        multiply_tile(planes, count, form, tile)
                    for row in range(count):
                        line = products[token + slot + row, first + place :]
                        for column in range(wide):
                            line[column] = sums[row, column] * scaling[place + column]
                    slot += count


@compiled
def _tile(planes, most):
    """Return how many rows of inputs, up to ``most``, go with how many of weights at once."""
    if planes == 1:
        for rows, span in _TILES_OF_1:
            if rows <= most:
                return rows, span
    for rows, span in _TILES_OF_2:
        if rows <= most:
            return rows, span
    return 1, ROWS  # never: one row always fits
