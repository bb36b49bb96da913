"""Products of some rows of inputs with some rows of weights, in the processor's own instructions.

Weights lie as ``records`` says, inputs as ``limbs`` does. Sums of a record are whole numbers; they
are scaled and added up as floats, one record after another. So all ways give the same bits.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from studio.runtime.engines.text.kernels.instructions import chosen
from studio.runtime.engines.text.kernels.records import FORMATS, GROUP, ROWS, ZERO, Format

INSTRUCTIONS = chosen() or "none"

_IS_WIDE = INSTRUCTIONS == "vnni512"
_LANES = 16 if _IS_WIDE else 8
MOST = 4 if _IS_WIDE else 2
"""Rows of inputs that are multiplied at once: as many sums as registers hold."""

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_F32 = ir.FloatType()
_SUMS, _FLOATS = ir.VectorType(_I32, _LANES), ir.VectorType(_F32, _LANES)
_HALVES = ir.VectorType(ir.HalfType(), _LANES)
_NONE, _NO_FLOATS = ir.Constant(_SUMS, None), ir.Constant(_FLOATS, None)
_NIBBLE = ir.Constant(_SUMS, [0x0F0F0F0F] * _LANES)
_AHEAD = 4_096
"""Bytes of weights that are asked for before they are needed."""


def span(rows: int) -> int:
    """Return with how many rows of weights so many rows of inputs are multiplied at once."""
    return _LANES * _parts(rows)


def _parts(rows: int) -> int:
    return 2 if rows == MOST else (4 if _IS_WIDE else 2)


@intrinsic(prefer_literal=True)
def multiply_tile(
    typing: Any,
    rows: Any,
    form: Any,
    weights: Any,
    first: Any,
    inputs: Any,
    stride: Any,
    sums: Any,
    sums_stride: Any,
    records: Any,
    factors: Any,
    steps: Any,
    results: Any,
    results_stride: Any,
) -> Any:
    """Multiply ``rows`` rows of inputs with ``span(rows)`` rows of weights.

    Args:
        rows: A literal number: 1, 2 or ``MOST``.
        form: The place of what records hold in ``FORMATS``.
        weights: Address of the first record.
        first: Which of its rows of weights is the first.
        inputs: Address of the low bytes of the first row.
        stride: Bytes between a row's low and high bytes, and from these to the next row's low ones.
        sums: Address of the first row of the inputs' sums.
        sums_stride: Bytes from one row to the next.
        records: How many follow one another.
        factors: Address of those of the record's rows of weights.
        steps: Address of that of the first row of inputs.
        results: Address of the product of both first rows, float32.
        results_stride: Bytes from one row to the next.
    """
    if not isinstance(rows, types.Literal):
        return None

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        after = builder.append_basic_block("after")
        choice = builder.switch(values[1], after)
        for place, format in enumerate(FORMATS):
            block = builder.append_basic_block(f"format{place}")
            choice.add_case(_I64(place), block)
            builder.position_at_end(block)
            _Tile(rows.literal_value, format).emit(builder, *values[2:])
            builder.branch(after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(rows, *(types.intp,) * 12), generate


class _Tile:
    """Emits the loop over the records of a tile."""

    def __init__(self, rows: int, form: Format) -> None:
        self.rows, self.form, self.parts = rows, form, _parts(rows)

    def emit(
        self,
        builder: Any,
        weights: Any,
        first: Any,
        inputs: Any,
        stride: Any,
        sums: Any,
        sums_stride: Any,
        records: Any,
        factors: Any,
        steps: Any,
        results: Any,
        results_stride: Any,
    ) -> None:
        places = list(itertools.product(range(self.rows), range(self.parts)))
        before, loop = builder.block, builder.append_basic_block("records")
        after = builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        record = builder.phi(_I64)
        held = {place: builder.phi(_FLOATS) for place in places}
        start = builder.add(weights, builder.mul(record, _I64(self.form.bytes)))
        here = builder.add(inputs, builder.mul(record, _I64(self.form.columns)))
        numbers = builder.add(start, builder.mul(first, _I64(GROUP)))
        scales = builder.add(
            builder.add(start, _I64(self.form.numbers_bytes)), builder.mul(first, _I64(2))
        )
        self._fetch(builder, start)
        added = self._sums(builder, numbers, here, stride)
        group = builder.mul(record, _I64(self.form.columns // 16 * 4))
        totals = [
            self._total(builder, sums, builder.add(group, builder.mul(sums_stride, _I64(row))))
            for row in range(self.rows)
        ]
        new = self._scaled(builder, scales, held, added, totals)
        following = builder.add(record, _I64(1))
        record.add_incoming(_I64(0), before)
        record.add_incoming(following, loop)
        for place in places:
            held[place].add_incoming(_NO_FLOATS, before)
            held[place].add_incoming(new[place], loop)
        builder.cbranch(builder.icmp_signed("<", following, records), loop, after)
        builder.position_at_end(after)
        factors = builder.add(factors, builder.mul(first, _I64(4)))
        for row, part in places:
            across = 4 * part * _LANES
            step = _spread(builder, _load(builder, steps, _I64(4 * row), _F32, 4), _FLOATS)
            factor = builder.fmul(_load(builder, factors, _I64(across), _FLOATS, 4), step)
            down = builder.mul(results_stride, _I64(row))
            place = _at(builder, results, builder.add(down, _I64(across)), _FLOATS)
            builder.store(builder.fmul(new[row, part], factor), place).align = 4

    def _fetch(self, builder: Any, start: Any) -> None:
        """Ask memory for what comes soon: processors do not look beyond a page by themselves."""
        kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [_I8.as_pointer()], kind)
        for line in range(0, self.form.bytes, 64):
            place = _at(builder, start, _I64(_AHEAD + line), _I8)
            builder.call(fetch, [place, _I32(0), _I32(3), _I32(1)])

    def _groups(self, builder: Any, start: Any) -> Iterator[tuple[int, list[Any]]]:
        """Yield the place of each group of 4 columns, and its numbers."""

        def load(group: int) -> list[Any]:
            first = group * ROWS * GROUP
            return [
                _load(builder, start, _I64(first + 4 * _LANES * part), _SUMS, 4)
                for part in range(self.parts)
            ]

        if self.form.bits == 8:
            for group in range(self.form.columns // GROUP):
                yield group, load(group)
            return
        half = self.form.columns // GROUP // 2
        four = ir.Constant(_SUMS, [4] * _LANES)
        for group in range(half):
            both = load(group)
            yield group, [builder.and_(value, _NIBBLE) for value in both]
            high = [builder.and_(builder.lshr(value, four), _NIBBLE) for value in both]
            yield group + half, high

    def _sums(self, builder: Any, start: Any, inputs: Any, stride: Any) -> dict[Any, Any]:
        """Return the sums of the record's numbers times low and high bytes, by row and part."""
        low = {(r, p): _NONE for r in range(self.rows) for p in range(self.parts)}
        high = dict(low)
        for group, numbers in self._groups(builder, start):
            for row, (limb, added) in itertools.product(range(self.rows), enumerate((low, high))):
                offset = builder.mul(stride, _I64(2 * row + limb))
                value = _load(builder, inputs, builder.add(offset, _I64(GROUP * group)), _I32, 1)
                spread = _spread(builder, value, _SUMS)
                for part in range(self.parts):
                    added[row, part] = _dot(builder, added[row, part], numbers[part], spread)
        eight = ir.Constant(_SUMS, [8] * _LANES)
        return {place: builder.add(builder.shl(high[place], eight), low[place]) for place in low}

    def _total(self, builder: Any, sums: Any, offset: Any) -> Any:
        """Return the sum of a row's inputs in the record."""
        total = _load(builder, sums, offset, _I32, 4)
        if self.form.columns == 32:
            more = _load(builder, sums, builder.add(offset, _I64(4)), _I32, 4)
            total = builder.add(total, more)
        return total

    def _scaled(
        self, builder: Any, start: Any, held: dict[Any, Any], added: dict[Any, Any], totals: Any
    ) -> dict[Any, Any]:
        """Return the floats ``held`` plus what the record adds to them."""
        scales, floors = (
            [
                builder.fpext(_load(builder, start, _I64(place), _HALVES, 2), _FLOATS)
                for place in range(begin, begin + 2 * _LANES * self.parts, 2 * _LANES)
            ]
            for begin in ((0, 2 * ROWS) if self.form.has_floor else (0, 0))
        )
        result = {}
        for row, total in enumerate(totals):
            if self.form.has_floor:
                less = _spread(builder, builder.fneg(builder.sitofp(total, _F32)), _FLOATS)
            else:
                zero = _spread(builder, builder.mul(total, _I32(-ZERO)), _SUMS)
            for part in range(self.parts):
                whole = added[row, part]
                if not self.form.has_floor:
                    whole = builder.add(whole, zero)
                value = builder.sitofp(whole, _FLOATS)
                value = _fused(builder, value, scales[part], held[row, part])
                if self.form.has_floor:
                    value = _fused(builder, less, floors[part], value)
                result[row, part] = value
        return result


def _intrinsic(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(builder.module.declare_intrinsic(name, (), kind), arguments)


def _fused(builder: Any, factor: Any, other: Any, added: Any) -> Any:
    return _intrinsic(builder, f"llvm.fma.v{_LANES}f32", _FLOATS, [factor, other, added])


def _dot(builder: Any, sums: Any, numbers: Any, inputs: Any) -> Any:
    """Add to each of ``sums`` the products of 4 bytes: ``numbers`` have no sign, inputs have."""
    if INSTRUCTIONS == "avx2":
        return _dot_avx2(builder, sums, numbers, inputs)
    name = f"llvm.x86.avx512.vpdpbusd.{32 * _LANES}"
    return _intrinsic(builder, name, _SUMS, [sums, numbers, inputs])


def _dot_avx2(builder: Any, sums: Any, numbers: Any, inputs: Any) -> Any:
    """As above, in 16 bits a factor: 255 × 127 twice would not fit into 16 bits."""
    narrow, wide = (ir.VectorType(kind, 4 * _LANES) for kind in (_I8, _I16))
    numbers = builder.zext(builder.bitcast(numbers, narrow), wide)
    inputs = builder.sext(builder.bitcast(inputs, narrow), wide)
    halves = []
    for first in (0, 2 * _LANES):
        mask = ir.Constant(ir.VectorType(_I32, 2 * _LANES), list(range(first, first + 2 * _LANES)))
        pair = [builder.shuffle_vector(part, part, mask) for part in (numbers, inputs)]
        halves.append(_intrinsic(builder, "llvm.x86.avx2.pmadd.wd", _SUMS, pair))
    even, odd = (
        builder.shuffle_vector(*halves, ir.Constant(_SUMS, list(range(first, 2 * _LANES, 2))))
        for first in (0, 1)
    )
    return builder.add(sums, builder.add(even, odd))


def _at(builder: Any, base: Any, offset: Any, kind: Any) -> Any:
    """Return ``base``, an address as a number, plus ``offset`` bytes, as a pointer."""
    return builder.inttoptr(builder.add(base, offset), kind.as_pointer())


def _load(builder: Any, base: Any, offset: Any, kind: Any, alignment: int) -> Any:
    value = builder.load(_at(builder, base, offset, kind))
    value.align = alignment
    return value


def _spread(builder: Any, value: Any, kind: Any) -> Any:
    empty = ir.Constant(kind, ir.Undefined)
    lone = builder.insert_element(empty, value, _I32(0))
    return builder.shuffle_vector(lone, empty, ir.Constant(ir.VectorType(_I32, _LANES), None))
