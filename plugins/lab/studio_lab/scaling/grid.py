"""Which trainings tell how the loss scales: planned to fit a budget of time. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.api import BadInput

PARAMETERS, EXAMPLES, SEEN = AXES = ("parameters", "examples", "seen")
"""What varies: numbers in the network, examples to learn from, and how often one was seen, in all:
steps times batch."""
WIDTHS = (0.25, 0.5, 1.0)
LARGER_WIDTH = math.sqrt(2)
"""Of the training that is held out: about twice the parameters."""
PARTS = (0.125, 0.25, 0.5)
"""Of the examples; the training that is held out has all."""
SHORTER = (0.25, 0.5)
"""Of the steps, for the trainings that tell what time brings."""
LARGER_STEPS = 2.0
LEAST_STEPS = 200
LEAST_EXAMPLES = 128
"""With fewer a part of an eighth would be single examples."""
_COMPUTED = 0.75
"""Of the time, for steps: the rest is for looks at the validation, the test and the fit."""
_ROUND = 8
"""Widths are multiples of this, and of the heads."""


@dataclass(frozen=True)
class Point:
    """One training.

    Attributes:
        width: Place of its width among those of the grid; one more is the larger network.
        examples: How many it may learn from.
        steps: How long it does.
    """

    width: int
    examples: int
    steps: int

    @property
    def key(self) -> str:
        """Key of the point in the file of measurements."""
        return f"{self.width}-{self.examples}-{self.steps}"


@dataclass(frozen=True)
class Grid:
    """All trainings.

    Attributes:
        points: Those that the law is fitted to, in order.
        held_out: The larger one, which is predicted first.
        seconds: How long each will take, by its key.
        batch: Examples a step; the same for all.
    """

    points: tuple[Point, ...]
    held_out: Point
    seconds: Mapping[str, float]
    batch: int


def widths(arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the arguments of the networks of the grid, then those of the larger one."""
    heads = int(arguments.get("heads", 1))
    step = math.lcm(_ROUND, heads)
    result = []
    for times in (*WIDTHS, LARGER_WIDTH):
        width = max(step, round(arguments["width"] * times / step) * step)
        result.append({**arguments, "width": width})
    return result


def batch_size(examples: int, wanted: int) -> int:
    """Return how many examples a step has: no more than the smallest part.

    Raises:
        BadInput: There are too few examples to take parts of.
    """
    if examples < LEAST_EXAMPLES:
        raise BadInput(
            f"There are {examples:,} examples to learn from. To tell what more data would bring, "
            f"parts of them are compared, which takes at least {LEAST_EXAMPLES}.",
            "Choose a larger data set.",
        )
    return min(wanted, int(examples * PARTS[0]))


def planned(step_seconds: Sequence[float], examples: int, batch: int, seconds: float) -> Grid:
    """Return the grid that fits into a time.

    All parts of the examples with all widths for the whole number of steps; then the largest part
    with all widths for fewer steps: the law adds up, so no more are needed.

    Args:
        step_seconds: Of a step of each width, and of the larger network.
        examples: How many there are to learn from.

    Raises:
        BadInput: The time is too short; says how much would do.
    """
    smaller = step_seconds[: len(WIDTHS)]
    weight = sum(smaller) * (len(PARTS) + sum(SHORTER)) + step_seconds[-1] * LARGER_STEPS
    steps = int(seconds * _COMPUTED / weight)
    count = len(WIDTHS) * (len(PARTS) + len(SHORTER))
    if steps < LEAST_STEPS:
        enough = math.ceil(LEAST_STEPS * weight / _COMPUTED / 6) / 10
        raise BadInput(
            f"{seconds / 60:g} min are too short: {count} trainings of up to {LEAST_STEPS} steps "
            f"and a larger one take about {enough:g} min on this machine.",
            f"Allow {enough:g} min, or choose another architecture or smaller pictures.",
        )
    parts = [int(examples * part) for part in PARTS]
    points = [Point(at, part, steps) for part in parts for at in range(len(WIDTHS))]
    points += [
        Point(at, parts[-1], int(steps * part)) for part in SHORTER for at in range(len(WIDTHS))
    ]
    held_out = Point(len(WIDTHS), examples, int(steps * LARGER_STEPS))
    seconds_by_key = {
        point.key: point.steps * step_seconds[point.width] for point in (*points, held_out)
    }
    return Grid(tuple(points), held_out, seconds_by_key, batch)


@dataclass(frozen=True)
class Measured:
    """Measurement of one training.

    Attributes:
        parameters, examples, seen: Amount of each axis.
        loss: On test rows, in nats: of each dimension, or of each token.
        seconds: Compute time.
        joules, low, high: Energy above rest; None if unknown.
        grams: Of CO₂; None without the user's emission factor.
    """

    width: int
    parameters: int
    examples: int
    steps: int
    seen: int
    loss: float
    seconds: float
    joules: float | None = None
    low: float | None = None
    high: float | None = None
    grams: float | None = None

    @property
    def amounts(self) -> dict[str, float]:
        """How much of each axis it had."""
        return {PARAMETERS: self.parameters, EXAMPLES: self.examples, SEEN: self.seen}
