"""Data sets that come with the studio's packages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.datasets.pairs import from_pairs
from studio_lab.datasets.table import Column, Table
from studio_lab.datasets.tables import from_table
from studio_lab.datasets.texts import from_text

SPLIT_SEED = 0
"""One split for all, so that models that are compared were held to the same rows."""
_MANUAL_CHARACTERS = 400_000


def digits() -> tuple[Dataset, list[str]]:
    """Return 1,797 handwritten digits, 8 × 8 pixels with 17 levels of grey."""
    from sklearn.datasets import load_digits

    found = load_digits()
    rows = found.images.astype(np.uint8)[:, None]
    shape = Shape("pictures", 1, 8, 8, levels=17, classes=10)
    data = Dataset(
        title="Handwritten digits",
        shape=shape,
        rows=rows,
        split=Split.drawn(len(rows), SPLIT_SEED),
        labels=found.target.astype(np.int64),
        classes=tuple(map(str, found.target_names)),
        licence="Optical Recognition of Handwritten Digits (Alpaydin, Kaynak; UCI), CC BY 4.0; "
        "as carried by scikit-learn (BSD-3-Clause).",
    )
    return data, []


def _measurements(name: str, title: str, licence: str) -> tuple[Dataset, list[str]]:
    """Return a table of scikit-learn's, with its classes as a column."""
    import sklearn.datasets

    found = getattr(sklearn.datasets, f"load_{name}")()
    columns = [
        Column(label, "number", values, decimals=3)
        for label, values in zip(found.feature_names, found.data.T)
    ]
    names = tuple(map(str, found.target_names))
    columns.append(Column("class", "category", found.target.astype(np.float64), names))
    return from_table(title, Table(tuple(columns)), licence)


def manual() -> tuple[Dataset, list[str]]:
    """Return a part of the manual of Python's language, which each Python carries."""
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[name] for name in sorted(topics))[:_MANUAL_CHARACTERS]
    licence = "The Python Language Reference (Python Software Foundation), PSF License Version 2."
    return from_text("Python manual", text, licence=licence)


def swaps() -> tuple[Dataset, list[str]]:
    """Return words of that manual with two letters in the wrong order, and as they should be."""
    data, _ = manual()
    text = "".join(data.meta["alphabet"][token] for token in data.rows.ravel())
    words = sorted(set(re.findall(r"[a-z]{5,12}", text)))
    draws, pairs = np.random.default_rng(SPLIT_SEED), []
    for word in words:
        at = int(draws.integers(1, len(word) - 1))
        swapped = (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :] if at + 1 < len(word) else word
        )
        pairs.append((swapped, word))
    return from_pairs("Swapped letters", pairs, data.licence)


EXAMPLES: Mapping[str, Callable[[], tuple[Dataset, list[str]]]] = {
    "digits": digits,
    "wine": partial(
        _measurements, "wine", "Wine", "Wine (Aeberhard, Forina; UCI), CC BY 4.0; as carried by "
        "scikit-learn (BSD-3-Clause)."
    ),
    "breast_cancer": partial(
        _measurements, "breast_cancer", "Breast cancer", "Breast Cancer Wisconsin (Wolberg et al.; "
        "UCI), CC BY 4.0; as carried by scikit-learn (BSD-3-Clause)."
    ),
    "manual": manual,
    "swaps": swaps,
}  # fmt: skip
