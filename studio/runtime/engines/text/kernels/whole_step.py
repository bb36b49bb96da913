"""All layers of a model and the scores after them, in one compiled call. Knows no file, no torch.

A small model makes a layer in a fifth of a millisecond: calling its ten kernels from Python, each
with a team to be called together, took longer than computing. Here a team is called once, and its
members go through all layers side by side (see ``team_work``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels import quantised_activations, team_work
from studio.runtime.engines.text.kernels.attention import attend_tiles, rotate_rows, rotate_units
from studio.runtime.engines.text.kernels.cpu_features import may_use_tiles
from studio.runtime.engines.text.kernels.jit import compiled, inlined
from studio.runtime.engines.text.kernels.matmul import (
    fits_tiles,
    groups_at_once,
    multiply_strips,
    multiply_strips_by_tiles,
    units,
)
from studio.runtime.engines.text.kernels.norm_and_gate import (
    Rows,
    add_norm_quantise_rows,
    gate_quantise_rows,
    quantise_rows,
)
from studio.runtime.engines.text.kernels.parallel_for import (
    borrowed,
    pointer,
    thread_count,
    together,
)
from studio.runtime.engines.text.kernels.scalar_math import address
from studio.runtime.engines.text.kernels.team_work import share

NORM, BETWEEN, MIXED, ADDEND, BIAS, QUERY, KEY, WINDOW, TURNS = range(9)
"""Columns of the table of layers, int64. Of norms, where their weights are, or 0: before attention,
before the gates, of what attention made, of what the gates made; where attention's bias is, and the
weights of its norms of queries and keys; how many tokens it sees, or 0; which turns, or -1."""
COLUMNS = 9
QKV, OUT, GATE_UP, DOWN = range(4)
"""The products of a layer, in order. Behind those of all layers stand the final scores."""
PRODUCTS = 4
_ROW_WORKS = 6
"""Works of a layer that are shared beside its products."""
_PARTS = 4
"""Into how many parts for each thread attention is cut."""
WORTH = 4 << 20
"""Bytes of weights, times rows, that are worth waking other threads for."""


@dataclass(frozen=True)
class Shape:
    """What all layers have in common.

    Attributes:
        heads, kv_heads, width: Of attention, and the columns of a head.
        inner: Columns between gates and what follows them.
        planes: Bytes of an input.
        is_gelu: As of ``gate_quantise``.
        eps: Added to mean squares.
        scale, cap: As of ``AttentionConfig``.
    """

    heads: int
    kv_heads: int
    width: int
    inner: int
    planes: int
    is_gelu: bool
    eps: float
    scale: float
    cap: float


@dataclass(frozen=True)
class Weights:
    """All weights, as addresses.

    Attributes:
        layers: (layers, ``COLUMNS``).
        norm: (columns,): of the last norm.
        offsets: (products + 1,): the first row of each product in ``bands``.
        bands: As ``matmul`` has them.
        size: Bytes of the bands.
        outputs: Columns of the scores.
    """

    layers: NDArray[np.int64]
    norm: NDArray[np.float32]
    offsets: NDArray[np.int64]
    bands: NDArray[np.int64]
    size: int
    outputs: int


def step(
    shape: Shape,
    weights: Weights,
    hidden: Rows,
    texts: NDArray[np.int64],
    looking: NDArray[np.int64],
    turns: NDArray[np.float32],
    wanted: NDArray[np.int64],
    scores: Rows,
) -> None:
    """Take rows through all layers, and write the scores of some.

    Of the last layer others need no more than their keys and values.

    Args:
        hidden: (rows, columns): embedded tokens, written over.
        texts: (layers, texts, columns of ``attention``).
        looking: (texts, columns of ``attention``): of the last layer, the rows that are wanted.
        turns: (rules, rows, head dim): as ``attention`` takes them.
        wanted: (scores,): of which rows.
        scores: (scores, ``outputs``).
    """
    rows, columns = hidden.shape
    threads = thread_count() if weights.size * rows >= WORTH else 1
    mixed = shape.heads * shape.width
    qkv = np.empty((rows, mixed + 2 * shape.kv_heads * shape.width), np.float32)
    all_rooms, last_rooms = (
        tuple(np.empty((count, wide), np.float32) for wide in (mixed, columns, 2 * shape.inner))
        for count in (rows, len(wanted))
    )
    last_hidden = np.empty((len(wanted), columns), np.float32)
    all_cuts, last_cuts = (
        tuple(
            (cut.values, cut.scales, cut.starts)
            for wide in (columns, mixed, shape.inner)
            for cut in (quantised_activations.empty(count, wide, shape.planes),)
        )
        for count in (rows, len(wanted))
    )
    works = len(weights.layers) * _ROW_WORKS + len(weights.bands) + 2
    _step(
        (team_work.counters(works), threads, may_use_tiles()),
        (shape.heads, shape.kv_heads, shape.width, shape.is_gelu),
        (shape.eps, shape.scale, shape.cap),
        (weights.layers, weights.norm, weights.offsets, weights.bands),
        (texts, looking), turns, wanted, (hidden, last_hidden), qkv,
        (all_rooms, last_rooms), (all_cuts, last_cuts), scores,
    )  # fmt: skip


# --- compiled -----------------------------------------------------------------------------------


@compiled
def _step(
    team, sizes, scalars, weights, texts, turns, wanted, hidden, qkv, rooms, cuts, scores,
):  # fmt: skip
    shared = (
        team, sizes, scalars, weights, texts, turns, wanted, hidden, qkv, rooms, cuts, scores,
    )  # fmt: skip
    together(_member, team[1], shared)


@inlined
def _vector(place, count):
    """Return the float32 at an address: (count,), or none at 0."""
    return carray(pointer(place), (count if place else 0,))


@compiled
def _member(
    team, sizes, scalars, weights, texts, turns, wanted, hidden, qkv, rooms, cuts, scores,
):  # fmt: skip
    """What each member of the team does."""
    counters, threads, _ = team
    heads, kv_heads, width, is_gelu = sizes
    eps, scale, cap = scalars
    layers, norm, offsets, bands = weights
    (texts, looking), (hidden, last_hidden), (rooms, last_rooms) = texts, hidden, rooms
    bands, texts, turns = borrowed(bands), borrowed(texts), borrowed(turns)
    attended, made, gates = rooms
    hidden, made = borrowed(hidden), borrowed(made)
    (cut, seen, opened), last_cuts = cuts
    rows, columns = hidden.shape
    wide = (width + 15) // 16 * 16
    crew = np.zeros(1, np.intp)
    if threads > 1:
        crew[0] = address(counters)
    parts = 1 if threads == 1 else _PARTS * threads
    addend, addend_weight = made[:0], _vector(0, columns)
    for layer in range(layers.shape[0]):
        told, table, product = layers[layer], texts[layer], PRODUCTS * layer
        turn = turns[max(told[TURNS], 0)]
        turn = turn[: turn.shape[0] if told[TURNS] >= 0 else 0]
        norms = addend, addend_weight, _vector(told[NORM], columns)
        share(add_norm_quantise_rows, rows, crew, (hidden, *norms, eps, *cut))
        _products(offsets, bands, product + QKV, cut, qkv, team, crew)
        shape = table, kv_heads, width, wide, heads
        bias = _vector(told[BIAS], qkv.shape[1])
        head_norms = _vector(told[QUERY], width), _vector(told[KEY], width)
        share(
            rotate_rows,
            rotate_units(rows),
            crew,
            (qkv, turn, *shape, bias, *head_norms, eps, scale),
        )
        is_last = layer == layers.shape[0] - 1
        shape = looking if is_last else table, kv_heads, width, wide, heads
        share(attend_tiles, parts, crew, (qkv, *shape, cap, told[WINDOW], parts, attended))
        if is_last:
            rows, last_attended = wanted.shape[0], last_rooms[0]
            picked = wanted, hidden, attended, last_hidden, last_attended
            share(_picked_rows, rows, crew, picked)
            hidden, (attended, made, gates) = last_hidden, last_rooms
            cut, seen, opened = last_cuts
        share(quantise_rows, rows, crew, (attended, *seen))
        _products(offsets, bands, product + OUT, seen, made, team, crew)
        norms = made, _vector(told[MIXED], columns), _vector(told[BETWEEN], columns)
        share(add_norm_quantise_rows, rows, crew, (hidden, *norms, eps, *cut))
        _products(offsets, bands, product + GATE_UP, cut, gates, team, crew)
        share(gate_quantise_rows, rows, crew, (gates, is_gelu, *opened))
        _products(offsets, bands, product + DOWN, opened, made, team, crew)
        addend, addend_weight = made, _vector(told[ADDEND], columns)
    share(add_norm_quantise_rows, rows, crew, (hidden, addend, addend_weight, norm, eps, *cut))
    _products(offsets, bands, PRODUCTS * layers.shape[0], cut, scores, team, crew)


@compiled
def _products(offsets, bands, product, cut, results, team, crew):
    _, threads, tiles = team
    values, scales, starts = cut
    for place in range(offsets[product], offsets[product + 1]):
        band = bands[place]
        by_tiles = tiles and fits_tiles(band, values)
        chunk = groups_at_once(band, values, threads, by_tiles)
        count, given = units(band, values, chunk), (band, values, scales, starts, results, chunk)
        if by_tiles:
            share(multiply_strips_by_tiles, count, crew, (*given, threads))
        else:
            share(multiply_strips, count, crew, given)


@compiled
def _picked_rows(first, last, wanted, hidden, attended, last_hidden, last_attended):
    for place in range(first, last):
        last_hidden[place] = hidden[wanted[place]]
        last_attended[place] = attended[wanted[place]]
