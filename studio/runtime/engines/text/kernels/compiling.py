"""How kernels are compiled: without Python's lock, and kept on disk. Compiles none itself.

numba keeps machine code where Python keeps its bytecode, and like it trusts whoever may write
there; where nobody may, in the user's folder of caches. Where neither can be written, kernels are
compiled anew by each process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from studio.runtime.engines.text.kernels.instructions import is_chosen_by_hand


def _decorator(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return what marks a function to be compiled when it is first called.

    As numpy counts: a division by zero is no error, or loops with divisions would stay slow.
    """
    compiled = njit(nogil=True, error_model="numpy", **options)
    kept = njit(nogil=True, error_model="numpy", cache=True, **options)

    def mark(function: Callable[..., Any]) -> Any:
        # The cache knows the processor and not the choice: what is chosen by hand is not kept.
        if is_chosen_by_hand():
            return compiled(function)
        try:
            return kept(function)
        except RuntimeError:  # no folder can be written
            return compiled(function)

    return mark


compiled = _decorator()
fused = _decorator(fastmath={"contract"})
"""A multiplication and an addition may be one instruction."""
summing = _decorator(fastmath={"contract", "reassoc"})
"""Sums, too, may be added up in several parts, in an order that depends on their length."""
inlined = njit(inline="always")
"""For functions of single numbers, so that loops of them are computed eight or sixteen at once."""
