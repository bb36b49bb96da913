"""How much a synthetic table looks like the real one: column by column, and in pairs.

The figures are those that SDMetrics calls KSComplement, TVComplement, CorrelationSimilarity and
ContingencySimilarity: 1 is equal, 0 has nothing in common. They are a few lines of scipy here,
because SDMetrics needs Copulas, whose licence (BUSL) is not free.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from studio_lab.augmentation.trial import Fidelity
from studio_lab.datasets.table import Column, Table
from studio_lab.measures.distances import Vectors

MOST_CATEGORY_PAIRS = 100


def fidelity(real: Table, synthetic: Table) -> Fidelity:
    """Return how much ``synthetic`` looks like ``real``; both have the same columns."""
    columns = {
        column.name: column_similarity(column, synthetic[column.name]) for column in real.columns
    }
    pairs = [*_correlations(real, synthetic), *_contingencies(real, synthetic)]
    return Fidelity(columns, float(np.mean(pairs)) if pairs else float("nan"))


def column_similarity(real: Column, synthetic: Column) -> float:
    """Return 1 less the distance of two columns: gaps count as a value of their own."""
    if real.kind == "category":
        ours, theirs = (
            _shares(_codes(column), len(real.names) + 1) for column in (real, synthetic)
        )
        return 1 - float(np.abs(ours - theirs).sum()) / 2
    values = [column.values[~np.isnan(column.values)] for column in (real, synthetic)]
    if not all(map(len, values)):
        return float(len(values[0]) == len(values[1]))
    distance = float(ks_2samp(*values).statistic)
    gaps = abs(real.missing / len(real.values) - synthetic.missing / len(synthetic.values))
    return 1 - max(distance, gaps)


def _codes(column: Column) -> NDArray[np.int_]:
    values = np.where(np.isnan(column.values), len(column.names), column.values)
    return np.asarray(values, int)


def _shares(codes: NDArray[np.int_], size: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(codes, minlength=size) / max(1, len(codes)))


def _correlations(real: Table, synthetic: Table) -> list[float]:
    names = [column.name for column in real.columns if column.kind != "category"]
    if len(names) < 2:
        return []
    ours, theirs = (_correlation(table.only(names)) for table in (real, synthetic))
    upper = np.triu_indices(len(names), 1)
    return list((1 - np.abs(ours - theirs) / 2)[upper])


def _correlation(table: Table) -> Vectors:
    cells = table.cells()
    cells = np.where(np.isnan(cells), np.nanmedian(cells, axis=0), cells)
    spread = cells.std(0)
    scaled = (cells - cells.mean(0)) / np.where(spread > 0, spread, 1)
    return np.asarray(scaled.T @ scaled / len(cells))


def _contingencies(real: Table, synthetic: Table) -> list[float]:
    categories = [column for column in real.columns if column.kind == "category"]
    similarities = []
    for one, other in list(combinations(categories, 2))[:MOST_CATEGORY_PAIRS]:
        width, size = len(other.names) + 1, (len(one.names) + 1) * (len(other.names) + 1)
        ours, theirs = (
            _shares(_codes(table[one.name]) * width + _codes(table[other.name]), size)
            for table in (real, synthetic)
        )
        similarities.append(1 - float(np.abs(ours - theirs).sum()) / 2)
    return similarities
