"""What plain counting knows of a data set, in the same nats as a network's bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio_lab.datasets.dataset import Dataset


def baseline(data: Dataset) -> tuple[str, float]:
    """Return the name of the plain baseline of the kind, and its nats per dimension on the test."""
    training, test = data.rows[data.split.training], data.rows[data.split.test]
    if data.shape.kind == "pictures":
        return "histogram of each pixel", _histograms(training, test, data.shape.levels)
    if data.shape.kind == "table":
        return "normal distribution", _normal(training, test)
    if data.shape.kind == "pairs":
        training, test = training[:, 1], test[:, 1]
    return "pairs of characters", _bigrams(training, test, data.shape.vocabulary)


def _histograms(training: NDArray[np.uint8], test: NDArray[np.uint8], levels: int) -> float:
    known, asked = (part.reshape(len(part), -1) for part in (training, test))
    counts = np.ones((known.shape[1], levels))
    for place in range(known.shape[1]):
        counts[place] += np.bincount(known[:, place], minlength=levels)
    chances = np.log(counts / counts.sum(1, keepdims=True))
    return float(-np.mean(chances[np.arange(known.shape[1]), asked]))


def _normal(training: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    known, asked = training.astype(np.float64), test.astype(np.float64)
    size = known.shape[1]
    spread = np.cov(known.T) + 1e-3 * np.eye(size)
    off = asked - known.mean(0)
    apart = np.einsum("ij,ij->i", off, np.linalg.solve(spread, off.T).T)
    volume = np.linalg.slogdet(spread)[1]
    return float(np.mean(apart + volume + size * np.log(2 * np.pi)) / 2 / size)


def _bigrams(training: NDArray[np.int64], test: NDArray[np.int64], vocabulary: int) -> float:
    counts = np.full((vocabulary + 1, vocabulary), 0.1)

    def before(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        first = np.full((len(rows), 1), vocabulary)
        return np.concatenate([first, rows[:, :-1]], 1)

    np.add.at(counts, (before(training), training), 1)
    chances = np.log(counts / counts.sum(1, keepdims=True))
    return float(-np.mean(chances[before(test), test]))
