"""From columns to numbers that a classifier, or a distance, can use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio_lab.datasets.table import USABLE, Column, Table, Target
from studio_lab.measures.distances import Vectors

MOST_COLUMNS = 300
MOST_GAPS = 0.9
"""Columns with a larger share of gaps are not used."""


def usable(table: Table, target: Target | None = None) -> Table:
    """Return the columns that a model can use: at most 300, those that most say of the target.

    To be called with training rows only: which columns say something is learned, too.
    """
    columns = [
        column
        for column in table.columns
        if column.kind in USABLE
        and column.missing <= MOST_GAPS * len(table)
        and np.unique(column.values[~np.isnan(column.values)]).size > 1
    ]
    if len(columns) > MOST_COLUMNS:
        scores = np.array([_relation(column, target) for column in columns])
        best = np.sort(np.argsort(-scores, kind="stable")[:MOST_COLUMNS])
        columns = [columns[at] for at in best]
    return table.only([column.name for column in columns])


def _relation(column: Column, target: Target | None) -> float:
    """Return the share of the variance of ranks that lies between the classes."""
    from scipy.stats import rankdata

    if target is None:
        return 0.0
    ranks = rankdata(column.values, nan_policy="omit")
    is_known = ~np.isnan(ranks)
    ranks, labels = ranks[is_known] - ranks[is_known].mean(), target.labels[is_known]
    sums = np.bincount(labels, ranks)
    counts = np.maximum(np.bincount(labels), 1)
    return float((sums**2 / counts).sum() / max(float((ranks**2).sum()), 1e-12))


@dataclass(frozen=True)
class Encoder:
    """Numbers and dates standardised, gaps filled with the median and marked; categories one-hot.

    Learned from the rows it was fitted to, and the same for all rows after that.
    """

    names: tuple[str, ...]
    centres: NDArray[np.float64]
    scales: NDArray[np.float64]
    sizes: tuple[int, ...]

    @classmethod
    def fitted(cls, table: Table) -> Encoder:
        """Return the encoder of a table whose columns are all ``usable``."""
        centres, scales, sizes = [], [], []
        for column in table.columns:
            values = column.values[~np.isnan(column.values)]
            is_category = column.kind == "category"
            centres.append(0.0 if is_category else float(np.median(values)))
            scales.append(1.0 if is_category else float(values.std()) or 1.0)
            sizes.append(len(column.names) if is_category else 0)
        names = tuple(column.name for column in table.columns)
        return cls(names, np.array(centres), np.array(scales), tuple(sizes))

    def __call__(self, table: Table) -> Vectors:
        """Return (rows, d) numbers; gaps in numbers have a column of their own that marks them."""
        columns = {column.name: column.values for column in table.columns}
        parts = []
        for name, centre, scale, size in zip(self.names, self.centres, self.scales, self.sizes):
            values = columns[name]
            gaps = np.isnan(values)
            if size:
                parts.append(_one_hot(np.where(gaps, size, values).astype(int), size + 1)[:, :size])
                continue
            parts.append((np.where(gaps, centre, values) - centre)[:, None] / scale)
            parts.append(gaps[:, None].astype(np.float64))
        return np.concatenate(parts, 1)


def _one_hot(codes: NDArray[np.int_], size: int) -> Vectors:
    return np.eye(size)[codes]
