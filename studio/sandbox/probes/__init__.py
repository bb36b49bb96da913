"""Tries to break out: the same attempt behind the wall, where it must fail, and outside."""

from __future__ import annotations

from studio.sandbox.probes import calls, greed, leavings, reach
from studio.sandbox.probes.probe import Finding, Probe
from studio.sandbox.probes.trial import try_all

PROBES: tuple[Probe, ...] = (*reach.PROBES, *calls.PROBES, *greed.PROBES, *leavings.PROBES)

__all__ = ["PROBES", "Finding", "Probe", "try_all"]
"""Every attempt there is, what came of one, and how to make them."""
