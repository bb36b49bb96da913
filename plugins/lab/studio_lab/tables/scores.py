"""Columns as normal scores, and back: what generators of tables learn and write."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from studio_lab.datasets.table import Column, Table
from studio_lab.measures.distances import Vectors


@dataclass(frozen=True)
class NormalScores:
    """Numbers and dates by rank to a normal distribution (van der Waerden), gaps apart.

    Attributes:
        reference: The sorted known values of each column that is no category.
        gaps: The share of gaps of each.
    """

    columns: tuple[Column, ...]
    reference: tuple[NDArray[np.float64], ...]
    gaps: NDArray[np.float64]

    @classmethod
    def fitted(cls, table: Table) -> NormalScores:
        """Return the scores of the numbers and dates of ``table``."""
        columns = tuple(column for column in table.columns if column.kind != "category")
        sorted_values = tuple(
            np.sort(column.values[~np.isnan(column.values)]) for column in columns
        )
        gaps = np.array([column.missing / max(1, len(column.values)) for column in columns])
        return cls(
            tuple(replace(column, values=np.empty(0)) for column in columns), sorted_values, gaps
        )

    def forward(self, table: Table) -> Vectors:
        """Return (rows, columns) scores; a gap is NaN."""
        scores = [
            _score(table[column.name].values, reference)
            for column, reference in zip(self.columns, self.reference)
        ]
        return np.stack(scores, 1) if scores else np.zeros((len(table), 0))

    def backward(self, scores: Vectors, rng: np.random.Generator) -> list[Column]:
        """Return columns from (rows, columns) scores, with gaps as often as there were."""
        columns = []
        for at, (column, reference) in enumerate(zip(self.columns, self.reference)):
            shares = np.clip(ndtr(scores[:, at]), 0, 1)
            # Columns of few values are not interpolated: between 0 and 1 there is no flag.
            if _is_discrete(reference):
                values = np.quantile(reference, shares, method="closest_observation")
            else:
                values = np.quantile(reference, shares)
                if column.kind == "number":
                    values = np.round(values, column.decimals)
                elif (reference == np.floor(reference)).all():
                    values = np.floor(values)
            values[rng.random(len(values)) < self.gaps[at]] = np.nan
            columns.append(replace(column, values=values))
        return columns


def _is_discrete(reference: NDArray[np.float64]) -> bool:
    return len(np.unique(reference)) <= max(2, min(20, len(reference) // 4))


def _score(values: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the normal score of each value: its middle place among the known ones."""
    low = np.searchsorted(reference, values, "left")
    high = np.searchsorted(reference, values, "right")
    shares = np.clip(
        (low + high) / 2 / len(reference), 0.5 / len(reference), 1 - 0.5 / len(reference)
    )
    return np.where(np.isnan(values), np.nan, ndtri(shares))
