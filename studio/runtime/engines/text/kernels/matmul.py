"""Products of rows of inputs with packed weights. Packs none.

Each thread takes some of the weights, 64 rows at a time, and multiplies all inputs with them, so
that weights are read from memory once. A result has the same bits however the work is cut.
"""

from __future__ import annotations

import numpy as np
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels.dot_products import TILES, Tile, multiply_tile
from studio.runtime.engines.text.kernels.jit import compiled
from studio.runtime.engines.text.kernels.packed_layout import ROWS
from studio.runtime.engines.text.kernels.parallel_for import borrowed, pointer
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
_UNITS_OF_THREAD = 8
"""Units of work that a thread should find, so that none waits long for the last."""

FORM, RECORDS, STRIPS, COUNT, BYTES, FACTORS, FIRST, ROWS_HERE = range(8)
"""Columns of a table of bands, int64: the place of their format in ``FORMATS``; where the records
are, how many strips of 64 rows, records of a strip, bytes of a record; where the factor of each row
is; the first column of results; and how many."""
COLUMNS = 8


def multiply(
    planes: QuantisedActivations, bands: NDArray[np.int64], results: NDArray[np.float32]
) -> None:
    """Write the products of inputs with some bands of weights.

    Args:
        planes: Of the inputs.
        bands: (bands, ``COLUMNS``).
        results: (tokens, all rows).
    """
    inputs = planes.values, planes.scales, planes.starts
    for band in bands:
        _alone(band, *inputs, results)


# --- compiled -----------------------------------------------------------------------------------


@compiled
def _alone(band, values, scales, starts, results):
    chunk = groups_at_once(band, values, 1)
    multiply_strips(0, units(band, values, chunk), band, values, scales, starts, results, chunk)


@compiled
def groups_at_once(band, values, threads):
    """Return how many groups of inputs meet a strip of 64 rows of weights at once."""
    groups, blocks, group, planes, columns = values.shape
    near = max(1, _CHUNK // (blocks * group * planes * columns))
    if threads > 1:
        pieces = (_UNITS_OF_THREAD * threads + band[STRIPS] - 1) // band[STRIPS]
        near = min(near, max(1, groups // pieces))
    return near


@compiled
def units(band, values, chunk):
    """Return how many units of work there are: a strip, with ``chunk`` groups of inputs each."""
    return band[STRIPS] * ((values.shape[0] + chunk - 1) // chunk)


@compiled
def multiply_strips(begin, end, band, values, scales, starts, results, chunk):
    """Multiply strips of 64 rows of weights with ``chunk`` groups of inputs, a unit each."""
    groups, blocks, group, planes, _ = values.shape
    tokens = results.shape[0]
    held = np.empty((_MOST_ROWS, ROWS), np.float32)
    sums, products = borrowed(held), borrowed(results)
    form, records, strips, first = band[FORM], band[COUNT], band[STRIPS], band[FIRST]
    scaling = carray(pointer(band[FACTORS]), (ROWS * strips,))
    values_at, scales_at, starts_at = address(values), address(scales), address(starts)
    held_at = address(held)
    for unit in range(begin, end):
        strip, earliest = unit % strips, unit // strips * chunk
        weights = band[RECORDS] + strip * records * band[BYTES]
        place = ROWS * strip
        wide = min(ROWS, band[ROWS_HERE] - place)
        for here in range(earliest, min(earliest + chunk, groups)):
            slot, token = 0, here * group
            there = min(group, tokens - token)
            while slot < there:
                count, span = _tile(planes, there - slot)
                at = here * blocks * group + slot
                held[:count] = 0
                for row in range(0, ROWS, span):
                    tile = Tile(
                        weights,
                        row,
                        values_at + planes * BLOCK * at,
                        scales_at + SCALES_BYTES * at,
                        starts_at + STARTS_BYTES * at,
                        group,
                        records,
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
