"""Precision and recall of samples (Kynkäänniemi et al. 2019, arXiv:1904.06991)."""

from __future__ import annotations

import numpy as np

from studio_lab.measures.distances import Vectors, nearest
from studio_lab.measures.estimates import Estimate, share

NEIGHBOURS = 3


def precision_recall(
    real: Vectors, samples: Vectors, rng: np.random.Generator
) -> tuple[Estimate, Estimate]:
    """Return how many samples look real, and how much of what is real the samples reach.

    Around each point lies a ball that reaches to its third neighbour of the same set. Precision is
    the share of samples within a ball of a real example, recall the share of real examples within a
    ball of a sample. Both depend on the number of points, so the larger set is cut to the size of
    the smaller.

    Args:
        real, samples: (n, d) and (m, d) features.
        rng: Draws which of the larger set are used.
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
