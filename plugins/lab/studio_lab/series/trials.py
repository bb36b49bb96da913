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
from studio_lab.series.series import Series, autocorrelation, correlations, windows

Values = NDArray[np.float64]

_COMPARED = 400
"""Windows of each side that a classifier learns to tell apart."""


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
        training, tested = _split(series.values, lags, draws)
        centre, scale = np.concatenate(training).mean(0), np.concatenate(training).std(0)
        scale = np.where(scale > 0, scale, 1.0)
        training = [(segment - centre) / scale for segment in training]
        tested = (tested - centre) / scale
        learned, test = windows(training, lags + 1), windows([tested], lags + 1)
        real, similarity = skill(learned, test), fidelity(training, tested, lags)
        count = sum(map(len, training))
        for at, method in enumerate(methods):
            rng = np.random.default_rng((seed, number, at))
            generator = SERIES_GENERATORS[method]()
            for _ in generator.fit(training, rng):
                yield None
            written = generator.sample(max(rows, count), rng)
            synthetic, added = written[:count], written[: rows or count]
            new = windows([synthetic], lags + 1)
            yield None
            seen = SyntheticRows(
                skill(new, test),
                fidelity(training, synthetic, lags),
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


def skill(learned: Values, test: Values) -> Scores:
    """Return how much smaller the error of a forecast of the next value is than without one.

    1 is no error, 0 that of saying the last value again. The forecast is linear in the values
    before, of all channels (an autoregression, with a ridge).

    Args:
        learned, test: Windows; the last value of the first channel is to be told.
    """
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=1.0).fit(_before(learned), learned[:, 0, -1])
    truth, predicted = test[:, 0, -1], model.predict(_before(test))
    plain = float(np.sqrt(np.mean((truth - test[:, 0, -2]) ** 2)))
    error = float(np.sqrt(np.mean((truth - predicted) ** 2)))
    return {"forecast skill": 1 - error / max(plain, 1e-9)}


def fidelity(originals: Sequence[Values], synthetic: Values, lags: int) -> Fidelity:
    """Return how alike values, changes from one to the next, and autocorrelations are.

    Of several channels each is the mean; the correlations between channels are one aspect more.
    Another is how little a classifier tells windows of the two apart.
    """
    longest, reach = max(originals, key=len), 2 * lags
    real = np.concatenate(originals)
    changes, new = (
        np.concatenate([np.diff(segment, axis=0) for segment in originals]),
        np.diff(synthetic, axis=0),
    )
    similarities: dict[str, list[float]] = {"values": [], "changes": [], "autocorrelation": []}
    for at in range(real.shape[1]):
        apart = autocorrelation(longest[:, at], reach) - autocorrelation(synthetic[:, at], reach)
        similarities["values"].append(1 - float(ks_2samp(real[:, at], synthetic[:, at]).statistic))
        similarities["changes"].append(1 - float(ks_2samp(changes[:, at], new[:, at]).statistic))
        similarities["autocorrelation"].append(1 - float(np.abs(apart).mean()) / 2)
    aspects = {name: float(np.mean(segment)) for name, segment in similarities.items()}
    aspects["classifier two-sample test"] = two_sample(originals, synthetic, lags)
    if real.shape[1] == 1:
        return Fidelity(aspects)
    pairs = 1 - float(np.abs(correlations(real) - correlations(synthetic)).mean()) / 2
    return Fidelity({**aspects, "correlation between columns": pairs}, pairs)


def two_sample(originals: Sequence[Values], synthetic: Values, lags: int) -> float:
    """Return how little a classifier tells windows of two series apart (Lopez-Paz & Oquab, 2017).

    It learns from the first half of each, and is asked about the second. 1 is guessing, 0 means
    that it tells each pair of them: twice what the area under its ROC curve lacks to 1.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.metrics import roc_auc_score

    halves = []
    for late in (False, True):
        sides = []
        for segments in (originals, [synthetic]):
            middles = [len(segment) // 2 for segment in segments]
            some = [e[m:] if late else e[:m] for e, m in zip(segments, middles, strict=True)]
            cut = windows(some, lags + 1)
            cut = cut[:: max(1, len(cut) // _COMPARED)]
            sides.append(cut.reshape(len(cut), -1))
        halves.append(sides)
    (real, new), (later_real, later_new) = halves
    judge = ExtraTreesClassifier(60, min_samples_leaf=3, class_weight="balanced", random_state=0)
    judge.fit(np.concatenate([real, new]), np.repeat([0, 1], [len(real), len(new)]))
    chances = judge.predict_proba(np.concatenate([later_real, later_new]))[:, 1]
    area = roc_auc_score(np.repeat([0, 1], [len(later_real), len(later_new)]), chances)
    return float(min(1.0, 2 * (1 - area)))


def _before(pieces: Values) -> Values:
    """Return the inputs of a forecast, (n, channels × lags)."""
    return pieces[:, :, :-1].reshape(len(pieces), -1)


def _shapes(pieces: Values) -> Vectors:
    """Return windows about their own means: the level of a window is no secret."""
    return np.asarray(pieces - pieces.mean(2, keepdims=True)).reshape(len(pieces), -1)
