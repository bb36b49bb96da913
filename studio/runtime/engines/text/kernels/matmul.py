"""Products of rows of inputs with packed weights. Packs none.

Each thread takes some of the weights, 64 rows at a time, and multiplies all inputs with them, so
that weights are read from memory once. A result has the same bits however the work is cut.
"""

from __future__ import annotations

import numpy as np
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels.cpu_features import may_use_tiles
from studio.runtime.engines.text.kernels.dot_products import TILES, Tile, multiply_tile
from studio.runtime.engines.text.kernels.jit import compiled, inlined
from studio.runtime.engines.text.kernels.packed_layout import FORMATS, ROWS
from studio.runtime.engines.text.kernels.parallel_for import borrowed, pointer
from studio.runtime.engines.text.kernels.quantised_activations import (
    BLOCK,
    SCALES_BYTES,
    STARTS_BYTES,
    TOGETHER,
    QuantisedActivations,
)
from studio.runtime.engines.text.kernels.scalar_math import address
from studio.runtime.engines.text.kernels.tile_products import (
    LANES,
    SUMS_BYTES,
    begin_tiles,
    end_tiles,
    multiply_group,
    unpack_strip,
)

_CHUNK = 1 << 19
"""Bytes of inputs that meet 64 rows of weights before the next do: what a core keeps near."""
_TILES_OF_1, _TILES_OF_2 = TILES
_MOST_ROWS = max(rows for tiles in TILES for rows, _ in tiles)

_FITS_TILES = tuple(form.columns == BLOCK for form in FORMATS)
_LINE, _FLOAT_BYTES = 64, 4
"""Bytes of a line of memory, and of a number."""
_AHEAD = 4_096
"""Bytes of weights that are asked for before the first rows of inputs need them."""
_UNITS_OF_THREAD = 32
"""Units of work that a thread should find, so that none waits long for the last."""
_UNPACKED_FOR = 4
"""Groups of inputs that a strip is worth unpacking for."""

FORM, RECORDS, STRIPS, COUNT, BYTES, FACTORS, FIRST, ROWS_HERE = range(8)
"""Columns of a table of bands, int64: the place of their format in ``FORMATS``; where the records
are, how many strips of 64 rows, records of a strip, bytes of a record; where the factor of each row
is; the first column of results; and how many."""
COLUMNS = 8


def multiply(
    planes: QuantisedActivations,
    bands: NDArray[np.int64],
    results: NDArray[np.float32],
    *,
    tiles: bool = True,
) -> None:
    """Write the products of inputs with some bands of weights.

    Args:
        planes: Of the inputs.
        bands: (bands, ``COLUMNS``).
        results: (tokens, all rows).
        tiles: Whether to use the processor's, if it has some and the system lets us.
    """
    tiles = tiles and may_use_tiles()
    inputs = planes.values, planes.scales, planes.starts
    for band in bands:
        _alone(band, *inputs, results, tiles)


# --- compiled -----------------------------------------------------------------------------------


@compiled
def _alone(band, values, scales, starts, results, tiles):
    by_tiles = tiles and fits_tiles(band, values)
    chunk = groups_at_once(band, values, 1, by_tiles)
    count, given = units(band, values, chunk), (band, values, scales, starts, results, chunk)
    if by_tiles:
        multiply_strips_by_tiles(0, count, *given, 1)
    else:
        multiply_strips(0, count, *given)


@compiled
def groups_at_once(band, values, threads, by_tiles):
    """Return how many groups of inputs meet a strip of 64 rows of weights at once."""
    groups, blocks, group, planes, columns = values.shape
    near = max(1, _CHUNK // (blocks * group * planes * columns))
    if threads > 1:
        pieces = (_UNITS_OF_THREAD * threads + band[STRIPS] - 1) // band[STRIPS]
        near = min(near, max(_UNPACKED_FOR if by_tiles else 1, groups // pieces))
    return near


@compiled
def units(band, values, chunk):
    """Return how many units of work there are: a strip, with ``chunk`` groups of inputs each."""
    return band[STRIPS] * ((values.shape[0] + chunk - 1) // chunk)


@compiled
def fits_tiles(band, values):
    """Return whether tiles are faster: with whole groups of inputs, and records that fill them."""
    return values.shape[2] == TOGETHER and _FITS_TILES[band[FORM]]


@compiled
def multiply_strips(begin, end, band, values, scales, starts, results, chunk):
    """Multiply strips of 64 rows of weights with ``chunk`` groups of inputs, a unit each."""
    groups, blocks, group, planes, _ = values.shape
    tokens = results.shape[0]
    held = np.empty((_MOST_ROWS, ROWS), np.float32)
    sums, products = borrowed(held), borrowed(results)
    form, records, strips, first = band[FORM], band[COUNT], band[STRIPS], band[FIRST]
    scaling = carray(pointer(band[FACTORS]), (ROWS * strips,))
    inputs, held_at = (address(values), address(scales), address(starts)), address(held)
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
                ahead = _AHEAD if here == earliest and slot == 0 else 0
                held[:count] = 0
                for row in range(0, ROWS, span):
                    tile = _at(weights, row, inputs, planes, at, group, records, ahead, held_at)
                    multiply_tile(planes, count, form, tile)
                _put_away(sums, count, wide, scaling, place, products, token + slot, first)
                slot += count


@compiled
def multiply_strips_by_tiles(begin, end, band, values, scales, starts, results, chunk, threads):
    """As ``multiply_strips``, where there are tiles and they fit.

    Args:
        threads: That share the work.
    """
    groups, blocks, group, planes, _ = values.shape
    tokens = results.shape[0]
    held = np.empty((TOGETHER, ROWS), np.float32)
    sums, products = borrowed(held), borrowed(results)
    form, records, strips, first = band[FORM], band[COUNT], band[STRIPS], band[FIRST]
    scaling = carray(pointer(band[FACTORS]), (ROWS * strips,))
    inputs, held_at = (address(values), address(scales), address(starts)), address(held)
    room = np.empty(_LINE + SUMS_BYTES + ROWS * BLOCK * records, np.uint8)
    sums_at = (address(room) + _LINE - 1) // _LINE * _LINE
    numbers_at = sums_at + SUMS_BYTES
    begin_tiles()
    for unit in range(begin, end):
        strip, earliest = unit % strips, unit // strips * chunk
        weights = band[RECORDS] + strip * records * band[BYTES]
        place = ROWS * strip
        wide = min(ROWS, band[ROWS_HERE] - place)
        unpack_strip(form, weights, records, _AHEAD, numbers_at)
        # What is next in this thread, if the others take as much work meanwhile.
        following = unit + 1 if unit + 1 < end else end + (threads - 1) * (end - begin)
        coming = band[RECORDS] + following % strips * records * band[BYTES]
        last = coming + records * (band[BYTES] - _LINE)
        for here in range(earliest, min(earliest + chunk, groups)):
            at, token = here * blocks * group, here * group
            for row in range(0, ROWS, LANES):
                tile = _at(weights, row, inputs, planes, at, group, records, 0, held_at)
                numbers = numbers_at + BLOCK * records * row
                multiply_group(planes, form, tile, numbers, sums_at, coming)
                coming = min(coming + records * _LINE, last)
            count = min(group, tokens - token)
            _put_away(sums, count, wide, scaling, place, products, token, first)
    end_tiles()
    held[0, 0] = room[0] = 0  # or they would be gone after their addresses were taken


@inlined
def _at(weights, row, inputs, planes, at, group, records, ahead, held_at):
    """Return what is multiplied: from row ``row`` of a strip, and block ``at`` of the inputs."""
    values, scales, starts = inputs
    return Tile(
        weights,
        row,
        values + planes * BLOCK * at,
        scales + SCALES_BYTES * at,
        starts + STARTS_BYTES * at,
        group,
        records,
        ahead,
        held_at + _FLOAT_BYTES * row,
    )


@inlined
def _put_away(sums, count, wide, scaling, place, products, token, first):
    """Write rows of sums, times the factors of the rows of weights, as products."""
    for row in range(count):
        line = products[token + row, first + place :]
        for column in range(wide):
            line[column] = sums[row, column] * scaling[place + column]


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
