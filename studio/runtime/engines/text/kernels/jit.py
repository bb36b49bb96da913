"""How kernels are compiled: without Python's lock, and kept on disk. Compiles none itself.

numba keeps machine code where Python keeps its bytecode, and like it trusts whoever may write
there; where nobody may, in the user's folder of caches. Where neither can be written, kernels are
compiled anew by each process.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from studio.runtime.engines.text.kernels.cpu_features import is_chosen_by_hand


def forget_stale(folder: Path) -> None:
    """Remove the kept machine code of a folder's modules if any of them has changed.

    A kernel holds the code of those that it calls, and numba looks at the date of its own file
    only. Where nothing can be written, nothing is kept either.
    """
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    kept = folder / "__pycache__"
    mark = kept / "kernels.digest"
    with contextlib.suppress(OSError):
        if mark.exists() and mark.read_text() == digest.hexdigest():
            return
        kept.mkdir(exist_ok=True)
        for file in kept.glob("*.nb[ci]"):
            file.unlink(missing_ok=True)
        mark.write_text(digest.hexdigest())


forget_stale(Path(__file__).parent)


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
