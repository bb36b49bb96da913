"""Energy settings: power of a core, and carbon intensity of the electricity."""

from __future__ import annotations

from typing import Annotated

from studio.api.params import Label, Params, Range


class EnergySettings(Params, frozen=True):
    """Kept below ``energy``; see ``estimate.WATTS_A_CORE`` and ``grid.GRID_FACTOR``."""

    watts_a_core: Annotated[
        float,
        Range(0, 100, 0.5),
        Label(
            "Watts per core",
            "What one busy core of this processor uses; estimates are based on it where no "
            "counter can be read. 0 uses a typical value for the processor.",
        ),
    ] = 0.0
    grid_factor: Annotated[
        float,
        Range(0, 2000, 1),
        Label(
            "CO₂ per kilowatt-hour",
            "Grams; 0 hides CO₂. Your supplier's figure is best; averages of 2023 are offered for "
            "some countries (Ember, Our World in Data).",
        ),
    ] = 0.0
