"""Attention of rows of some texts, one layer: turned, put away, and what they see, mixed.

A query's scores are exact sums in one order over all keys that it sees, softmax takes their exact
maximum, and values are added in the order of their keys: a row's bits depend on nothing else. Rows
that share keys are computed in tiles (see ``tiles``), and tiles are shared among threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels.f32_gemm import MOST_ROWS, multiply
from studio.runtime.engines.text.kernels.jit import compiled, inlined, summing
from studio.runtime.engines.text.kernels.norm_and_gate import Rows, normed, quantise_rows
from studio.runtime.engines.text.kernels.packed_kv_cache import SPAN
from studio.runtime.engines.text.kernels.parallel_for import borrowed, pointer
from studio.runtime.engines.text.kernels.quantised_activations import QuantisedActivations
from studio.runtime.engines.text.kernels.scalar_math import address, exp, order, ordered, tanh

_FLOAT_BYTES = 4
_LINE = 16
"""Numbers of a line of memory, which one thread at a time can write to."""
_FIRST, _ROWS, _START, _SPANS, _KEYS, _VALUES = range(6)
"""Columns of a table of texts, int64: the place of its first row, then its ``Text``, as
addresses."""
COLUMNS = 6


@dataclass(frozen=True)
class AttentionConfig:
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


@dataclass(frozen=True)
class Text:
    """The next rows of one text.

    Attributes:
        rows: How many.
        start: The position of the first.
        keys: Of the layer: (kv heads, spans, head dim, ``SPAN``).
        values: (kv heads, spans × ``SPAN``, head dim up to whole lanes).
    """

    rows: int
    start: int
    keys: NDArray[np.float32]
    values: NDArray[np.float32]


def attend(
    config: AttentionConfig,
    products: Rows,
    rotations: Rows,
    texts: Sequence[Text],
    out: QuantisedActivations,
) -> None:
    """Put away the keys and values of rows, and write what the rows see, cut.

    Args:
        products: Queries, keys, values: (rows, (heads + 2 × kv heads) × head dim), the rows of one
            text after those of the other. Written over.
        rotations: Cosine and sine of each pair, in turn: (rows, head dim); or no row: nothing
        turns.
        texts: Of one model.
        out: Of heads × head dim columns.
    """
    table = np.empty((len(texts), COLUMNS), np.int64)
    first = 0
    for place, text in enumerate(texts):
        places = (_place(text.keys), _place(text.values))
        table[place] = first, text.rows, text.start, text.keys.shape[1], *places
        first += text.rows
    kv_heads, _, width, _ = texts[0].keys.shape
    wide, attended = texts[0].values.shape[2], np.empty((first, config.heads * width), np.float32)
    shape = table, kv_heads, width, wide, config.heads
    weights = config.bias, config.query_weight, config.key_weight
    rotate_rows(
        0, rotate_units(first), products, rotations, *shape, *weights, config.eps, config.scale
    )
    attend_tiles(0, 1, products, *shape, config.cap, config.window, 1, attended)
    quantise_rows(0, first, attended, out.values, out.scales, out.starts)


def _place(array: NDArray[np.float32]) -> int:
    place: int = array.__array_interface__["data"][0]
    return place


# --- compiled -----------------------------------------------------------------------------------


@inlined
def _keys(table, text, kv_heads, width):
    """Return the keys of a text: (kv heads, spans, width, ``SPAN``)."""
    return carray(pointer(table[text, _KEYS]), (kv_heads, table[text, _SPANS], width, SPAN))


@inlined
def _values(table, text, kv_heads, wide):
    """Return the values of a text: (kv heads, spans × ``SPAN``, wide)."""
    return carray(pointer(table[text, _VALUES]), (kv_heads, table[text, _SPANS] * SPAN, wide))


@compiled
def rotate_units(rows):
    """Return how many units of work the turning of so many rows is."""
    return (rows + _LINE - 1) // _LINE


@compiled
def rotate_rows(
    first, last, products, rotations, table, kv_heads, width, wide,
    heads, bias, query_weight, key_weight, eps, scale,
):  # fmt: skip
    """Turn queries and keys, and put keys and values away: ``_LINE`` rows a unit.

    The keys of neighbouring tokens lie side by side: threads that wrote to one line of memory would
    wait for each other.
    """
    products, turns, text = borrowed(products), borrowed(rotations), 0
    for unit in range(first, last):
        begin, end = unit * _LINE, min((unit + 1) * _LINE, products.shape[0])
        for row in range(begin, end):
            line = products[row]
            for i in range(bias.shape[0]):
                line[i] += bias[i]
            for head in range(heads + kv_heads):
                values_of_head = line[head * width : (head + 1) * width]
                weight = query_weight if head < heads else key_weight
                if weight.shape[0]:
                    normed(values_of_head, weight, eps, values_of_head)
                if turns.shape[0]:
                    _rotate_head(values_of_head, turns[row])
                if head < heads:
                    for i in range(width):
                        values_of_head[i] *= np.float32(scale)
        while begin < end:
            while begin >= table[text, _FIRST] + table[text, _ROWS]:
                text += 1
            position = table[text, _START] + begin - table[text, _FIRST]
            count = min(
                end - begin, table[text, _FIRST] + table[text, _ROWS] - begin,
                SPAN - position % SPAN,
            )  # fmt: skip
            keys = _keys(table, text, kv_heads, width)
            values = _values(table, text, kv_heads, wide)
            for head in range(kv_heads):
                span, slot = keys[head, position // SPAN], position % SPAN
                column = (heads + head) * width
                for i in range(width):
                    for row in range(count):
                        span[i, slot + row] = products[begin + row, column + i]
                column += kv_heads * width
                for row in range(count):
                    place = values[head, position + row]
                    for i in range(width):
                        place[i] = products[begin + row, column + i]
            begin += count


@compiled
def _rotate_head(head, turn):
    for pair in range(head.shape[0] // 2):
        real, other = head[2 * pair], head[2 * pair + 1]
        cosine, sine = turn[2 * pair], turn[2 * pair + 1]
        head[2 * pair] = real * cosine - other * sine
        head[2 * pair + 1] = real * sine + other * cosine


@compiled
def attend_tiles(
    first, last, products, table, kv_heads, width, wide, heads, cap, window, parts, attended
):  # fmt: skip
    """Do every ``parts``-th tile, from the ``first``: late rows see more than early ones."""
    products, attended = borrowed(products), borrowed(attended)
    group, longest = heads // kv_heads, 0
    for text in range(table.shape[0]):
        longest = max(longest, table[text, _START] + table[text, _ROWS])
    query_tile = np.empty((MOST_ROWS, width), np.float32)
    output_tile = np.empty((MOST_ROWS, wide), np.float32)
    stride = (longest + SPAN - 1) // SPAN * SPAN
    scores = np.empty((MOST_ROWS, stride), np.float32)
    sums = np.empty(MOST_ROWS, np.float32)
    scores_at, query_tile_at, output_tile_at = (
        address(scores),
        address(query_tile),
        address(output_tile),
    )
    turn = 0
    for text in range(table.shape[0]):
        above, start, spans = table[text, _FIRST], table[text, _START], table[text, _SPANS]
        keys_at, values_at = table[text, _KEYS], table[text, _VALUES]
        queries = table[text, _ROWS] * group
        tiles = (queries + MOST_ROWS - 1) // MOST_ROWS
        for unit in range(tiles * kv_heads):
            turn += 1
            if not first <= turn % parts < last:
                continue
            head, query = unit // tiles, unit % tiles * MOST_ROWS
            count = min(MOST_ROWS, queries - query)
            for i in range(count):
                row, place = (query + i) // group, head * group + (query + i) % group
                for j in range(width):
                    query_tile[i, j] = products[above + row, place * width + j]
            earliest, latest = start + query // group, start + (query + count - 1) // group
            first_span = max(earliest - window + 1, 0) // SPAN if window else 0
            for span in range(first_span, latest // SPAN + 1):
                multiply(
                    count, width, SPAN,
                    query_tile_at, _FLOAT_BYTES * width,
                    keys_at + _FLOAT_BYTES * SPAN * width * (head * spans + span),
                    _FLOAT_BYTES * SPAN,
                    scores_at + _FLOAT_BYTES * SPAN * span, _FLOAT_BYTES * stride,
                )  # fmt: skip
            began = first_span * SPAN
            for i in range(count):
                position = start + (query + i) // group
                seen = max(position - window + 1, 0) if window else 0
                _mask(scores[i], began, seen)
                sums[i] = _softmax(scores[i, seen : position + 1], cap)
                _mask(scores[i], position + 1, latest + 1)
            multiply(
                count, latest + 1 - began, wide,
                scores_at + _FLOAT_BYTES * began, _FLOAT_BYTES * stride,
                values_at + _FLOAT_BYTES * wide * (head * spans * SPAN + began),
                _FLOAT_BYTES * wide,
                output_tile_at, _FLOAT_BYTES * wide,
            )  # fmt: skip
            for i in range(count):
                row, place = (query + i) // group, head * group + (query + i) % group
                factor = np.float32(1) / sums[i]
                for j in range(width):
                    attended[above + row, place * width + j] = output_tile[i, j] * factor


@compiled
def _mask(scores, first, last):
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
