"""How different samples are from each other, and which classes they reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio_lab.measures.distances import Vectors, pair_distances

COLLAPSE = 0.5
"""Samples with less than this share of the held-out examples' effective number have collapsed."""

MOST = 500


@dataclass(frozen=True)
class Diversity:
    """Diversity of samples, beside that of as many held-out examples.

    Attributes:
        pair_distance: Mean distance of two samples, as a share of that of held-out examples.
        effective: How many samples that share nothing would be as diverse (Vendi score).
        yardstick: The same of the held-out examples.
    """

    pair_distance: float
    effective: float
    yardstick: float

    @property
    def collapsed(self) -> bool:
        """Whether the samples repeat themselves where the data do not."""
        return self.effective < COLLAPSE * self.yardstick


def diversity(samples: Vectors, held_out: Vectors, rng: np.random.Generator) -> Diversity:
    """Return how diverse samples are; 500 of each at most are used, and as many of both.

    The effective number is that of Friedman and Dieng (2023, arXiv:2210.02410): the exponential of
    the entropy of the eigenvalues of a kernel between samples. It sees a collapse to a few modes,
    which the mean distance of pairs may miss. The kernel is a Gaussian whose width is half of the
    median distance of held-out examples.
    """
    count = min(len(samples), len(held_out), MOST)
    samples = samples[rng.permutation(len(samples))[:count]]
    held_out = held_out[rng.permutation(len(held_out))[:count]]
    usual, pairs = pair_distances(held_out), pair_distances(samples)
    scale = max(float(np.median(usual)), np.finfo(float).tiny)
    return Diversity(
        float(pairs.mean() / max(float(usual.mean()), np.finfo(float).tiny)),
        _effective_number(pairs / scale, count),
        _effective_number(usual / scale, count),
    )


def _effective_number(pairs: Vectors, count: int) -> float:
    from scipy.spatial.distance import squareform

    kernel = np.exp(-2 * squareform(pairs) ** 2)
    shares = np.linalg.eigvalsh(kernel / count)
    shares = shares[shares > 1e-12]
    return float(np.exp(-(shares * np.log(shares)).sum()))


@dataclass(frozen=True)
class Modes:
    """Classes that a classifier sees in samples.

    Attributes:
        covered: How many of ``classes`` have at least half of their share in the data.
        distance: Total variation between the classes of samples and of data: 0 equal, 1 disjoint.
    """

    covered: int
    classes: int
    distance: float


def modes(sampled: NDArray[np.int_], real: NDArray[np.int_]) -> Modes:
    """Return which classes are reached, from class numbers of samples and of real examples."""
    classes = int(max(sampled.max(initial=0), real.max(initial=0))) + 1
    ours = np.bincount(sampled, minlength=classes) / max(1, len(sampled))
    theirs = np.bincount(real, minlength=classes) / max(1, len(real))
    present = theirs > 0
    covered = int((ours >= theirs / 2)[present].sum())
    return Modes(covered, int(present.sum()), float(np.abs(ours - theirs).sum() / 2))
