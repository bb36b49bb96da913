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


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that compiles a function when it is first called.

    Args:
        options: As numba's ``njit`` takes them.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        # The cache knows the processor and not the choice: what is chosen by hand is not kept.
        if not is_chosen_by_hand():
            try:
                return njit(nogil=True, error_model="numpy", cache=True, **options)(function)
            except RuntimeError:  # there is no place for a cache
                pass
        return njit(nogil=True, error_model="numpy", **options)(function)

    return decorate
