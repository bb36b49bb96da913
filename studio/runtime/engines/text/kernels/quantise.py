"""Cuts a block of inputs into bytes, in the processor's own instructions. Knows no rows."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from studio.runtime.engines.text.kernels.dot_products import START
from studio.runtime.engines.text.kernels.packed_layout import ZERO
from studio.runtime.engines.text.kernels.quantised_activations import BASE, BLOCK, UNITS

_TINY = 1e-30
"""What the largest input is at least taken for: zeros have a scale, too."""
_HALF = BASE // 2
_SHIFTS = (_HALF + 0.5, BASE * _HALF + _HALF + 0.5)
"""Added to whole numbers of one byte plane and of two, so that bytes are without sign and a float
is rounded by cutting."""

_I8, _I32, _I64, _F32 = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.FloatType()
_BYTES, _NUMBERS, _FLOATS = (ir.VectorType(kind, BLOCK) for kind in (_I8, _I32, _F32))
_EIGHT = ir.Constant(_NUMBERS, [8] * BLOCK)


@intrinsic
def quantise_block(
    typing: Any, count: Any, inputs: Any, values: Any, scales: Any, starts: Any
) -> Any:
    """Write the block at ``inputs``, float32 (``BLOCK``,), as ``Limbs`` has it.

    Args:
        count: Of byte planes, 1 or 2.
        inputs, values, scales, starts: Addresses.
    """

    def generate(context: Any, builder: Any, call: Any, given: Any) -> Any:
        count, inputs, *places = given
        after = builder.append_basic_block("after")
        choice = builder.switch(count, after)
        for planes in (1, 2):
            block = builder.append_basic_block(f"planes{planes}")
            choice.add_case(_I64(planes), block)
            builder.position_at_end(block)
            _quantise(builder, planes, inputs, *places)
            builder.branch(after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(*(types.intp,) * 5), generate


def _quantise(
    builder: Any, planes: int, inputs: Any, values: Any, scales: Any, starts: Any
) -> None:
    block = builder.load(_at(builder, inputs, 0, _FLOATS))
    block.align = 4
    magnitudes = builder.and_(builder.bitcast(block, _NUMBERS), _of(0x7FFFFFFF))
    largest = builder.bitcast(_reduced(builder, "smax", magnitudes), _F32)
    is_tiny = builder.fcmp_ordered("<", largest, _F32(_TINY))  # and what is no number is not
    peak = builder.select(is_tiny, _F32(_TINY), largest)
    unit, shift = float(UNITS[planes - 1]), ir.Constant(_FLOATS, [_SHIFTS[planes - 1]] * BLOCK)
    step = _spread(builder, builder.fdiv(_F32(unit), peak))
    shifted = builder.fptosi(builder.fadd(builder.fmul(block, step), shift), _NUMBERS)
    numbers = builder.sub(builder.and_(shifted, _of(BASE - 1)), _of(_HALF))
    _store(builder, builder.trunc(numbers, _BYTES), values, 0)
    if planes == 2:
        high = builder.sub(builder.ashr(shifted, _EIGHT), _of(_HALF))
        _store(builder, builder.trunc(high, _BYTES), values, BLOCK)
        numbers = builder.add(numbers, builder.shl(high, _EIGHT))
    half = BLOCK // 2
    sums = [
        _reduced(builder, "add", builder.shuffle_vector(numbers, numbers, _places(first, half)))
        for first in (0, half)
    ]
    total = builder.add(*sums)
    _store(builder, builder.fdiv(peak, _F32(unit)), scales, 0)
    _store(builder, builder.fneg(builder.sitofp(total, _F32)), scales, 4)
    start = _I32(START if planes == 1 else 0)
    for place, added in enumerate((total, *sums)):
        _store(builder, builder.sub(start, builder.mul(added, _I32(ZERO))), starts, 4 * place)


def _of(number: int) -> Any:
    return ir.Constant(_NUMBERS, [number] * BLOCK)


def _places(first: int, count: int) -> Any:
    return ir.Constant(ir.VectorType(_I32, count), list(range(first, first + count)))


def _spread(builder: Any, value: Any) -> Any:
    empty = ir.Constant(_FLOATS, ir.Undefined)
    lone = builder.insert_element(empty, value, _I32(0))
    return builder.shuffle_vector(lone, empty, ir.Constant(_NUMBERS, None))


def _reduced(builder: Any, how: str, vector: Any) -> Any:
    name = f"llvm.vector.reduce.{how}.v{vector.type.count}i32"
    kind = ir.FunctionType(_I32, [vector.type])
    return builder.call(builder.module.declare_intrinsic(name, (), kind), [vector])


def _at(builder: Any, base: Any, offset: int, kind: Any) -> Any:
    return builder.inttoptr(builder.add(base, _I64(offset)), kind.as_pointer())


def _store(builder: Any, value: Any, base: Any, offset: int) -> None:
    stored = builder.store(value, _at(builder, base, offset, value.type))
    stored.align = 1 if value.type is _BYTES else 4
