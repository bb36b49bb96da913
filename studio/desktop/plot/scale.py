"""One direction of a plot: where a value lies, and which values are written. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from studio.api.window.figures import localised


@dataclass(frozen=True)
class Scale:
    """From ``low`` to ``high``, which differ; both above 0 where it is logarithmic.

    Attributes:
        categories: Names of 0, 1, 2, …; empty for numbers.
    """

    low: float
    high: float
    log: bool = False
    categories: Sequence[str] = ()

    def place(self, value: float) -> float:
        """Return where ``value`` lies: 0 at ``low``, 1 at ``high``."""
        if self.log:
            floor = math.log10(self.low)
            if value <= 0:
                return -1.0
            return (math.log10(value) - floor) / (math.log10(self.high) - floor)
        return (value - self.low) / (self.high - self.low)

    def places(self, values: Sequence[float]) -> list[float]:
        """Return where many values lie; all are above 0 where it is logarithmic."""
        low, high = self.low, self.high
        if self.log:
            low, high = math.log10(low), math.log10(high)
            values = [math.log10(value) for value in values]
        return [(value - low) / (high - low) for value in values]

    def part(self, start: float, end: float) -> Scale:
        """Return what lies from one place to another, as ``place`` has them."""
        if self.log:
            ratio = self.high / self.low
            return Scale(self.low * ratio**start, self.low * ratio**end, True, self.categories)
        size = self.high - self.low
        low, high = self.low + size * start, self.low + size * end
        return Scale(low, high, False, self.categories)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Return at most about ``most`` values worth a line, each as it is written."""
        if self.categories:
            every = max(1, math.ceil(len(self.categories) / max(most, 1)))
            names = list(enumerate(self.categories))[::every]
            return [(float(at), name) for at, name in names if self.low <= at <= self.high]
        if self.log:
            return self._decades(most)
        step = nice((self.high - self.low) / max(most, 1))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        return [(n * step, written(n * step, digits)) for n in range(first, last + 1)]

    def _decades(self, most: int) -> list[tuple[float, str]]:
        first = math.ceil(math.log10(self.low) - 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        step = max(1, math.ceil((last - first + 1) / max(most, 1)))
        values = [10.0**n for n in range(first, last + 1, step)]
        if len(values) < 2 or 3 * (last - first + 1) <= most:
            values = [f * 10.0**n for n in range(first - 1, last + 1) for f in (1, 2, 5)]
        inside = [v for v in values if self.low * 0.999 <= v <= self.high * 1.001]
        if len(inside) < 2:  # less than from 1 to 2
            return Scale(self.low, self.high).ticks(most)
        return [(v, written(v)) for v in inside]

    def words(self, value: float) -> str:
        """Return a value formatted for tooltips."""
        if self.categories and 0 <= round(value) < len(self.categories):
            return self.categories[round(value)]
        return written(value)


def fitting(
    values: Sequence[float],
    minimum: float | None,
    maximum: float | None,
    *,
    log: bool = False,
    categories: Sequence[str] = (),
    room: float = 0.04,
) -> Scale:
    """Return the scale that shows ``values``, with ``room`` (a share of it) at both ends."""
    usable = [value for value in values if value > 0 or not log]
    low, high = min(usable, default=1.0 if log else 0.0), max(usable, default=1.0)
    if categories and not usable:
        low, high = 0.0, float(len(categories) - 1)
    if log:
        spread = (high / low) ** room if high > low else 10**0.5
        low, high = low / spread, high * spread
    else:
        spread = (high - low) * room if high > low else abs(high) * 0.1 or 1.0
        low, high = low - spread, high + spread
    low, high = low if minimum is None else minimum, high if maximum is None else maximum
    if not low < high:  # one end was given, and all values lie beyond it
        low, high = (low, low * 10) if log else (low, low + 1.0)
    return Scale(low, high, log, categories)


def nice(step: float) -> float:
    """Return the next larger of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step)) if step > 0 else 1.0
    return next((f * power for f in (1, 2, 5) if f * power >= step * 0.999), 10 * power)


def written(value: float, digits: int | None = None) -> str:
    """Return a number as people read it; ``digits`` are those behind the point."""
    if value and not 1e-4 <= abs(value) < 1e6:
        mantissa, _, power = f"{value:.3g}".partition("e")
        return localised(f"{mantissa}e{int(power)}" if power else mantissa)
    text = f"{value:,.{digits}f}" if digits is not None else f"{value:,.6g}"
    return localised(text).replace("-", "−") if text.strip("-0.,") else "0"
