"""Plain generators of arrays: the baselines for networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from studio_lab.measures.distances import Vectors, flat

COMPONENTS = 64
LEAST_NOISE = 1e-3
"""Of the mean variance: so much lies in the directions that are not followed, at least."""


class GaussianComponents:
    """A Gaussian over the principal components, with equal noise in all other directions.

    Tipping and Bishop (1999). It knows mean, variances and correlations, and no shape beyond them.

    Args:
        training: (n, …) examples.
    """

    name = "Gaussian components"

    def __init__(self, training: NDArray[Any]) -> None:
        rows = flat(training)
        self.shape = training.shape[1:]
        self._low, self._high = rows.min(0), rows.max(0)
        count = max(1, min(COMPONENTS, len(rows) - 1, rows.shape[1] - 1))
        self._pca = PCA(count, svd_solver="randomized", random_state=0).fit(rows)
        # Columns that follow from others leave no noise, and a density without noise has no end.
        least = LEAST_NOISE * float(rows.var(0).mean())
        self._pca.noise_variance_ = max(self._pca.noise_variance_, least)

    def sample(self, count: int, rng: np.random.Generator) -> Vectors:
        """Return (count, …) samples, cut to the range of the training examples."""
        pca = self._pca
        spread = np.sqrt(np.maximum(pca.explained_variance_ - pca.noise_variance_, 0))
        latent = rng.standard_normal((count, len(spread))) * spread
        noise = rng.standard_normal((count, len(pca.mean_))) * np.sqrt(
            max(0.0, pca.noise_variance_)
        )
        rows = latent @ pca.components_ + pca.mean_ + noise
        return np.asarray(np.clip(rows, self._low, self._high).reshape(count, *self.shape))

    def nats_per_dimension(self, held_out: NDArray[Any]) -> float:
        """Return the mean negative log density of examples, in nats per dimension.

        To be set beside the bound of a network, examples must be in the same scale, and with the
        same noise on whole numbers.
        """
        rows = flat(held_out)
        return -float(self._pca.score(rows)) / int(rows.shape[1])


class MeanExample:
    """The mean of all examples with the spread of each value about it, and no correlation.

    Args:
        training: (n, …) examples.
    """

    name = "mean with noise"

    def __init__(self, training: NDArray[Any]) -> None:
        self._mean, self._spread = training.mean(0), training.std(0)
        self._low, self._high = training.min(0), training.max(0)

    def sample(self, count: int, rng: np.random.Generator) -> Vectors:
        """Return (count, …) samples."""
        noise = rng.standard_normal((count, *self._mean.shape)) * self._spread
        return np.asarray(np.clip(self._mean + noise, self._low, self._high), np.float64)
