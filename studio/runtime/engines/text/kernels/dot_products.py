"""Products of some rows of inputs with some rows of weights, in the processor's own instructions.

Weights lie as ``records`` says, inputs as ``planes`` does. Sums of a record are whole numbers; they
are scaled and added up as floats, one record after another. So all ways give the same bits.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from studio.runtime.engines.text.kernels.cpu_features import chosen
from studio.runtime.engines.text.kernels.packed_layout import FORMATS, GROUP, ROWS, Format
from studio.runtime.engines.text.kernels.quantised_activations import (
    BLOCK,
    SCALES_BYTES,
    STARTS_BYTES,
)

INSTRUCTIONS = chosen() or "none"

_IS_WIDE = INSTRUCTIONS in ("amx", "vnni512")
_LANES = 16 if _IS_WIDE else 8

_PARTS = (
    {1: {12: 1, 4: 4, 2: 4, 1: 4}, 2: {4: 2, 2: 4, 1: 4}}
    if _IS_WIDE
    else {1: {6: 1, 2: 2, 1: 2}, 2: {2: 2, 1: 2}}
)
"""By byte planes and rows of inputs that are multiplied at once: how many vectors of rows of
weights they are multiplied with. As many sums as registers hold."""

TILES = tuple(
    tuple((rows, _LANES * parts) for rows, parts in _PARTS[planes].items()) for planes in (1, 2)
)
"""By byte planes: rows of inputs and rows of weights that are multiplied at once, the most
first."""

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_F32 = ir.FloatType()
SUMS, FLOATS = ir.VectorType(_I32, _LANES), ir.VectorType(_F32, _LANES)
_HALVES = ir.VectorType(ir.HalfType(), _LANES)
NO_SUMS = ir.Constant(SUMS, None)
_NIBBLES = {up: ir.Constant(SUMS, [0x0F0F0F0F << up] * _LANES) for up in (0, 2)}
_HIGH = ir.Constant(SUMS, [0xC0C0C0C0 - (1 << 32)] * _LANES)

START = 0x4B400000
"""The bits of ``_START``. Small whole numbers added to these bits are added to the float, so that
sums of one byte plane are floats already, ``_START`` too large."""
_START = 12_582_912.0
"""1.5 × 2²³."""


class Tile(NamedTuple):
    """What a tile multiplies, and where its products are added up: addresses, mostly.

    Attributes:
        weights: The first record.
        first: Which of its rows of weights is the first.
        values, scales, starts: Of the first row of inputs, as ``Limbs`` has them.
        group: How many tokens lie beside it, itself included.
        records: How many follow one another.
        ahead: How many bytes before they are needed weights are asked for.
        held: Where the product of both first rows is added: float32, ``ROWS`` to a row of inputs.
    """

    weights: int
    first: int
    values: int
    scales: int
    starts: int
    group: int
    records: int
    ahead: int
    held: int


@intrinsic
def multiply_tile(typing: Any, planes: Any, rows: Any, form: Any, tile: Any) -> Any:
    """Add to products of some rows of inputs with some rows of weights what some records give.

    Args:
        planes, rows: Of the inputs: as ``TILES`` has them.
        form: The place of what records hold in ``FORMATS``.
        tile: A ``Tile``.
    """

    if tile.types != (types.intp,) * len(Tile._fields):
        return None

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        *asked, tile = values
        given = Tile(*cgutils.unpack_tuple(builder, tile, len(Tile._fields)))
        which = asked[0]
        for place, most in ((1, 1 << 8), (2, 1 << 8)):
            which = builder.add(builder.mul(which, _I64(most)), asked[place])
        after = builder.append_basic_block("after")
        choice = builder.switch(which, after)
        kinds = ((planes, rows) for planes, tiles in _PARTS.items() for rows in tiles)
        for (planes, rows), (place, form) in itertools.product(kinds, enumerate(FORMATS)):
            block = builder.append_basic_block(f"planes{planes}rows{rows}format{place}")
            choice.add_case(_I64((planes << 8 | rows) << 8 | place), block)
            builder.position_at_end(block)
            Loop(builder, planes, rows, form, given).emit()
            builder.branch(after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp, tile), generate


class Loop:
    """Emits the loop over the records of a tile.

    ``parts``, the vectors of rows of weights, are as ``TILES`` has them unless they are given.
    """

    def __init__(
        self, builder: Any, planes: int, rows: int, form: Format, tile: Tile, parts: int = 0
    ) -> None:
        self.builder, self.planes, self.rows, self.form, self.tile = (
            builder,
            planes,
            rows,
            form,
            tile,
        )
        self.parts = parts or _PARTS[planes][rows]
        self.places = list(itertools.product(range(rows), range(self.parts)))

    def emit(self) -> None:
        builder = self.builder
        homes = {
            (row, part): self.at(self.tile.held, 4 * (ROWS * row + _LANES * part), FLOATS)
            for row, part in self.places
        }
        old = {place: builder.load(home, align=4) for place, home in homes.items()}
        before, loop = builder.block, builder.append_basic_block("records")
        after = builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        record = builder.phi(_I64)
        held = {place: builder.phi(FLOATS) for place in self.places}
        new = self._added(record, held)
        following = builder.add(record, _I64(1))
        record.add_incoming(_I64(0), before)
        record.add_incoming(following, loop)
        for place in self.places:
            held[place].add_incoming(old[place], before)
            held[place].add_incoming(new[place], loop)
        builder.cbranch(builder.icmp_signed("<", following, self.tile.records), loop, after)
        builder.position_at_end(after)
        for place, home in homes.items():
            builder.store(new[place], home, align=4)

    def _added(self, record: Any, held: dict[Any, Any]) -> dict[Any, Any]:
        """Return the floats ``held`` plus what a record adds to them."""
        builder, tile, form = self.builder, self.tile, self.form
        start = builder.add(tile.weights, builder.mul(record, _I64(form.bytes)))
        numbers = builder.add(start, builder.mul(tile.first, _I64(GROUP)))
        halves = BLOCK // form.columns
        block = builder.udiv(record, _I64(halves))
        before = builder.mul(block, tile.group)  # so many blocks lie before those of this record

        def line(base: Any, size: int) -> Any:
            return builder.add(base, builder.mul(before, _I64(size)))

        values, scales = line(tile.values, BLOCK * self.planes), line(tile.scales, SCALES_BYTES)
        starts = line(tile.starts, STARTS_BYTES)
        if halves > 1:
            half = builder.urem(record, _I64(halves))
            values = builder.add(values, builder.mul(half, _I64(form.columns)))
            starts = builder.add(starts, builder.mul(builder.add(half, _I64(1)), _I64(4)))
        floats = self.floats(self._sums(numbers, values, starts))
        behind = builder.add(start, _I64(form.numbers_bytes))
        behind = builder.add(behind, builder.mul(tile.first, _I64(2)))
        return self.scaled(self.factors(behind), scales, held, floats)

    def _fetch(self, place: Any, offset: int) -> None:
        """Ask memory for what comes soon: processors do not look beyond a page by themselves."""
        kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
        fetch = self.builder.module.declare_intrinsic("llvm.prefetch", [_I8.as_pointer()], kind)
        address = self.at(self.builder.add(place, self.tile.ahead), offset, _I8)
        self.builder.call(fetch, [address, _I32(0), _I32(3), _I32(1)])

    def groups(self, start: Any) -> Iterator[tuple[int, list[Any]]]:
        """Yield the place of each group of 4 columns, and its numbers."""
        count, bits = self.form.columns // GROUP, self.form.bits
        if bits == 8:
            yield from ((group, self._line(start, group)) for group in range(count))
            return
        half, quarter = count // 2, count // 4
        up = 2 if bits == 6 else 0
        for line, place in itertools.product(range(half), range(2)):
            if place == 0:
                both = self._line(start, line)
            group = line + place * half
            numbers = self._picked(both, up - 4 * place, _NIBBLES[up])
            if bits == 6:  # made ``SIXTH`` times as large: 0bHHLLLL00
                high = self._line(start, half + group % quarter, again=group >= quarter)
                high = self._picked(high, 6 - group // quarter * 2, _HIGH)
                pairs = zip(numbers, high, strict=True)
                numbers = [self.builder.or_(*pair) for pair in pairs]
            yield group, numbers

    def _line(self, start: Any, line: int, *, again: bool = False) -> list[Any]:
        """Return what lies side by side for all rows of the tile."""
        first = line * ROWS * GROUP
        for place in range(0, 0 if again else GROUP * _LANES * self.parts, 64):
            self._fetch(start, first + place)
        return [
            self.load(start, first + GROUP * _LANES * part, SUMS, 4) for part in range(self.parts)
        ]

    def _picked(self, numbers: list[Any], places: int, mask: Any) -> list[Any]:
        """Return ``numbers`` shifted by so many places, up or down, and masked."""
        by = ir.Constant(SUMS, [abs(places)] * _LANES)
        shift = self.builder.shl if places > 0 else self.builder.lshr
        moved = [shift(each, by) if places else each for each in numbers]
        return [self.builder.and_(each, mask) for each in moved]

    def _sums(self, numbers: Any, values: Any, starts: Any) -> dict[Any, Any]:
        """Return the sums of the record's numbers times inputs, by byte plane, row and part."""
        sums = {}
        for row in range(self.rows):
            start = self.start(starts, row)
            for part in range(self.parts):
                sums[0, row, part], sums[1, row, part] = start, NO_SUMS
        for group, weights in self.groups(numbers):
            for row, limb in itertools.product(range(self.rows), range(self.planes)):
                place = BLOCK * (self.planes * row + limb) + GROUP * group
                spread = self._spread(self.load(values, place, _I32, 1), SUMS)
                for part in range(self.parts):
                    added = sums[limb, row, part]
                    sums[limb, row, part] = _dot(self.builder, added, weights[part], spread)
        return sums

    def start(self, starts: Any, row: int) -> Any:
        """Return to what the products of the low byte plane of a row of inputs are added."""
        if not self.form.has_floor:
            return self._spread(self.load(starts, STARTS_BYTES * row, _I32, 4), SUMS)
        return ir.Constant(SUMS, [START] * _LANES) if self.planes == 1 else NO_SUMS

    def floats(self, sums: dict[Any, Any]) -> dict[Any, Any]:
        """Return the sums as floats, those of one byte plane ``_START`` too large."""
        builder = self.builder
        if self.planes == 1:
            return {place: builder.bitcast(sums[0, *place], FLOATS) for place in self.places}
        eight = ir.Constant(SUMS, [8] * _LANES)
        return {
            place: builder.sitofp(
                builder.add(builder.shl(sums[1, *place], eight), sums[0, *place]), FLOATS
            )
            for place in self.places
        }

    def factors(self, start: Any) -> tuple[list[Any], list[Any], list[Any]]:
        """Return the scales and floors of the record's rows, and what takes ``_START`` away."""
        shift = ir.Constant(FLOATS, [-_START if self.planes == 1 else 0.0] * _LANES)
        scales, floors = (
            [
                self.builder.fpext(self._halves(start, begin + 2 * _LANES * part), FLOATS)
                for part in range(self.parts if begin == 0 or self.form.has_floor else 0)
            ]
            for begin in (0, 2 * ROWS)
        )
        return scales, floors, [self.builder.fmul(scale, shift) for scale in scales]

    def scaled(
        self, factors: Any, inputs: Any, held: dict[Any, Any], floats: dict[Any, Any]
    ) -> dict[Any, Any]:
        """Return ``held`` plus the sums, scaled, and less what floors take from them."""
        builder = self.builder
        scales, floors, shifts = factors
        result = {}
        for row in range(self.rows):
            step, total = (
                self._spread(self.load(inputs, SCALES_BYTES * row + at, _F32, 4), FLOATS)
                for at in (0, 4)
            )
            for part in range(self.parts):
                added = shifts[part]
                if self.form.has_floor:
                    added = _fused(builder, total, floors[part], added)
                value = _fused(builder, floats[row, part], scales[part], added)
                result[row, part] = _fused(builder, value, step, held[row, part])
        return result

    def _halves(self, start: Any, offset: int) -> Any:
        if offset % 64 == 0 or self.parts == 1:
            self._fetch(start, offset)
        return self.load(start, offset, _HALVES, 2)

    def at(self, base: Any, offset: int, kind: Any) -> Any:
        """Return ``base``, an address as a number, plus ``offset`` bytes, as a pointer."""
        return self.builder.inttoptr(self.builder.add(base, _I64(offset)), kind.as_pointer())

    def load(self, base: Any, offset: int, kind: Any, alignment: int) -> Any:
        value = self.builder.load(self.at(base, offset, kind))
        value.align = alignment
        return value

    def _spread(self, value: Any, kind: Any) -> Any:
        empty = ir.Constant(kind, ir.Undefined)
        lone = self.builder.insert_element(empty, value, _I32(0))
        mask = ir.Constant(ir.VectorType(_I32, _LANES), None)
        return self.builder.shuffle_vector(lone, empty, mask)


def _intrinsic(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(builder.module.declare_intrinsic(name, (), kind), arguments)


def _fused(builder: Any, factor: Any, other: Any, added: Any) -> Any:
    return _intrinsic(builder, f"llvm.fma.v{_LANES}f32", FLOATS, [factor, other, added])


def _dot(builder: Any, sums: Any, numbers: Any, inputs: Any) -> Any:
    """Add to each of ``sums`` the products of 4 bytes: ``numbers`` have no sign, inputs have."""
    if INSTRUCTIONS == "avx2":
        return _dot_avx2(builder, sums, numbers, inputs)
    name = f"llvm.x86.avx512.vpdpbusd.{32 * _LANES}"
    return _intrinsic(builder, name, SUMS, [sums, numbers, inputs])


def _dot_avx2(builder: Any, sums: Any, numbers: Any, inputs: Any) -> Any:
    """As above, in 16 bits a factor: 255 × 127 twice would not fit into 16 bits."""
    narrow, wide = (ir.VectorType(kind, 4 * _LANES) for kind in (_I8, _I16))
    numbers = builder.zext(builder.bitcast(numbers, narrow), wide)
    inputs = builder.sext(builder.bitcast(inputs, narrow), wide)
    halves = []
    for first in (0, 2 * _LANES):
        mask = ir.Constant(ir.VectorType(_I32, 2 * _LANES), list(range(first, first + 2 * _LANES)))
        pair = [builder.shuffle_vector(part, part, mask) for part in (numbers, inputs)]
        halves.append(_intrinsic(builder, "llvm.x86.avx2.pmadd.wd", SUMS, pair))
    even, odd = (
        builder.shuffle_vector(*halves, ir.Constant(SUMS, list(range(first, 2 * _LANES, 2))))
        for first in (0, 1)
    )
    return builder.add(sums, builder.add(even, odd))
