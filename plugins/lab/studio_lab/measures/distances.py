"""Vectors and how far they are apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

Vectors = NDArray[np.float64]
"""(n, d): one row for each sample."""


def flat(samples: NDArray[Any]) -> Vectors:
    """Return samples (n, …) as rows (n, d)."""
    return np.asarray(samples, np.float64).reshape(len(samples), -1)


def nearest(
    queries: Vectors, references: Vectors, count: int = 1
) -> tuple[Vectors, NDArray[np.intp]]:
    """Return Euclidean distances and row numbers (n, count) of the nearest references.

    Fewer columns come where there are fewer references.
    """
    search = NearestNeighbors(algorithm="brute").fit(references)
    distances, rows = search.kneighbors(queries, n_neighbors=min(count, len(references)))
    return distances, rows


def pair_distances(vectors: Vectors) -> Vectors:
    """Return the distance of every pair once, (n (n − 1) / 2,)."""
    from scipy.spatial.distance import pdist

    return np.asarray(pdist(vectors))
