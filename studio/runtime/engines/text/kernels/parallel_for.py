"""Lets compiled functions share their work among torch's own threads.

Threads beside those of torch would wait for them, and they for these. So a kernel asks the OpenMP
library that torch has loaded, which lends the team that the calling thread has in torch, too.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import torch
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.numpy_support import carray

from studio.runtime.engines.text.kernels.jit import inlined

_SYMBOLS = ("GOMP_parallel", "omp_get_thread_num", "omp_get_num_threads")


def _find() -> bool:
    """Make OpenMP's functions known to the compiler; return whether torch has them."""
    folder = Path(torch.__file__).parent / "lib"
    for library in (None, *sorted(map(str, folder.glob("lib*omp*")))):
        try:
            loaded = ctypes.CDLL(library)
            places = [ctypes.cast(getattr(loaded, name), ctypes.c_void_p) for name in _SYMBOLS]
        except (OSError, AttributeError):
            continue
        for name, place in zip(_SYMBOLS, places, strict=True):
            binding.add_symbol(name, place.value)
        return True
    for name in _SYMBOLS:  # never called, and asked for by what was compiled elsewhere
        binding.add_symbol(name, 1)
    return False


_CAN_SHARE = _find()


def thread_count() -> int:
    """Return with how many threads the calling thread computes in torch."""
    return torch.get_num_threads() if _CAN_SHARE else 1


@intrinsic
def share(typing: Any, part: Any, units: Any, threads: Any, arguments: Any) -> Any:
    """Call ``part(first, last, *arguments)`` in ``threads`` threads, each for its share of units.

    Args:
        part: A compiled function. It must not raise.
        units: How many units of work there are; they may be fewer than threads.
        threads: As :func:`thread_count` says; with 1, the calling thread does it all.
        arguments: A tuple.
    """
    shares = (types.intp, types.intp, *arguments.types)
    signature = part.get_call_type(typing, shares, {})

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        _, units, threads, arguments = values
        tuple_type = call.args[3]
        ready = part.dispatcher.overloads[signature.args]
        context.active_code_library.add_linking_library(ready.library)
        word = context.get_value_type(types.intp)
        held = ir.LiteralStructType([word, arguments.type])
        place = cgutils.alloca_once(builder, held)
        builder.store(units, builder.gep(place, [_I32(0), _I32(0)]))
        builder.store(arguments, builder.gep(place, [_I32(0), _I32(1)]))
        data = builder.bitcast(place, cgutils.voidptr_t)

        def do(inner: Any, first: Any, last: Any, arguments: Any) -> None:
            given = cgutils.unpack_tuple(inner, arguments, len(tuple_type))
            # An error could not be raised across a team: parts must not have any.
            context.call_internal_no_propagate(
                inner, ready.fndesc, signature, (first, last, *given)
            )

        team = _team_function(builder.module, context, held, do)
        with builder.if_else(builder.icmp_signed(">", threads, word(1))) as (many, one):
            with many:
                kind = ir.FunctionType(ir.VoidType(), [team.type, cgutils.voidptr_t, _UINT, _UINT])
                fork = cgutils.get_or_insert_function(builder.module, kind, "GOMP_parallel")
                builder.call(fork, [team, data, builder.trunc(threads, _UINT), _UINT(0)])
            with one:
                do(builder, word(0), units, arguments)
        return context.get_dummy_value()

    return types.void(part, types.intp, types.intp, arguments), generate


@intrinsic
def _data(typing: Any, array: Any) -> Any:
    """Return where an array's values are, as a pointer."""

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        return context.make_array(call.args[0])(context, builder, values[0]).data

    return types.CPointer(array.dtype)(array), generate


@intrinsic
def pointer(typing: Any, place: Any) -> Any:
    """Return an address as a pointer to float32."""

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], context.get_value_type(types.CPointer(types.float32)))

    return types.CPointer(types.float32)(types.intp), generate


@inlined
def borrowed(array):
    """Return a whole array that lives as long as ``array`` does, for one thread's share of work.

    Each piece of an array is counted, and threads that count the same one wait for each other;
    pieces of a borrowed one are not.
    """
    return carray(_data(array), array.shape)


_UINT = ir.IntType(32)
_I32 = ir.IntType(32)


def _team_function(module: Any, context: Any, held: Any, do: Any) -> Any:
    """Add the function that each thread of a team runs: it finds its share and does it."""
    name = module.get_unique_name("team")
    kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t])
    team = ir.Function(module, kind, name)
    team.linkage = "internal"
    builder = ir.IRBuilder(team.append_basic_block("entry"))
    word = context.get_value_type(types.intp)
    number_of = ir.FunctionType(_UINT, [])

    def number(name: str) -> Any:
        return builder.zext(
            builder.call(cgutils.get_or_insert_function(module, number_of, name), []), word
        )

    thread, threads = number("omp_get_thread_num"), number("omp_get_num_threads")
    place = builder.bitcast(team.args[0], held.as_pointer())
    units = builder.load(builder.gep(place, [_I32(0), _I32(0)]))
    arguments = builder.load(builder.gep(place, [_I32(0), _I32(1)]))
    first = builder.sdiv(builder.mul(units, thread), threads)
    last = builder.sdiv(builder.mul(units, builder.add(thread, word(1))), threads)
    do(builder, first, last, arguments)
    builder.ret_void()
    return team
