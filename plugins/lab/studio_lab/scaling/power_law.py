"""The law by which the loss falls with parameters, data and training, and how well it is known.

L = E + A/N^a + B/D^b + C/S^c: the form of Hoffmann et al. (2022, arXiv:2203.15556, approach 3),
with a term of its own for training, since here rows are seen again and again. Fitted as there: the
Huber loss of log L. Pure functions on arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from studio_lab.measures.estimates import CONFIDENCE, Estimate

Vector = NDArray[np.float64]

DELTA = 1e-2
"""Of the Huber loss. The paper has 1e-3; losses of trainings this short scatter by more."""
_EXPONENTS = (0.02, 3.0)
_STARTS = tuple(product((0.05, 0.3, 1.0), (0.02, 0.3, 0.6, 0.9)))
"""Exponents, and shares of the lowest loss for E, to begin from: the cost has long flat valleys."""
_NEAR = 1.05
"""What another start came to is as good, if its cost is larger than the least by this at most."""
_MOST_STEPS = 300
DRAWS = 100


@dataclass(frozen=True)
class PowerLaw:
    """A fitted law.

    Attributes:
        axes: Names of what varies, in order.
        floor: E: what no amount of anything takes away.
        scales: For each axis A at the axis' ``units``.
        exponents: For each axis a.
        units: For each axis the amount at which the term is its scale.
    """

    axes: tuple[str, ...]
    floor: float
    scales: tuple[float, ...]
    exponents: tuple[float, ...]
    units: tuple[float, ...]

    def __call__(self, at: Mapping[str, float]) -> float:
        """Return the loss with so much of each axis."""
        return self.floor + sum(self.term(name, at[name]) for name in self.axes)

    def term(self, axis: str, amount: float) -> float:
        """Return what of the loss is for want of one axis."""
        place = self.axes.index(axis)
        return float(self.scales[place] * (amount / self.units[place]) ** -self.exponents[place])

    def gain(self, axis: str, at: Mapping[str, float], times: float = 2.0) -> float:
        """Return by how much the loss falls with ``times`` as much of one axis."""
        return self.term(axis, at[axis]) - self.term(axis, at[axis] * times)

    def enough(self, axis: str, at: Mapping[str, float], share: float) -> float:
        """Return the amount of one axis from which twice as much gains less than ``share``.

        Of the loss at ``at``, which counts with all else as it is there.
        """
        place = self.axes.index(axis)
        wanted = share * self(at) / (1 - 2.0 ** -self.exponents[place])
        return float(
            self.units[place] * (wanted / self.scales[place]) ** (-1 / self.exponents[place])
        )


@dataclass(frozen=True)
class Fit:
    """A law with its bootstrap draws, which give predictions an interval.

    Attributes:
        law: The best one.
        draws: Laws refitted to its losses with residuals as large as the measured ones.
        noise: Deviation of log losses from the law, corrected for degrees of freedom.
    """

    law: PowerLaw
    draws: tuple[PowerLaw, ...]
    noise: Vector

    def predicted(self, at: Mapping[str, float], seed: int = 0) -> Estimate:
        """Return the loss of a training to come, with the interval of a single one."""
        rng = np.random.default_rng(seed)
        off = np.exp(rng.choice(self.noise, len(self.draws)))
        return _estimate(self.law(at), [law(at) for law in self.draws] * off)

    def line(self, at: Mapping[str, float]) -> Estimate:
        """Return the loss that the law says, with the interval of the law."""
        return _estimate(self.law(at), [law(at) for law in self.draws])

    def gain(self, axis: str, at: Mapping[str, float]) -> Estimate:
        """Return by how much the loss falls with twice as much of one axis."""
        return _estimate(self.law.gain(axis, at), [law.gain(axis, at) for law in self.draws])

    def exponent(self, axis: str) -> Estimate:
        """Return the exponent of one axis."""
        place = self.law.axes.index(axis)
        return _estimate(self.law.exponents[place], [law.exponents[place] for law in self.draws])

    @property
    def floor(self) -> Estimate:
        """The loss that is left with any amount of everything."""
        return _estimate(self.law.floor, [law.floor for law in self.draws])


def fit(
    amounts: Mapping[str, Sequence[float]], losses: Sequence[float], seed: int, draws: int = DRAWS
) -> Iterator[Fit | None]:
    """Yield None while it computes, a few milliseconds each; at last the fit.

    Fitted from several starts, of which the best counts; those that came as far belong to the
    interval. Else intervals are a bootstrap of the residuals: the grid stays as it was planned, and
    the losses move by what the law leaves unexplained, raised for the parameters that were fitted.

    Args:
        amounts: Axis → its amount in each training, above 0.
        losses: Of each training, above 0; more of them than the law has parameters.
    """
    axes = tuple(amounts)
    table = np.array([amounts[name] for name in axes], np.float64)
    units = np.exp(np.log(table).mean(1))
    logs = np.log(table / units[:, None])
    measured = np.log(np.asarray(losses, np.float64))
    tried = list[tuple[Vector, float]]()
    for start in _STARTS:
        tried.append(_fitted(logs, measured, _start(measured, logs, *start)))
        yield None
    best, least = min(tried, key=lambda pair: pair[1])
    expected = np.log(_losses(best, logs))
    residuals = measured - expected
    free = max(1, len(measured) - len(best))
    noise = (residuals - np.median(residuals)) * np.sqrt(len(measured) / free)
    rng = np.random.default_rng(seed)
    laws = [_law(axes, units, other) for other, cost in tried if cost <= _NEAR * least]
    for _ in range(draws):
        moved = expected + rng.choice(noise, len(noise))
        laws.append(_law(axes, units, _fitted(logs, moved, best)[0]))
        yield None
    yield Fit(_law(axes, units, best), tuple(laws), noise)


def _losses(values: Vector, logs: Vector) -> Vector:
    """Return losses by E, log A of each axis, and a of each axis: (1 + 2 axes,), (axes, n)."""
    count = len(logs)
    scales, exponents = values[1 : 1 + count, None], values[1 + count :, None]
    losses: Vector = values[0] + np.exp(scales - exponents * logs).sum(0)
    return losses


def _fitted(logs: Vector, measured: Vector, start: Vector) -> tuple[Vector, float]:
    """Return the best values near ``start``, and the Huber loss that is left."""
    count = len(logs)
    lowest = float(np.exp(measured.min()))
    bounds = np.array([
        (1e-9, lowest),
        *[(np.log(lowest) - 16.0, np.log(lowest) + 4.0)] * count,
        *[_EXPONENTS] * count,
    ]).T  # fmt: skip

    def off(values: Vector) -> Vector:
        return np.asarray(np.log(_losses(values, logs)) - measured)

    def slopes(values: Vector) -> Vector:
        terms = np.exp(values[1 : 1 + count, None] - values[1 + count :, None] * logs)
        whole = np.concatenate([np.ones((1, len(measured))), terms, -terms * logs])
        return np.asarray((whole / (values[0] + terms.sum(0))).T)

    inside = np.clip(start, *(bounds + np.outer([1e-9, -1e-9], bounds[1] - bounds[0])))
    solution = least_squares(
        off, inside, slopes, bounds, x_scale="jac", loss="huber", f_scale=DELTA,
        max_nfev=_MOST_STEPS,
    )  # fmt: skip
    return np.asarray(solution.x, np.float64), float(solution.cost)


def _start(measured: Vector, logs: Vector, exponent: float, floor: float) -> Vector:
    count = len(logs)
    lowest, typical = np.exp(measured.min()), np.exp(np.median(measured))
    rest = max(typical - floor * lowest, 1e-6 * lowest) / count
    return np.array([floor * lowest, *[np.log(rest)] * count, *[exponent] * count])


def _law(axes: tuple[str, ...], units: Vector, values: Vector) -> PowerLaw:
    count = len(axes)
    scales, exponents = np.exp(values[1 : 1 + count]), values[1 + count :]
    return PowerLaw(
        axes, float(values[0]), tuple(map(float, scales)), tuple(map(float, exponents)),
        tuple(map(float, units)),
    )  # fmt: skip


def _estimate(value: float, draws: Sequence[float] | Vector) -> Estimate:
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value, min(value, float(low)), max(value, float(high)))
