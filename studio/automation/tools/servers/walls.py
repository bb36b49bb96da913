"""The walls around servers: which this machine has."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from studio.sandbox import interpreter
from studio.sandbox.sandbox import TIERS, Sandbox


@dataclass(frozen=True)
class Walls:
    """What stands between a server and the rest of the machine.

    Attributes:
        tier: As of ``Sandbox``.
        reason: Why it is not the strongest; empty where it is.
    """

    tier: str
    reason: str


NO_WALLS = Walls("", "")
"""Of a server that never ran."""


@functools.cache
def sandbox(tiers: Sequence[str] = TIERS) -> Sandbox:
    """Return that of this machine. Unlike code that was generated, servers see installed packages,
    which their programs are made of."""
    return Sandbox(tiers, [replace(candidate, hidden=()) for candidate in interpreter.candidates()])
