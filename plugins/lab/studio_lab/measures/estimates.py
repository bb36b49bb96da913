"""A figure with the interval that it is known to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its interval, of 95 % unless whoever made it says otherwise."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"

    @classmethod
    def exact(cls, value: float) -> Estimate:
        """Return a figure that was counted and not drawn."""
        return cls(value, value, value)


def share(hits: int, count: int) -> Estimate:
    """Return ``hits`` of ``count`` with the interval of Wilson (1927), sound at 0 and 1 too."""
    if not count:
        return Estimate(0.0, 0.0, 1.0)
    interval = stats.binomtest(int(hits), int(count)).proportion_ci(CONFIDENCE, "wilson")
    return Estimate(hits / count, float(interval.low), float(interval.high))


def bootstrapped(
    values: NDArray[np.float64],
    rng: np.random.Generator,
    statistic: Callable[[NDArray[np.float64]], float] = lambda drawn: float(drawn.mean()),
    rounds: int = 500,
) -> Estimate:
    """Return a statistic of ``values`` (n, …) with its percentile bootstrap interval over rows."""
    draws = [statistic(values[rng.integers(len(values), size=len(values))]) for _ in range(rounds)]
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(statistic(values), float(low), float(high))


def corrected(
    values: NDArray[np.float64], test_share: float, confidence: float = CONFIDENCE
) -> Estimate:
    """Return the mean over repeated splits of one data set, with the interval of Nadeau and Bengio.

    Splits share rows, so their figures vary less than those of new data would: a bootstrap over
    splits is too narrow. The variance is raised by the rows of test for each of training (2003,
    Machine Learning 52).

    Args:
        values: (splits,) figures.
        test_share: Share of the rows that each split tests on.
    """
    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return Estimate(mean, -np.inf, np.inf)
    ratio = test_share / (1 - test_share)
    error = float(np.std(values, ddof=1)) * np.sqrt(1 / count + ratio)
    reach = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * float(error)
    return Estimate(mean, mean - reach, mean + reach)
