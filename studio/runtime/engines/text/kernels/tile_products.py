"""Products of whole groups of tokens with strips of weights, by the processor's tiles (AMX).

A tile register has up to 16 rows of 64 bytes; one instruction multiplies bytes of two of them and
adds to whole numbers in a third. Numbers of a strip are unpacked first, as tiles are read, once for
all tokens. The sums of a record are whole numbers, and they are scaled and added up as
``dot_products`` does it: all bits are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from studio.runtime.engines.text.kernels import dot_products as dots
from studio.runtime.engines.text.kernels.packed_layout import FORMATS, GROUP, ROWS, Format
from studio.runtime.engines.text.kernels.quantised_activations import (
    BLOCK,
    SCALES_BYTES,
    STARTS_BYTES,
    TOGETHER,
)

LANES = 16
"""Rows of weights that are multiplied at once."""
_LINE = 64
"""Bytes of a row of a tile."""
_PLANE = TOGETHER * _LINE
SUMS_BYTES = 2 * 2 * _PLANE
"""Room for sums: of two byte planes, and of two records, for one is multiplied while the one before
is scaled."""
_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_VOID, _POINTER = ir.VoidType(), ir.IntType(8).as_pointer()
_SUMS, _INPUTS, _WEIGHTS = (0, 1), (2, 3), 4
"""Tile registers; those of sums and inputs by byte plane."""


@intrinsic
def unpack_strip(typing: Any, form: Any, weights: Any, records: Any, ahead: Any, room: Any) -> Any:
    """Write the numbers of the records of a strip as bytes: (parts, records, groups, 16 rows, 4).

    Args:
        form: The place of what records hold in ``FORMATS``.
        weights, room: Addresses.
        ahead: As of ``Tile``.
    """

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        which, weights, records, ahead, room = values
        none = _I64(0)
        tile = dots.Tile(weights, none, none, none, none, none, records, ahead, none)

        def emit(form: Format) -> None:
            loop = dots.Loop(builder, 1, 1, form, tile, ROWS // LANES)
            size = LANES * BLOCK
            with cgutils.for_range(builder, records) as record:
                start = builder.add(weights, builder.mul(record.index, _I64(form.bytes)))
                out = builder.add(room, builder.mul(record.index, _I64(size)))
                for group, numbers in loop.groups(start):
                    for part, vector in enumerate(numbers):
                        base = builder.add(out, builder.mul(records, _I64(size * part)))
                        place = _at(builder, base, _LINE * group)
                        place = builder.bitcast(place, vector.type.as_pointer())
                        builder.store(vector, place, align=4)

        _by_format(builder, which, emit)
        return context.get_dummy_value()

    return types.void(*(types.intp,) * 5), generate


@intrinsic
def begin_tiles(typing: Any) -> Any:
    """Say how large tiles are: those of sums and inputs have a row for each token."""

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        if dots.INSTRUCTIONS == "amx":
            config = builder.bitcast(cgutils.alloca_once(builder, ir.ArrayType(_I64, 8)), _POINTER)
            for place in range(0, 64, 8):
                at = builder.bitcast(_of(builder, config, place), _I64.as_pointer())
                builder.store(_I64(0), at)
            builder.store(_I8(1), config)
            for tile in (*_SUMS, *_INPUTS, _WEIGHTS):
                wide = BLOCK if tile in _INPUTS else _LINE
                high = BLOCK // GROUP if tile == _WEIGHTS else TOGETHER
                at = builder.bitcast(_of(builder, config, 16 + 2 * tile), _I16.as_pointer())
                builder.store(_I16(wide), at)
                builder.store(_I8(high), _of(builder, config, 48 + tile))
            _call(builder, "ldtilecfg", config)
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def end_tiles(typing: Any) -> Any:
    """Give the tiles back: a program that holds some is slower to be set aside."""

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        if dots.INSTRUCTIONS == "amx":
            _call(builder, "tilerelease")
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def multiply_group(
    typing: Any, planes: Any, form: Any, tile: Any, numbers: Any, sums: Any, coming: Any
) -> Any:
    """As ``multiply_tile``, for ``TOGETHER`` tokens and ``LANES`` rows of weights.

    Products are written, not added.

    Args:
        planes: Of the inputs.
        form: The place of what records hold in ``FORMATS``.
        tile: A ``Tile``; nothing of it is fetched ahead.
        numbers: The address of what ``unpack_strip`` wrote for these rows.
        sums: Of ``SUMS_BYTES``, at a multiple of 64.
        coming: The address of weights that are soon unpacked: ``_LINE`` bytes are fetched beside
            each record, for unpacking takes them faster than memory gives them.
    """

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        planes, which, tile, *places = values
        given = dots.Tile(*cgutils.unpack_tuple(builder, tile, len(dots.Tile._fields)))

        def emit(form: Format) -> None:
            with builder.if_else(builder.icmp_signed("==", planes, _I64(1))) as (one, two):
                with one:
                    _Group(builder, 1, form, given, *places).emit()
                with two:
                    _Group(builder, 2, form, given, *places).emit()

        _by_format(builder, which, emit)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, tile, *(types.intp,) * 3), generate


def _by_format(builder: Any, which: Any, emit: Callable[[Format], None]) -> None:
    """Emit the formats that tiles are used for; none where there are no tiles: nobody calls it."""
    if dots.INSTRUCTIONS != "amx":
        return
    after = builder.append_basic_block("after")
    choice = builder.switch(which, after)
    for place, form in enumerate(FORMATS):
        if form.columns != BLOCK:
            continue
        block = builder.append_basic_block(f"format{place}")
        choice.add_case(_I64(place), block)
        builder.position_at_end(block)
        emit(form)
        builder.branch(after)
    builder.position_at_end(after)


class _Group:
    """Emits the loop over records: the tiles of one are multiplied beside the scaling of the last.

    Both take about as long, in different parts of the processor: so they overlap.
    """

    def __init__(
        self,
        builder: Any,
        planes: int,
        form: Format,
        tile: Any,
        numbers: Any,
        sums: Any,
        coming: Any,
    ) -> None:
        self.builder, self.planes, self.form, self.tile = builder, planes, form, tile
        self.numbers, self.sums, self.coming = numbers, sums, coming
        self.scaling = dots.Loop(builder, planes, TOGETHER, form, tile, 1)

    def emit(self) -> None:
        builder, tile = self.builder, self.tile
        last = builder.sub(tile.records, _I64(1))
        self._multiply(_I64(0), _I64(0))
        before, loop = builder.block, builder.append_basic_block("records")
        after = builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        record = builder.phi(_I64)
        held = {(row, 0): builder.phi(dots.FLOATS) for row in range(TOGETHER)}
        following = builder.add(record, _I64(1))
        is_more = builder.icmp_signed("<", record, last)
        coming = builder.select(is_more, following, record)  # the last one twice, for nothing
        self._multiply(coming, following)
        self._fetch(record)
        new = self._scaled(record, held)
        record.add_incoming(_I64(0), before)
        record.add_incoming(following, loop)
        for place, phi in held.items():
            phi.add_incoming(ir.Constant(dots.FLOATS, None), before)
            phi.add_incoming(new[place], loop)
        builder.cbranch(is_more, loop, after)
        builder.position_at_end(after)
        for (row, _), value in new.items():
            home = self.scaling.at(tile.held, 4 * ROWS * row, dots.FLOATS)
            builder.store(value, home, align=4)

    def _multiply(self, record: Any, turn: Any) -> None:
        """Write the sums of a record's numbers times inputs."""
        builder = self.builder
        size = TOGETHER * self.planes * BLOCK
        inputs = builder.add(self.tile.values, builder.mul(record, _I64(size)))
        numbers = builder.add(self.numbers, builder.mul(record, _I64(LANES * BLOCK)))
        self._load(_WEIGHTS, numbers, 0, _LINE)
        for plane in range(self.planes):
            self._load(_INPUTS[plane], inputs, BLOCK * plane, BLOCK * self.planes)
            _call(builder, "tilezero", _I8(_SUMS[plane]))
            tiles = (_SUMS[plane], _INPUTS[plane], _WEIGHTS)
            _call(builder, "tdpbsud", *map(_I8, tiles))
        for plane in range(self.planes):
            room = _at(builder, self._room(turn), _PLANE * plane)
            _call(builder, "tilestored64", _I8(_SUMS[plane]), room, _I64(_LINE))

    def _fetch(self, record: Any) -> None:
        """Have a line of what is unpacked next brought near; not nearest, where tiles read."""
        builder = self.builder
        place = builder.add(self.coming, builder.mul(record, _I64(_LINE)))
        kind = ir.FunctionType(_VOID, [_POINTER, _I32, _I32, _I32])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [_POINTER], kind)
        to_read, not_nearest, data = _I32(0), _I32(2), _I32(1)
        builder.call(fetch, [_at(builder, place, 0), to_read, not_nearest, data])

    def _scaled(self, record: Any, held: dict[Any, Any]) -> dict[Any, Any]:
        """Return ``held`` plus what a record gives."""
        builder, form, tile, scaling = self.builder, self.form, self.tile, self.scaling
        behind = builder.add(tile.weights, builder.mul(record, _I64(form.bytes)))
        behind = builder.add(behind, _I64(form.numbers_bytes))
        behind = builder.add(behind, builder.mul(tile.first, _I64(2)))
        scales, starts = (
            builder.add(base, builder.mul(record, _I64(TOGETHER * size)))
            for base, size in ((tile.scales, SCALES_BYTES), (tile.starts, STARTS_BYTES))
        )
        room = self._room(record)
        sums = {}
        for row in range(TOGETHER):
            for plane in range(self.planes):
                place = _PLANE * plane + _LINE * row
                sums[plane, row, 0] = scaling.load(room, place, dots.SUMS, 64)
            sums[0, row, 0] = builder.add(sums[0, row, 0], scaling.start(starts, row))
        return scaling.scaled(scaling.factors(behind), scales, held, scaling.floats(sums))

    def _room(self, record: Any) -> Any:
        parity = self.builder.and_(record, _I64(1))
        return self.builder.add(self.sums, self.builder.mul(parity, _I64(SUMS_BYTES // 2)))

    def _load(self, tile: int, base: Any, offset: int, stride: int) -> None:
        place = _at(self.builder, base, offset)
        _call(self.builder, "tileloadd64", _I8(tile), place, _I64(stride))


def _call(builder: Any, name: str, *arguments: Any) -> None:
    kind = ir.FunctionType(_VOID, [argument.type for argument in arguments])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.{name}")
    builder.call(function, arguments)


def _at(builder: Any, base: Any, offset: int) -> Any:
    return builder.inttoptr(builder.add(base, _I64(offset)), _POINTER)


def _of(builder: Any, pointer: Any, offset: int) -> Any:
    return builder.gep(pointer, [_I64(offset)])
