"""Which instructions of this processor multiply bytes. Emits none.

``STUDIO_INSTRUCTIONS`` chooses fewer than the processor has: for tests, and to find a fault.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform

CHOICE = "STUDIO_INSTRUCTIONS"

_NEEDS = {
    "amx": ("avx512f", "avx512vnni", "amx-tile", "amx-int8"),
    "vnni512": ("avx512f", "avx512vnni"),
    "vnni256": ("avx512vnni", "avx512vl"),
    "avxvnni": ("avxvnni",),
    "avx2": ("avx2", "fma"),
}
"""From the fastest to those that every processor of the last ten years has. amx is vnni512, and
tiles for many rows. vnni256 is avxvnni in other words, for processors that are tested on."""

_PERMIT, _TILE_DATA = 0x1023, 18
"""Of arch_prctl(2): asks for a feature whose registers are too large for all; those of tiles."""
_ARCH_PRCTL = 158


@functools.cache
def available() -> tuple[str, ...]:
    """Return the sets of instructions that can be used, the fastest first; none on other kinds."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return ()
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    return tuple(
        name for name, needs in _NEEDS.items() if all(features.get(need, False) for need in needs)
    )


@functools.cache
def may_use_tiles() -> bool:
    """Ask the system to let this process use tiles; return whether it may.

    It refuses where a thread has a stack for signals that is too small for their registers.
    """
    if chosen() != "amx":
        return False
    try:
        permit = ctypes.CDLL(None).syscall
    except (OSError, AttributeError, TypeError):
        return False
    return bool(permit(_ARCH_PRCTL, _PERMIT, _TILE_DATA) == 0)


def is_chosen_by_hand() -> bool:
    """Return whether the environment chooses."""
    return bool(os.environ.get(CHOICE))


def chosen() -> str | None:
    """Return the set that kernels are made of, or None where there is none.

    Raises:
        ValueError: The environment asks for one that is not here.
    """
    found = available()
    wanted = os.environ.get(CHOICE)
    if not wanted:
        return found[0] if found else None
    if wanted not in found:
        raise ValueError(f"{CHOICE}={wanted}: this processor has {', '.join(found) or 'none'}")
    return wanted
