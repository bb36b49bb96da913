"""Grams of carbon dioxide for joules: how the electricity is made, as the user says.

Averages over a year and all of what is consumed, in grams of CO₂ equivalent a kilowatt-hour, with
what comes before and after the power station where the source counts it (Ember and Our World in
Data: “Carbon intensity of electricity generation”, figures of 2023, rounded).
"""

from __future__ import annotations

from typing import NamedTuple

from studio.core.settings import Settings

GRID_FACTOR = "energy.grid_factor"
"""Setting: grams of CO₂ a kilowatt-hour; 0 shows none."""
MOST = 2000.0
_JOULES_A_KILOWATT_HOUR = 3.6e6


class Preset(NamedTuple):
    """How much a kilowatt-hour brings out in one place; ``place`` is an English name."""

    place: str
    grams: float


PRESETS = (
    Preset("Sweden", 41.0),
    Preset("France", 56.0),
    Preset("Brazil", 98.0),
    Preset("United Kingdom", 238.0),
    Preset("European Union", 244.0),
    Preset("United States", 369.0),
    Preset("Germany", 381.0),
    Preset("World", 481.0),
    Preset("Japan", 485.0),
    Preset("China", 582.0),
    Preset("India", 713.0),
)


def grid_factor(settings: Settings) -> float:
    """Return the grams of CO₂ a kilowatt-hour that the user chose; 0 for none."""
    return min(MOST, max(0.0, settings.get(GRID_FACTOR, 0.0)))


def grams(joules: float, factor: float) -> float:
    """Return the grams of CO₂ of ``joules``; ``factor`` in grams a kilowatt-hour."""
    return joules / _JOULES_A_KILOWATT_HOUR * factor
