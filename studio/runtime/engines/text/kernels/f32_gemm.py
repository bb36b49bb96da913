"""Products of small matrices of float32 that stay in registers. Knows no model and no threads.

Every sum is one chain of fused multiplications and additions, from zero in the order of the steps.
So a row's bits do not depend on the rows beside it, nor on the columns that are computed at once.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic

from studio.runtime.engines.text.kernels.jit import compiled

LANES = 16
"""Columns are multiples of this."""
MOST_ROWS = 6
"""Rows of one tile at most."""
_PARTS = 4 if binding.get_host_cpu_features().get("avx512f", False) else 1
"""Vectors of columns that are computed at once: with those of 6 rows they fill the registers."""
_WIDE = LANES * _PARTS
_STREAMING = 3
"""With so few rows a tile waits for memory, not for sums."""
_AHEAD = 8192
"""Bytes from what is read to what is fetched."""
_FLOAT, _I8, _I32, _I64 = ir.FloatType(), *(ir.IntType(bits) for bits in (8, 32, 64))
_VECTOR = ir.VectorType(_FLOAT, LANES)


@compiled
def multiply(rows, steps, columns, left, left_stride, right, right_stride, out, out_stride):
    """Write the product of ``left``, (rows, steps), and ``right``, (steps, columns).

    Args:
        rows: Up to ``MOST_ROWS``.
        columns: A multiple of ``LANES``.
        left, right, out: Addresses; the strides are the bytes from one row to the next.
    """
    done = 0
    while done + _WIDE <= columns:
        at = 4 * done
        _tile(
            _PARTS, rows, steps, left, left_stride, right + at, right_stride, out + at, out_stride
        )
        done += _WIDE
    while done < columns:
        at = 4 * done
        _tile(1, rows, steps, left, left_stride, right + at, right_stride, out + at, out_stride)
        done += LANES


@intrinsic(prefer_literal=True)
def _tile(
    typing: Any,
    parts: Any,
    rows: Any,
    steps: Any,
    left: Any,
    left_stride: Any,
    right: Any,
    right_stride: Any,
    out: Any,
    out_stride: Any,
) -> Any:
    """As ``multiply``, for ``parts`` vectors of columns, a literal number."""
    if not isinstance(parts, types.Literal):
        return None

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        _, rows, *rest = values
        after = builder.append_basic_block("after")
        choice = builder.switch(rows, after)
        for count in range(1, MOST_ROWS + 1):
            block = builder.append_basic_block(f"rows{count}")
            choice.add_case(_I64(count), block)
            builder.position_at_end(block)
            _loop(builder, count, parts.literal_value, *rest)
            builder.branch(after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(parts, *(types.intp,) * 8), generate


def _loop(
    builder: Any,
    rows: int,
    parts: int,
    steps: Any,
    left: Any,
    left_stride: Any,
    right: Any,
    right_stride: Any,
    out: Any,
    out_stride: Any,
) -> None:
    before = builder.block
    loop, end = builder.append_basic_block("steps"), builder.append_basic_block("end")
    lefts = [builder.add(left, builder.mul(left_stride, _I64(row))) for row in range(rows)]
    builder.branch(loop)
    builder.position_at_end(loop)
    step = builder.phi(_I64)
    sums = [[builder.phi(_VECTOR) for _ in range(parts)] for _ in range(rows)]
    line = builder.add(right, builder.mul(step, right_stride))
    columns = [_load(builder, line, 4 * LANES * part, _VECTOR) for part in range(parts)]
    for part in range(parts) if rows <= _STREAMING else ():
        _prefetch(builder, _pointer(builder, line, _AHEAD + 4 * LANES * part, _I8))
    added = []
    for start in lefts:
        place = builder.add(start, builder.mul(step, _I64(4)))
        factor = _spread(builder, _load(builder, place, 0, _FLOAT))
        row = len(added)
        added.append([_fused(builder, factor, columns[p], sums[row][p]) for p in range(parts)])
    following = builder.add(step, _I64(1))
    step.add_incoming(_I64(0), before)
    step.add_incoming(following, loop)
    for phi, new in zip(chain(*sums), chain(*added), strict=True):
        phi.add_incoming(ir.Constant(_VECTOR, None), before)
        phi.add_incoming(new, loop)
    builder.cbranch(builder.icmp_signed("<", following, steps), loop, end)
    builder.position_at_end(end)
    for row in range(rows):
        start = builder.add(out, builder.mul(out_stride, _I64(row)))
        for part in range(parts):
            place = _pointer(builder, start, 4 * LANES * part, _VECTOR)
            builder.store(added[row][part], place).align = 4


def _prefetch(builder: Any, place: Any) -> None:
    """Have memory fetched that is soon read: by themselves processors stop at the end of a page."""
    kind = ir.FunctionType(ir.VoidType(), (place.type, _I32, _I32, _I32))
    function = builder.module.declare_intrinsic("llvm.prefetch.p0", (), kind)
    to_read, near, data = _I32(0), _I32(3), _I32(1)
    builder.call(function, (place, to_read, near, data))


def _pointer(builder: Any, base: Any, offset: int, kind: Any) -> Any:
    return builder.inttoptr(builder.add(base, _I64(offset)), kind.as_pointer())


def _load(builder: Any, base: Any, offset: int, kind: Any) -> Any:
    value = builder.load(_pointer(builder, base, offset, kind))
    value.align = 4
    return value


def _spread(builder: Any, value: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    lone = builder.insert_element(empty, value, _I32(0))
    mask = ir.Constant(ir.VectorType(_I32, LANES), None)
    return builder.shuffle_vector(lone, empty, mask)


def _fused(builder: Any, one: Any, other: Any, added: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, (_VECTOR,) * 3)
    function = builder.module.declare_intrinsic(f"llvm.fma.v{LANES}f32", (), kind)
    return builder.call(function, (one, other, added))
