"""How the threads of a team share work: each takes the next piece, and waits until all is done.

All members of a team run the same function. Where it comes to shared work, a counter in memory says
which piece is next, and another how much is done: nobody waits for a thread that has not come, only
for pieces that were taken. A wait *spins*, for what is waited for takes microseconds, and waking a
thread that sleeps takes longer. But a thread may have lost its processor to another program in the
middle of a piece; so whoever has waited for long sleeps in between.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from studio.runtime.engines.text.kernels.jit import compiled, inlined

_SLOT = 64
"""Bytes of the counters of one piece of shared work: what is taken, then what is done."""
_DONE = 8
_PIECES = 32
"""Into how many pieces work is cut at most: the last ones are short, so all end at once."""
SPIN_TICKS = 1 << 18
"""How long a thread spins: a tenth of a millisecond, in ticks of the processor's clock."""
_NAP = 20
"""Microseconds that it sleeps after that, before it looks again."""
_WORD = ir.IntType(64)


def _find_sleep() -> None:
    """Make the system's sleep known to the compiler; where it has none, there are no teams."""
    try:
        place = ctypes.cast(ctypes.CDLL(None).usleep, ctypes.c_void_p).value
    except (OSError, AttributeError, TypeError):
        place = 1
    binding.add_symbol("usleep", place)


_find_sleep()


def counters(works: int) -> NDArray[np.intp]:
    """Return counters for so many pieces of shared work; they serve once."""
    return np.zeros((works, _SLOT // np.dtype(np.intp).itemsize), np.intp)


@inlined
def share(part, units, crew, arguments):
    """Do ``part(first, last, *arguments)`` for some of ``units``; return when all are done.

    Args:
        part: A compiled function.
        units: How many units of work there are.
        crew: intp, (1,), of the calling thread alone: where the counters of this work are, or 0
            where it does all. Set to those of the next.
        arguments: A tuple.
    """
    place = crew[0]
    if place:
        crew[0] = place + _SLOT
        piece = max(1, units // _PIECES)
        first = add(place, piece)
        while first < units:
            last = min(first + piece, units)
            part(first, last, *arguments)
            add(place + _DONE, last - first)
            first = add(place, piece)
        wait(place + _DONE, units)
    else:
        part(0, units, *arguments)


@compiled
def wait(place, count):
    """Wait until the counter at ``place`` is ``count``; return how often that took a sleep."""
    naps = 0
    if seen(place) >= count:
        return naps
    began = ticks()
    while seen(place) < count:
        if ticks() - began > SPIN_TICKS:
            nap()
            naps += 1
        else:
            pause()
    return naps


@intrinsic
def add(typing: Any, place: Any, count: Any) -> Any:
    """Add to the counter at an address; return what it was."""

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        return builder.atomic_rmw("add", _pointer(builder, values[0]), values[1], "acq_rel")

    return types.intp(types.intp, types.intp), generate


@intrinsic
def seen(typing: Any, place: Any) -> Any:
    """Return the counter at an address."""

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        return builder.load_atomic(_pointer(builder, values[0]), "acquire", 8)

    return types.intp(types.intp), generate


def _pointer(builder: Any, place: Any) -> Any:
    return builder.inttoptr(place, _WORD.as_pointer())


@intrinsic
def ticks(typing: Any) -> Any:
    """Return the processor's clock."""

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        kind = ir.FunctionType(_WORD, [])
        return builder.call(builder.module.declare_intrinsic("llvm.readcyclecounter", (), kind), [])

    return types.intp(), generate


@intrinsic
def pause(typing: Any) -> Any:
    """Tell the processor that this is a loop that waits."""

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [])
        builder.call(builder.module.declare_intrinsic("llvm.x86.sse2.pause", (), kind), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def nap(typing: Any) -> Any:
    """Give the processor to others for a moment."""

    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        number = ir.IntType(32)
        kind = ir.FunctionType(number, [number])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "usleep"), [number(_NAP)])
        return context.get_dummy_value()

    return types.void(), generate
