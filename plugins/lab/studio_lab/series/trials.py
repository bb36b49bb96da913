"""Repeated splits of a series, and what each method does in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from studio_lab.augmentation.privacy import privacy
from studio_lab.augmentation.trial import TEST_SHARE, Fidelity, Scores, SyntheticRows, Trial
from studio_lab.measures.distances import Vectors
from studio_lab.series.generators import SERIES_GENERATORS
from studio_lab.series.series import Series, autocorrelation, windows

Values = NDArray[np.float64]


def trials(
    series: Series, methods: Sequence[str], splits: int, seed: int, rows: int = 0
) -> Iterator[Trial | None]:
    """Yield a trial of each method in each split, and None for steps between them.

    A connected 30 % of the series, at another place each time, is what forecasts are tested on; the
    values next to it are left out, so that no window reaches over.

    Args:
        rows: How many values a method adds; 0 for as many as it learned from.
    """
    lags, draws = series.lags, np.random.default_rng(seed)
    for number in range(splits):
        known, tested = _split(series.values, lags, draws)
        centre, scale = float(np.concatenate(known).mean()), float(np.concatenate(known).std())
        known = [(each - centre) / (scale or 1.0) for each in known]
        tested = (tested - centre) / (scale or 1.0)
        learned, test = windows(known, lags + 1), windows([tested], lags + 1)
        real, similarity = skill(learned, test), fidelity(known, tested, lags)
        count = sum(map(len, known))
        for at, method in enumerate(methods):
            rng = np.random.default_rng((seed, number, at))
            generator = SERIES_GENERATORS[method]()
            for _ in generator.fit(known, rng):
                yield None
            written = generator.sample(max(rows, count), rng)
            made, added = written[:count], written[: rows or count]
            new = windows([made], lags + 1)
            yield None
            seen = SyntheticRows(
                skill(new, test),
                fidelity(known, made, lags),
                similarity,
                privacy(_shapes(new), _shapes(learned), _shapes(test), rng),
            )
            both = np.concatenate([learned, windows([added], lags + 1)])
            yield Trial(method, real, skill(both, test), seen)


def _split(values: Values, lags: int, draws: np.random.Generator) -> tuple[list[Values], Values]:
    count = round(TEST_SHARE * len(values))
    start = int(draws.integers(len(values) - count + 1))
    parts = values[: max(0, start - lags)], values[start + count + lags :]
    return [part for part in parts if len(part) > 2 * lags], values[start : start + count]


def skill(learned: Vectors, test: Vectors) -> Scores:
    """Return how much smaller the error of a forecast of the next value is than without one.

    1 is no error, 0 that of saying the last value again. The forecast is linear in the values
    before (an autoregression, with a ridge).

    Args:
        learned, test: Windows whose last value is to be told from the others.
    """
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=1.0).fit(learned[:, :-1], learned[:, -1])
    truth, told = test[:, -1], model.predict(test[:, :-1])
    plain = float(np.sqrt(np.mean((truth - test[:, -2]) ** 2)))
    error = float(np.sqrt(np.mean((truth - told) ** 2)))
    return {"forecast skill": 1 - error / max(plain, 1e-9)}


def fidelity(known: Sequence[Values], made: Values, lags: int) -> Fidelity:
    """Return how alike values, changes from one to the next, and autocorrelations are."""
    longest, reach = max(known, key=len), 2 * lags
    real = np.concatenate(known)
    changes = np.concatenate([np.diff(each) for each in known])
    apart = np.abs(autocorrelation(longest, reach) - autocorrelation(made, reach)).mean()
    return Fidelity(
        {
            "values": 1 - float(ks_2samp(real, made).statistic),
            "changes": 1 - float(ks_2samp(changes, np.diff(made)).statistic),
            "autocorrelation": 1 - float(apart) / 2,
        }
    )


def _shapes(found: Vectors) -> Vectors:
    """Return windows about their own means: what a level tells is no secret of a window."""
    return np.asarray(found - found.mean(1, keepdims=True))
