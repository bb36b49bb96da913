"""Which classes of the data a network makes: a generator that has collapsed leaves most out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LEAST = 0.2
"""A class is covered if it is made at least so often, as a part of how often the data have it."""
_MOST_REAL = 2000


def nearest_classes(
    samples: NDArray[np.floating], real: NDArray[np.floating], labels: NDArray[np.integer]
) -> NDArray[np.integer]:
    """Return the class of the real row that is nearest to each made one.

    Args:
        samples: (N, …), on the same scale as ``real``, (M, …).
        labels: (M,).
    """
    from sklearn.neighbors import KNeighborsClassifier

    judge = KNeighborsClassifier(n_neighbors=1)
    some = np.linspace(0, len(real) - 1, min(len(real), _MOST_REAL)).astype(int)
    judge.fit(real[some].reshape(len(some), -1), labels[some])
    predicted: NDArray[np.integer] = judge.predict(samples.reshape(len(samples), -1))
    return predicted


def coverage(classes: NDArray[np.integer], labels: NDArray[np.integer]) -> float:
    """Return the share of the classes in ``labels`` that ``classes`` covers, from 0 to 1."""
    present, counts = np.unique(labels, return_counts=True)
    shares = np.array([np.mean(classes == label) for label in present])
    return float(np.mean(shares >= _LEAST * counts / len(labels)))
