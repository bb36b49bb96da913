"""Tries to break out: the same attempt in the sandbox, where it must fail, and outside."""

from __future__ import annotations

from studio.sandbox.probes import access, calls, exhaustion, result_files
from studio.sandbox.probes.probe import Finding, Probe
from studio.sandbox.probes.runner import try_all

PROBES: tuple[Probe, ...] = (
    *access.PROBES,
    *calls.PROBES,
    *exhaustion.PROBES,
    *result_files.PROBES,
)

__all__ = ["PROBES", "Finding", "Probe", "try_all"]
"""Every attempt there is, what came of one, and how to make them."""
