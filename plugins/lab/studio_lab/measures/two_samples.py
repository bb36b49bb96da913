"""How near the features of samples are to those of real examples, as two samples of statistics.

Kernel distance: Bińkowski et al. 2018, arXiv:1801.01401. Precision and recall: Kynkäänniemi et al.
2019, arXiv:1904.06991.
"""

from __future__ import annotations

import numpy as np

from studio_lab.measures.distances import Vectors, nearest
from studio_lab.measures.estimates import Estimate, share

MOST = 1000
SUBSETS = 40


def kid(real: Vectors, samples: Vectors, rng: np.random.Generator) -> Estimate:
    """Return the squared maximum mean discrepancy of two sets of features; 0 for one source.

    The estimate has no bias, so it may be a little below 0. The kernel is (x·y / d + 1)³. Of either
    set 1000 at most are used. The interval is from subsets of half the size, their spread scaled to
    the whole (subsampling). Figures of different features cannot be compared, and none with those
    of Inception, whose name (FID, KID of a paper) this has not.

    Args:
        real, samples: (n, d) and (m, d) features, of at least four examples each.
        rng: Draws the subsets.
    """
    real, samples = _some(real, rng), _some(samples, rng)
    value = _discrepancy(real, samples)
    halves = [_discrepancy(_half(real, rng), _half(samples, rng)) for _ in range(SUBSETS)]
    spread = 1.96 * float(np.std(halves)) / np.sqrt(2)
    return Estimate(value, value - spread, value + spread)


def _some(vectors: Vectors, rng: np.random.Generator) -> Vectors:
    if len(vectors) <= MOST:
        return vectors
    return vectors[rng.permutation(len(vectors))[:MOST]]


def _half(vectors: Vectors, rng: np.random.Generator) -> Vectors:
    return vectors[rng.permutation(len(vectors))[: max(2, len(vectors) // 2)]]


def _discrepancy(first: Vectors, second: Vectors) -> float:
    between = _kernel(first, second).mean()
    return float(_mean_of_pairs(first) + _mean_of_pairs(second) - 2 * between)


def _mean_of_pairs(vectors: Vectors) -> float:
    count = len(vectors)
    kernel = _kernel(vectors, vectors)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))


def _kernel(first: Vectors, second: Vectors) -> Vectors:
    product: Vectors = first @ second.T / first.shape[1] + 1
    return product**3


NEIGHBOURS = 3


def precision_recall(
    real: Vectors, samples: Vectors, rng: np.random.Generator
) -> tuple[Estimate, Estimate]:
    """Return how many samples look real, and how much of the real data they cover.

    Around each point lies a ball that reaches to its third neighbour of the same set. Precision is
    the share of samples within a ball of a real example, recall the share of real examples within a
    ball of a sample. Both depend on the number of points, so the larger set is cut to the size of
    the smaller.

    Args:
        real, samples: (n, d) and (m, d) features.
        rng: Draws the subset of the larger set.
    """
    count = min(len(real), len(samples))
    real = real[rng.permutation(len(real))[:count]]
    samples = samples[rng.permutation(len(samples))[:count]]
    return _covered(samples, real), _covered(real, samples)


def _covered(points: Vectors, centres: Vectors) -> Estimate:
    from scipy.spatial.distance import cdist

    reach = nearest(centres, centres, NEIGHBOURS + 1)[0][:, -1]  # the first neighbour is itself
    inside = (cdist(points, centres) <= reach).any(1)
    return share(int(inside.sum()), len(points))
