"""Attention of the rows of one text, one layer: turned, put away, and what they see, mixed.

A query's scores are exact sums in one order over all keys that it sees, softmax takes their exact
maximum, and values are added in the order of their keys: a row's bits depend on nothing else. Rows
that share keys are computed in tiles (see ``tiles``), and tiles are shared among threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels.compiling import compiled, summing
from studio.runtime.engines.text.kernels.limbs import Limbs
from studio.runtime.engines.text.kernels.numbers import (
    exp,
    order,
    ordered,
    tanh,
)
from studio.runtime.engines.text.kernels.rows import FEW, Rows, cut_row, normed
from studio.runtime.engines.text.kernels.threads import share, thread_count
from studio.runtime.engines.text.kernels.tiles import MOST_ROWS, multiply
from studio.runtime.engines.text.span_cache import SPAN

_WORTH = 1 << 13
"""Pairs of queries and keys that are worth waking other threads for."""
_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Rule:
    """How a layer looks.

    Attributes:
        heads: Of its queries.
        bias: (columns of the product,), or empty: added to queries, keys and values.
        query_weight, key_weight: (head dim,), or empty: of their norms.
        eps: Of those norms.
        scale: Of the scores.
        cap: Scores are bent to stay within ± this; 0 if they are not (arXiv:2408.00118).
        window: How many tokens a token sees, itself included; 0 for all before it.
    """

    heads: int
    bias: NDArray[np.float32]
    query_weight: NDArray[np.float32]
    key_weight: NDArray[np.float32]
    eps: float
    scale: float
    cap: float
    window: int


def look(
    rule: Rule,
    products: Rows,
    turns: Rows,
    start: int,
    keys: NDArray[np.float32],
    values: NDArray[np.float32],
    out: Limbs,
) -> None:
    """Put away the keys and values of rows, and write what the rows see, cut.

    Args:
        products: Queries, keys, values: (rows, (heads + 2 × kv heads) × head dim). Written over.
        turns: Cosine and sine of each pair, in turn: (rows, head dim); or no row: nothing turns.
        start: The position of the first row.
        keys: Of the layer: (kv heads, spans, head dim, ``SPAN``).
        values: (kv heads, spans × ``SPAN``, head dim up to whole lanes).
        out: Of heads × head dim columns.
    """
    rows = products.shape[0]
    pairs = rows * (start + rows) * rule.heads
    threads = thread_count() if pairs >= _WORTH else 1
    _look(
        products, turns, start, keys, values, out.values, out.sums, out.steps,
        rule.heads, rule.bias, rule.query_weight, rule.key_weight, rule.eps,
        rule.scale, rule.cap, rule.window, threads,
    )  # fmt: skip


# --- compiled -----------------------------------------------------------------------------------


@compiled
def _look(
    products, turns, start, keys, values, limbs, sums, steps,
    heads, bias, query_weight, key_weight, eps, scale, cap, window, threads,
):  # fmt: skip
    rows = products.shape[0]
    turned = (
        products, turns, start, keys, values, heads, bias, query_weight, key_weight, eps, scale
    )  # fmt: skip
    row_threads = threads if rows >= FEW else 1
    share(_turn_rows, rows, row_threads, turned)
    mixed = np.empty((rows, heads * keys.shape[2]), np.float32)
    looking = (products, start, keys, values, heads, cap, window, threads, mixed)
    share(_mix_tiles, threads, threads, looking)
    share(_cut_rows, rows, row_threads, (mixed, limbs, sums, steps))


@compiled
def _cut_rows(first, last, mixed, limbs, sums, steps):
    for row in range(first, last):
        cut_row(mixed[row], limbs, sums, steps, row)


@compiled
def _turn_rows(
    first, last, products, turns, start, keys, values,
    heads, bias, query_weight, key_weight, eps, scale,
):  # fmt: skip
    width, kv_heads = keys.shape[2], keys.shape[0]
    for row in range(first, last):
        line, position = products[row], start + row
        for i in range(bias.shape[0]):
            line[i] += bias[i]
        for head in range(heads + kv_heads):
            values_of_head = line[head * width : (head + 1) * width]
            weight = query_weight if head < heads else key_weight
            if weight.shape[0]:
                normed(values_of_head, weight, eps, values_of_head)
            if turns.shape[0]:
                _turn(values_of_head, turns[row])
            if head < heads:
                for i in range(width):
                    values_of_head[i] *= np.float32(scale)
        for head in range(kv_heads):
            span = keys[head, position // SPAN]
            new = line[(heads + head) * width : (heads + head + 1) * width]
            for i in range(width):
                span[i, position % SPAN] = new[i]
            new = line[(heads + kv_heads + head) * width :]
            place = values[head, position]
            for i in range(width):
                place[i] = new[i]


@compiled
def _turn(head, turn):
    for pair in range(head.shape[0] // 2):
        real, other = head[2 * pair], head[2 * pair + 1]
        cosine, sine = turn[2 * pair], turn[2 * pair + 1]
        head[2 * pair] = real * cosine - other * sine
        head[2 * pair + 1] = real * sine + other * cosine


@compiled
def _mix_tiles(first, last, products, start, keys, values, heads, cap, window, threads, mixed):
    """Do every ``threads``-th tile, from the ``first``: late rows see more than early ones."""
    kv_heads, spans, width = keys.shape[0], keys.shape[1], keys.shape[2]
    group = heads // kv_heads
    queries = products.shape[0] * group
    tiles = (queries + MOST_ROWS - 1) // MOST_ROWS
    wide = values.shape[2]
    asking = np.empty((MOST_ROWS, width), np.float32)
    told = np.empty((MOST_ROWS, wide), np.float32)
    end = start + products.shape[0]
    stride = (end + SPAN - 1) // SPAN * SPAN
    scores = np.empty((MOST_ROWS, stride), np.float32)
    sums = np.empty(MOST_ROWS, np.float32)
    scores_at, asking_at, told_at = scores.ctypes.data, asking.ctypes.data, told.ctypes.data
    keys_at, values_at = keys.ctypes.data, values.ctypes.data
    for slot in range(first, last):
        for unit in range(slot, tiles * kv_heads, threads):
            head, query = unit // tiles, unit % tiles * MOST_ROWS
            count = min(MOST_ROWS, queries - query)
            for i in range(count):
                row, place = (query + i) // group, head * group + (query + i) % group
                for j in range(width):
                    asking[i, j] = products[row, place * width + j]
            earliest, latest = start + query // group, start + (query + count - 1) // group
            first_span = max(earliest - window + 1, 0) // SPAN if window else 0
            for span in range(first_span, latest // SPAN + 1):
                multiply(
                    count, width, SPAN,
                    asking_at, _FLOAT_BYTES * width,
                    keys_at + _FLOAT_BYTES * SPAN * width * (head * spans + span),
                    _FLOAT_BYTES * SPAN,
                    scores_at + _FLOAT_BYTES * SPAN * span, _FLOAT_BYTES * stride,
                )  # fmt: skip
            began = first_span * SPAN
            for i in range(count):
                position = start + (query + i) // group
                seen = max(position - window + 1, 0) if window else 0
                _hide(scores[i], began, seen)
                sums[i] = _softmax(scores[i, seen : position + 1], cap)
                _hide(scores[i], position + 1, latest + 1)
            multiply(
                count, latest + 1 - began, wide,
                scores_at + _FLOAT_BYTES * began, _FLOAT_BYTES * stride,
                values_at + _FLOAT_BYTES * wide * (head * spans * SPAN + began),
                _FLOAT_BYTES * wide,
                told_at, _FLOAT_BYTES * wide,
            )  # fmt: skip
            for i in range(count):
                row, place = (query + i) // group, head * group + (query + i) % group
                factor = np.float32(1) / sums[i]
                for j in range(width):
                    mixed[row, place * width + j] = told[i, j] * factor


@compiled
def _hide(scores, first, last):
    for i in range(first, last):
        scores[i] = 0


@summing
def _softmax(scores, cap):
    """Write what each score counts, by that of the largest; return the sum."""
    if cap:
        bound = np.float32(cap)
        for i in range(scores.shape[0]):
            scores[i] = bound * tanh(scores[i] / bound)
    most = order(scores[0])
    for i in range(scores.shape[0]):
        most = max(most, order(scores[i]))
    largest = ordered(most)
    total = np.float32(0)
    for i in range(scores.shape[0]):
        counted = exp(scores[i] - largest)
        scores[i] = counted
        total += counted
    return total
