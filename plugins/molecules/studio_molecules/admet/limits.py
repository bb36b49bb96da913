"""Where a predicted figure is good, fair or poor, and which values cannot be. Plain data.

The limits are the usual ones of lead optimisation; each is told beside its figure.
"""

from __future__ import annotations

import math
from typing import Literal

from studio_molecules.admet.endpoints import ENDPOINTS

Light = Literal["good", "fair", "poor", ""]

_INF = math.inf

POSSIBLE: dict[str, tuple[float, float]] = {
    "ppbr": (0.0, 100.0),
    "vdss": (0.0, _INF),
    "half_life": (0.0, _INF),
    "clearance_hepatocyte": (0.0, _INF),
    "clearance_microsome": (0.0, _INF),
}
"""Least and greatest value that nature allows."""

_LIMITS: dict[str, tuple[float, float, float, float]] = {
    "solubility": (-6.0, -4.0, _INF, _INF),
    "lipophilicity": (-1.0, 1.0, 3.0, 5.0),
    "caco2": (-6.0, -5.15, _INF, _INF),
    "ppbr": (-_INF, -_INF, 90.0, 99.0),
    "half_life": (1.0, 3.0, _INF, _INF),
    "clearance_hepatocyte": (-_INF, -_INF, 20.0, 50.0),
    "clearance_microsome": (-_INF, -_INF, 20.0, 50.0),
    "ld50": (-_INF, -_INF, 2.5, 3.5),
}
"""Poor below, good from, good to, poor above."""
_LOW_WANTED = (-_INF, -_INF, 0.3, 0.7)
_HIGH_WANTED = (0.3, 0.7, _INF, _INF)


def limits(id: str) -> tuple[float, float, float, float] | None:
    """Return poor below, good from, good to, poor above; None where nothing is better."""
    endpoint = ENDPOINTS.get(id)
    if id in _LIMITS or endpoint is None or not endpoint.chance:
        return _LIMITS.get(id)
    return {"low": _LOW_WANTED, "high": _HIGH_WANTED}.get(endpoint.wanted)


def light(id: str, value: float) -> Light:
    """Return how a figure is to be judged; "" where it is not."""
    limit = limits(id)
    if limit is None or math.isnan(value):
        return ""
    poor_below, good_from, good_to, poor_above = limit
    if value < poor_below or value > poor_above:
        return "poor"
    return "good" if good_from <= value <= good_to else "fair"


def is_possible(id: str, value: float) -> bool:
    """Whether nature allows the value at all."""
    low, high = POSSIBLE.get(id, (-_INF, _INF))
    return low <= value <= high


def limits_text(id: str) -> str:
    """Return the limits as a sentence after another one; "" where there are none."""
    limit = limits(id)
    if limit is None:
        return ""
    poor_below, good_from, good_to, poor_above = limit
    good = [f"from {good_from:g}"] * (good_from > -_INF) + [f"to {good_to:g}"] * (good_to < _INF)
    poor = [f"below {poor_below:g}"] * (poor_below > -_INF)
    poor += [f"above {poor_above:g}"] * (poor_above < _INF)
    return f" Good {' '.join(good)}, poor {' or '.join(poor)}.".replace("-", "−")
