"""Data sets that come with the studio's packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from studio_lab.datasets.dataset import Dataset, Shape, Split

SPLIT_SEED = 0
"""One split for all, so that models that are compared were held to the same rows."""


def digits() -> Dataset:
    """Return 1,797 handwritten digits, 8 × 8 pixels with 17 levels of grey."""
    from sklearn.datasets import load_digits

    found = load_digits()
    rows = found.images.astype(np.uint8)[:, None]
    shape = Shape("pictures", 1, 8, 8, levels=17, classes=10)
    return Dataset(
        title="Handwritten digits",
        shape=shape,
        rows=rows,
        split=Split.drawn(len(rows), SPLIT_SEED),
        labels=found.target.astype(np.int64),
        classes=tuple(map(str, found.target_names)),
        licence="Optical Recognition of Handwritten Digits (Alpaydin, Kaynak; UCI), CC BY 4.0; "
        "as carried by scikit-learn (BSD-3-Clause).",
    )


EXAMPLES: Mapping[str, Callable[[], Dataset]] = {"digits": digits}
