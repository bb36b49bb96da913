"""Memory in numbers and words: how much there is to lend, and what to say when it is not enough."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.memory_budget import most_bytes
from studio.runtime.devices.device import Memory

_M_ARENA_MAX = -8
"""Of glibc's ``malloc.h``; other C libraries answer 0 and do nothing."""
HEADROOM = 0.03
"""Share of a device's memory that is left to everybody else."""


@dataclass(frozen=True)
class Budget:
    """What the pool may hold: ``limit`` bytes in all, and no more than what is really free.

    Attributes:
        limit: Bytes the pool may hold.
        room: Bytes it may take now, with all that it holds already.
    """

    limit: int
    room: int

    @classmethod
    def of(cls, memory: Memory, chosen_limit: int, held: int) -> Budget:
        """Return the budget on a device with ``memory`` if the pool holds ``held`` bytes."""
        limit = most_bytes(memory.total, chosen_limit)
        free = memory.free - int(HEADROOM * memory.total)
        return cls(limit, max(0, min(limit - held, free)))


def as_size(count: int) -> str:
    """Return bytes as a person reads them: ``1.2 GB``."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def out_of_memory(
    what: str,
    details: str = "",
    *,
    tried: Sequence[str] = (),
    choices: Sequence[str] = (
        "reduce the size or length",
        "choose a smaller model",
        "close other programs",
    ),
) -> StudioError:
    """Return the error for memory that ran out in the middle of ``what``: asks what to do.

    Args:
        tried: What was made smaller already, in words.
        choices: What a person may do, in words.
    """
    even = f", even with {' and '.join(tried)}" if tried else ""
    return StudioError(
        ErrorCode.OUT_OF_MEMORY,
        f"Memory ran out during {what}{even}.",
        in_words(choices),
        details,
    )


def in_words(choices: Sequence[str]) -> str:
    """Return ``choices`` as a sentence: ``Close other programs, or unpin SmolLM2.``"""
    *most, last = choices
    text = f"{', '.join(most)}, or {last}" if most else last
    return f"{text[0].upper()}{text[1:]}."


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` is one of the ways in which Python and torch say that memory ran out."""
    if isinstance(error, MemoryError):
        return True
    # While torch is being imported, jobs that need none run already.
    kind = getattr(sys.modules.get("torch"), "OutOfMemoryError", None)
    if kind is not None and isinstance(error, kind):
        return True
    if not isinstance(error, RuntimeError):
        return False
    # The allocators of the processor and of Metal have no class of their own for it.
    text = str(error)
    return any(sign in text for sign in ("DefaultCPUAllocator", "out of memory", "std::bad_alloc"))


def ran_out(error: BaseException) -> bool:
    """Whether ``error`` is lack of memory, in the middle of work or already in words."""
    if isinstance(error, StudioError):
        return error.code is ErrorCode.OUT_OF_MEMORY
    return is_out_of_memory(error)


def share_one_heap() -> None:
    """Let all threads of this process take memory from one heap of the C library.

    By itself glibc gives each thread a heap of its own. What torch's kernels keep there pins pages
    that no ``malloc_trim`` gives back, and OpenMP ends and starts threads all the time: after some
    hundred jobs a runtime with nothing loaded held 150 MB more than at first.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None:
        mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Let go of garbage, and of what torch and the C library keep in reserve."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None:
        with contextlib.suppress(RuntimeError):  # a card that is lost has nothing to give back
            _empty_caches(torch)
    # Without it each load of weights leaves a few MB of holes behind in glibc's heaps.
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None:
        trim(0)


def _empty_caches(torch: Any) -> None:
    for card in (torch.cuda, torch.xpu):
        if card.is_initialized():  # asking one that was never used would start its driver
            card.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
