"""Grams of carbon dioxide for joules: how the electricity is made, as the user says.

Averages over 2023 and all that was generated, in grams of CO₂ equivalent a kilowatt-hour, with what
comes before and after the power station. Source of each but the world's: Ember and Energy
Institute, with major processing by Our World in Data, “Carbon intensity of electricity generation”,
as in the table that CodeCarbon keeps of it. The world's: Ember, July 2024, as Statista cites it.
"""

from __future__ import annotations

from typing import NamedTuple

from studio.base.settings import Settings
from studio.protocol.energy import grams as grams

GRID_FACTOR = "energy.grid_factor"
"""Setting: grams of CO₂ a kilowatt-hour; 0 shows none."""
MOST = 2000.0


class Preset(NamedTuple):
    """How much a kilowatt-hour brings out in one place; ``place`` is an English name."""

    place: str
    grams: float


PRESETS = (
    Preset("Sweden", 41.0),  # 40.695
    Preset("France", 56.0),  # 56.039
    Preset("Brazil", 98.0),  # 98.348
    Preset("United Kingdom", 238.0),  # 237.589
    Preset("United States", 369.0),  # 369.473
    Preset("Germany", 381.0),  # 380.95
    Preset("World", 481.0),  # 481
    Preset("Japan", 485.0),  # 485.392
    Preset("China", 582.0),  # 582.317
    Preset("India", 713.0),  # 713.441
)


def grid_factor(settings: Settings) -> float:
    """Return the grams of CO₂ a kilowatt-hour that the user chose; 0 for none."""
    return min(MOST, max(0.0, settings.get(GRID_FACTOR, 0.0)))
