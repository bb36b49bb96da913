"""A generator that makes every class covers them all; one that has collapsed covers one."""

from __future__ import annotations

import numpy as np

from studio_lab.views.coverage import coverage, nearest_classes


def test_a_collapse_is_seen() -> None:
    draws = np.random.default_rng(0)
    labels = np.arange(200) % 4
    centres = 10 * np.eye(4)[labels]
    real = centres + draws.normal(size=(200, 4))
    all_of_them = 10 * np.eye(4)[np.arange(100) % 4] + draws.normal(size=(100, 4))
    one = 10 * np.eye(4)[np.zeros(100, int)] + draws.normal(size=(100, 4))
    assert coverage(nearest_classes(all_of_them, real, labels), labels) == 1.0
    assert coverage(nearest_classes(one, real, labels), labels) == 0.25
