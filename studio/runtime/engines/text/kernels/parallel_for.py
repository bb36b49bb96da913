"""Lets compiled functions run on torch's own threads.

Threads beside those of torch would wait for them, and they for these. So a kernel asks the OpenMP
library that torch has loaded, which lends the team that the calling thread has in torch, too. How
a team shares work: ``team_work``.
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

_SYMBOLS = ("GOMP_parallel",)


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
def together(typing: Any, part: Any, threads: Any, arguments: Any) -> Any:
    """Call ``part(*arguments)`` in ``threads`` threads at once, fewer if there are no more.

    Args:
        part: A compiled function. It must not raise.
        threads: As :func:`thread_count` says; with 1, the calling thread does it alone.
        arguments: A tuple.
    """
    signature = part.get_call_type(typing, tuple(arguments.types), {})

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        _, threads, arguments = values
        ready = part.dispatcher.overloads[signature.args]
        context.active_code_library.add_linking_library(ready.library)
        place = cgutils.alloca_once_value(builder, arguments)

        def do(inner: Any, arguments: Any) -> None:
            given = cgutils.unpack_tuple(inner, arguments, len(call.args[2]))
            # An error could not be raised across a team: parts must not have any.
            context.call_internal_no_propagate(inner, ready.fndesc, signature, given)

        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t])
        member = ir.Function(builder.module, kind, builder.module.get_unique_name("member"))
        member.linkage = "internal"
        inner = ir.IRBuilder(member.append_basic_block("entry"))
        do(inner, inner.load(inner.bitcast(member.args[0], place.type)))
        inner.ret_void()
        with builder.if_else(builder.icmp_signed(">", threads, threads.type(1))) as (many, one):
            with many:
                kind = ir.FunctionType(
                    ir.VoidType(), [member.type, cgutils.voidptr_t, _UINT, _UINT]
                )
                fork = cgutils.get_or_insert_function(builder.module, kind, "GOMP_parallel")
                data = builder.bitcast(place, cgutils.voidptr_t)
                builder.call(fork, [member, data, builder.trunc(threads, _UINT), _UINT(0)])
            with one:
                do(builder, arguments)
        return context.get_dummy_value()

    return types.void(part, types.intp, arguments), generate


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
