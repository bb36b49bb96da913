"""Functions of single numbers that compile to a few instructions, so that loops of them do too.

All is float32. There is no call in them: eight or sixteen are computed at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from studio.runtime.engines.text.kernels.jit import fused, inlined

_ONE, _TWO = np.float32(1), np.float32(2)
_LEAST, _MOST = np.float32(-87.0), np.float32(88.0)
_LOG2_E = np.float32(1.4426950408889634)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_ROUND = np.float32(12_582_912)
"""1.5 × 2²³: what is added to it is rounded to a whole number."""
_EXPONENT, _BIAS = np.int32(23), np.int32(127)
_MAGNITUDE = np.int32(0x7FFFFFFF)
_SIGN = np.int32(31)
# Minimax polynomial of (exp(r) − 1 − r) / r² for |r| ≤ ln 2 / 2.
_C0, _C1, _C2, _C3, _C4 = (
    np.float32(value) for value in (0.5, 0.16666665, 0.0416657962, 0.00836313423, 0.00138773107)
)
_GELU, _GELU_CUBE = np.float32(1.5957691216057308), np.float32(0.044715)
"""2 × √(2 / π), as the tanh form has it."""


@intrinsic
def bits(typing: Any, value: Any) -> Any:
    """Return the bits of a float32 as an int32."""
    return types.int32(types.float32), _cast(ir.IntType(32))


@intrinsic
def number(typing: Any, value: Any) -> Any:
    """Return the float32 of which an int32 has the bits."""
    return types.float32(types.int32), _cast(ir.FloatType())


def _cast(kind: Any) -> Any:
    def generate(context: Any, builder: Any, call: Any, values: Any) -> Any:
        return builder.bitcast(values[0], kind)

    return generate


@inlined
def address(array):
    """Return where an array lies; a number with a sign, or sums of it would become floats."""
    return np.intp(array.ctypes.data)


@inlined
def order(value):
    """Return an int32 that is the larger, the larger ``value`` is; most for no number."""
    raw = bits(value)
    return raw ^ ((raw >> _SIGN) & _MAGNITUDE)


@inlined
def ordered(place):
    """Return the float32 that has this place in :func:`order`."""
    return number(place ^ ((place >> _SIGN) & _MAGNITUDE))


@fused
def exp(value):
    """Return e to the power of ``value``, within 2 units of the last place.

    Below −87 and above 88 it is what it is there.
    """
    inside = max(min(value, _MOST), _LEAST)
    inside = value if value != value else inside
    shifted = inside * _LOG2_E + _ROUND
    whole = shifted - _ROUND
    rest = inside - whole * _LN2_HIGH
    rest = rest - whole * _LN2_LOW
    series = _C4
    series = series * rest + _C3
    series = series * rest + _C2
    series = series * rest + _C1
    series = series * rest + _C0
    series = series * (rest * rest) + rest + _ONE
    power = (np.int32(whole) + _BIAS) << _EXPONENT
    return series * number(power)


@fused
def silu(value):
    """Return ``value`` × sigmoid(``value``)."""
    return value / (_ONE + exp(-value))


@fused
def gelu(value):
    """Return the tanh form of GELU: a sigmoid of a cubic."""
    return value / (_ONE + exp(-_GELU * (value + _GELU_CUBE * value * value * value)))


@fused
def tanh(value):
    """Return the hyperbolic tangent of ``value``, within 1e-7."""
    return _ONE - _TWO / (_ONE + exp(_TWO * value))
