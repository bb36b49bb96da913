"""How much of a device's memory models may fill: the runtime keeps to it, others tell by it."""

from __future__ import annotations

SHARE = 0.9
"""Of a device's memory; the rest is for everybody else."""


def most_bytes(total: int, chosen: int = 0) -> int:
    """Return the bytes that models may take of ``total``, if a user has ``chosen`` a limit or 0."""
    return min(chosen or total, int(SHARE * total))
