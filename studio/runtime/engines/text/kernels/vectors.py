"""Sums of products of bytes, in the processor's own instructions. Knows no model and no threads.

Weights lie as those instructions take them: for 64 rows of weights, 4 neighbouring columns of each
row side by side, then the next 4 columns of all of them: int8, (columns / 4, 64, 4). Inputs are
rows of uint8. What comes out are whole numbers, so all ways give the same bits.
"""

from __future__ import annotations

import itertools
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from studio.runtime.engines.text.kernels.instructions import chosen

ROWS = 64
"""Rows of weights that lie together."""
GROUP = 4
"""Neighbouring columns that one instruction adds up."""
INSTRUCTIONS = chosen() or "none"
_LANES = 8 if INSTRUCTIONS in ("vnni256", "avxvnni", "avx2") else 16
_PARTS = 4
"""Vectors of weights that meet one vector of inputs: as many sums as registers hold."""
SPAN = _PARTS * _LANES
"""Rows of weights that :func:`dots` multiplies."""
MOST = 4 if _LANES == 16 else 2
"""Rows of inputs that it takes at most."""
_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_SUMS = ir.VectorType(_I32, _LANES)
_BYTES = ir.VectorType(_I8, 4 * _LANES)


def _intrinsic(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(builder.module.declare_intrinsic(name, (), kind), arguments)


def _at(builder: Any, base: Any, offset: Any, kind: Any) -> Any:
    """Return ``base``, an address as a number, plus ``offset`` bytes, as a pointer."""
    return builder.inttoptr(builder.add(base, offset), kind.as_pointer())


def _dot(builder: Any, sums: Any, inputs: Any, weights: Any) -> Any:
    """Add to each of ``sums`` the products of its 4 bytes: ``inputs`` without sign."""
    if INSTRUCTIONS == "avx2":
        return _dot_avx2(builder, sums, inputs, weights)
    name = f"llvm.x86.avx512.vpdpbusd.{32 * _LANES}"
    return _intrinsic(builder, name, _SUMS, [sums, inputs, weights])


def _dot_avx2(builder: Any, sums: Any, inputs: Any, weights: Any) -> Any:
    """As above, in 16 bits a factor: 255 × 127 twice would not fit into 16 bits."""
    wide = ir.VectorType(_I16, 4 * _LANES)
    inputs = builder.zext(builder.bitcast(inputs, _BYTES), wide)
    weights = builder.sext(builder.bitcast(weights, _BYTES), wide)
    halves = []
    for first in (0, 2 * _LANES):
        mask = ir.Constant(ir.VectorType(_I32, 2 * _LANES), list(range(first, first + 2 * _LANES)))
        pair = [builder.shuffle_vector(part, part, mask) for part in (inputs, weights)]
        halves.append(_intrinsic(builder, "llvm.x86.avx2.pmadd.wd", _SUMS, pair))
    even, odd = (
        builder.shuffle_vector(*halves, ir.Constant(_SUMS, list(range(first, 2 * _LANES, 2))))
        for first in (0, 1)
    )
    return builder.add(sums, builder.add(even, odd))


@intrinsic(prefer_literal=True)
def dots(
    typing: Any, rows: Any, weights: Any, inputs: Any, stride: Any, groups: Any, sums: Any
) -> Any:
    """Multiply ``rows`` rows of inputs, a literal number up to ``MOST``, with ``SPAN`` of weights.

    Args:
        weights: Address of the first of int8 (groups, 64, 4).
        inputs: Address of the first row of uint8 (rows, at least 4 × groups).
        stride: Bytes from one to the next.
        groups: Columns / 4.
        sums: Address of int32 (rows, 64): ``SPAN`` of each row are written.
    """
    if not isinstance(rows, types.Literal):
        return None
    count = rows.literal_value

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        _, weights, inputs, stride, groups, sums = values
        before = builder.block
        loop = builder.append_basic_block("groups")
        after = builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        group = builder.phi(_I64)
        held = [[builder.phi(_SUMS) for _ in range(_PARTS)] for _ in range(count)]
        start = builder.mul(group, _I64(ROWS * GROUP))
        columns = [
            _load(builder, weights, builder.add(start, _I64(4 * _LANES * part)), _SUMS)
            for part in range(_PARTS)
        ]
        added = []
        for row in range(count):
            place = builder.add(builder.mul(stride, _I64(row)), builder.mul(group, _I64(GROUP)))
            spread = _spread(builder, _load(builder, inputs, place, _I32))
            added.append([_dot(builder, held[row][p], spread, columns[p]) for p in range(_PARTS)])
        following = builder.add(group, _I64(1))
        group.add_incoming(_I64(0), before)
        group.add_incoming(following, loop)
        for row, part in itertools.product(range(count), range(_PARTS)):
            held[row][part].add_incoming(ir.Constant(_SUMS, None), before)
            held[row][part].add_incoming(added[row][part], loop)
        builder.cbranch(builder.icmp_signed("<", following, groups), loop, after)
        builder.position_at_end(after)
        for row, part in itertools.product(range(count), range(_PARTS)):
            place = _at(builder, sums, _I64(4 * (row * ROWS + part * _LANES)), _SUMS)
            builder.store(added[row][part], place).align = 4
        return context.get_dummy_value()

    return types.void(rows, *(types.intp,) * 5), generate


def _load(builder: Any, base: Any, offset: Any, kind: Any) -> Any:
    value = builder.load(_at(builder, base, offset, kind))
    value.align = 1
    return value


def _spread(builder: Any, value: Any) -> Any:
    empty = ir.Constant(_SUMS, ir.Undefined)
    lone = builder.insert_element(empty, value, _I32(0))
    return builder.shuffle_vector(lone, empty, ir.Constant(_SUMS, None))
