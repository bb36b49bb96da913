"""What a training cost, in words and as data."""

from __future__ import annotations

from dataclasses import asdict, replace

from studio.api import EnergyUse


def carried(found: EnergyUse | None, used: float, before: float) -> EnergyUse | None:
    """Return what a whole training took, by what its last life did: the same for each second.

    Args:
        found: Of the last life; None where nobody knows.
        used: Seconds that it computed over all its lives.
        before: Seconds of those before the last one.
    """
    if found is None or used <= before:
        return None
    times = used / (used - before)
    return replace(
        found,
        joules=found.joules * times,
        low=found.low * times,
        high=found.high * times,
        processor_seconds=found.processor_seconds * times,
        grams=None if found.grams is None else found.grams * times,
    )


def as_data(found: EnergyUse | None) -> dict[str, float | str | None]:
    """Return it as plain data; empty where nobody knows."""
    return asdict(found) if found else {}


def said(found: EnergyUse) -> str:
    """Return it as a person reads it: ``about 1.2 kJ (0.8 to 2.5), 0.13 g of CO₂``."""
    scale, unit = (1e3, "kJ") if found.joules >= 1e3 else (1.0, "J")
    value, low, high = (f"{each / scale:.2g}" for each in (found.joules, found.low, found.high))
    told = f"about {value} {unit} ({low} to {high})" if low != high else f"{value} {unit}"
    return told if found.grams is None else f"{told}, {found.grams:.2g} g of CO₂"
