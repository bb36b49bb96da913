"""Whether samples are copies of training examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio_lab.measures.distances import Vectors, nearest
from studio_lab.measures.estimates import Estimate, share

USUAL = 0.01
TIMES = 3
NEIGHBOURS = 10


@dataclass(frozen=True)
class Copies:
    """How near samples come to training examples, with held-out examples as the yardstick.

    Attributes:
        nearest: (n,) row of the nearest training example of each sample.
        distances: (n,) how far that is.
        is_copy: (n,) nearer, and nearer against the next ones, than 99 % of held-out examples are.
        share: Share of copies among the samples.
        expected: The share that held-out examples would have.
        typical, yardstick: Median distance of samples, and of held-out examples.
    """

    nearest: NDArray[np.intp]
    distances: Vectors
    is_copy: NDArray[np.bool_]
    share: Estimate
    expected: float
    typical: float
    yardstick: float

    @property
    def is_excess(self) -> bool:
        """Whether there are clearly more copies than chance makes: three times as many."""
        return exceeds(self.share, self.expected)


def exceeds(measured: Estimate, expected: float) -> bool:
    """Return whether the whole interval of a share lies above three times the expected one."""
    return measured.low > TIMES * expected


def expected_share(held_out: int) -> float:
    """Return the share that passes a limit drawn at the most extreme 1 % of held-out examples."""
    return max(USUAL, 1 / (held_out + 1))


def copies(samples: Vectors, training: Vectors, held_out: Vectors) -> Copies:
    """Return which samples are copies of training examples.

    A distance alone tells nothing: a blurred mean is near to everything. A copy is also much nearer
    to one example than to the next nine. Equal training examples count once.

    Args:
        samples, training, held_out: (n, d) rows, in pixels or features alike.
    """
    distinct, rows = np.unique(training, axis=0, return_index=True)
    distances, where = nearest(samples, distinct, NEIGHBOURS)
    usual, _ = nearest(held_out, distinct, NEIGHBOURS)
    limit, ratio_limit = np.quantile(usual[:, 0], USUAL), np.quantile(_ratio(usual), USUAL)
    is_copy = (distances[:, 0] <= limit) & (_ratio(distances) <= ratio_limit)
    return Copies(
        rows[where[:, 0]],
        distances[:, 0],
        is_copy,
        share(int(is_copy.sum()), len(samples)),
        expected_share(len(held_out)),
        float(np.median(distances[:, 0])),
        float(np.median(usual[:, 0])),
    )


def _ratio(distances: Vectors) -> Vectors:
    if distances.shape[1] < 2:
        return np.zeros(len(distances))
    others = distances[:, 1:].mean(1)
    return np.asarray(distances[:, 0] / np.maximum(others, np.finfo(float).tiny))
