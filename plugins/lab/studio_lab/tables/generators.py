"""What makes rows of a table: each learns from real rows, and writes new ones of asked classes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from studio_lab.datasets.table import Column, Table, Target, joined
from studio_lab.measures.distances import Vectors
from studio_lab.tables.scores import NormalScores

NEIGHBOURS = 5
NOISE = 0.1
"""Noise of the plainest method: standard deviations of a column, and chance of another category."""

Wanted = Mapping[int, int]
"""How many rows of each class number."""


class Generator(Protocol):
    """Makes rows like those it has learned from."""

    def fit(self, table: Table, target: Target, rng: np.random.Generator) -> Iterator[None]:
        """Learn from ``table``, whose columns are all usable; each step is short."""

    def sample(self, wanted: Wanted, rng: np.random.Generator) -> tuple[Table, Target]:
        """Return new rows of the classes that are wanted."""


@dataclass
class _Learned:
    """Real rows that a generator has learned from."""

    table: Table = field(init=False)
    target: Target = field(init=False)

    def fit(self, table: Table, target: Target, rng: np.random.Generator) -> Iterator[None]:
        """Keep the rows."""
        self.table, self.target = table, target
        yield

    def sample(self, wanted: Wanted, rng: np.random.Generator) -> tuple[Table, Target]:
        """Return new rows, class by class."""
        counts = {label: count for label, count in wanted.items() if count > 0}
        tables = [self._rows(label, count, rng) for label, count in counts.items()]
        labels = np.repeat(list(counts), list(counts.values())).astype(int)
        if not tables:
            return self.table.at(np.zeros(0, int)), self.target.at(np.zeros(0, int))
        return joined(tables), replace(self.target, labels=labels)

    def _rows(self, label: int, count: int, rng: np.random.Generator) -> Table:
        raise NotImplementedError

    def _of(self, label: int) -> Table:
        return self.table.at(self.target.labels == label)


class Noise(_Learned):
    """Real rows drawn again, with a little noise: the least that can be done."""

    def _rows(self, label: int, count: int, rng: np.random.Generator) -> Table:
        own = self._of(label)
        drawn = own.at(rng.integers(len(own), size=count))
        return replace(
            drawn, columns=tuple(self._shaken(column, own, rng) for column in drawn.columns)
        )

    def _shaken(self, column: Column, own: Table, rng: np.random.Generator) -> Column:
        if column.kind == "category":
            others = rng.choice(own[column.name].values, len(column.values))
            change = rng.random(len(column.values)) < NOISE
            return replace(column, values=np.where(change, others, column.values))
        spread = float(np.nanstd(own[column.name].values)) if len(own) else 0.0
        noise = rng.normal(0, NOISE * spread, len(column.values))
        return replace(column, values=np.round(column.values + noise, _decimals(column)))


class Independent(_Learned):
    """Each column drawn independently within the class, without relations between columns."""

    def _rows(self, label: int, count: int, rng: np.random.Generator) -> Table:
        own = self._of(label)
        columns = (
            replace(column, values=column.values[rng.integers(len(own), size=count)])
            for column in own.columns
        )
        return replace(own, columns=tuple(columns))


class Copula(_Learned):
    """A Gaussian copula of the rows of each class: their columns as they are, and correlations.

    Categories become ranges of a normal variable as wide as they are frequent. Correlations are
    shrunk (Ledoit and Wolf 2004), since a rare class has fewer rows than columns.
    """

    def _rows(self, label: int, count: int, rng: np.random.Generator) -> Table:
        from sklearn.covariance import ledoit_wolf

        own = self._of(label)
        scores = NormalScores.fitted(own)
        categories = [column for column in own.columns if column.kind == "category"]
        latent = [np.nan_to_num(scores.forward(own))]
        latent += [_latent(column, rng)[:, None] for column in categories]
        rows = np.concatenate(latent, 1)
        covariance = ledoit_wolf(rows - rows.mean(0))[0]
        scale = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
        correlation = covariance / np.outer(scale, scale)
        drawn = rng.multivariate_normal(np.zeros(len(scale)), correlation, count, method="eigh")
        width = len(scores.columns)
        cells = scores.backward(drawn[:, :width], rng)
        cells += [_category(column, drawn[:, width + at]) for at, column in enumerate(categories)]
        return in_order(own, cells)


def _edges(column: Column) -> NDArray[np.float64]:
    """Return where each category ends, between 0 and 1; a gap counts as the last one."""
    codes = np.where(np.isnan(column.values), len(column.names), column.values).astype(int)
    counts = np.bincount(codes, minlength=len(column.names) + 1)
    return np.asarray(np.cumsum(counts) / max(1, counts.sum()))


def _latent(column: Column, rng: np.random.Generator) -> NDArray[np.float64]:
    codes = np.where(np.isnan(column.values), len(column.names), column.values).astype(int)
    edges = np.concatenate([[0.0], _edges(column)])
    within = rng.uniform(0.01, 0.99, len(codes))
    return np.asarray(ndtri(edges[codes] + within * (edges[codes + 1] - edges[codes])))


def _category(column: Column, latent: NDArray[np.float64]) -> Column:
    codes = np.searchsorted(_edges(column), ndtr(latent), "left").astype(np.float64)
    codes[codes >= len(column.names)] = np.nan
    return replace(column, values=codes)


class Smote(_Learned):
    """Points between a real row and a near one of its class (Chawla et al. 2002).

    By imbalanced-learn. With categories it is SMOTENC, which takes the most frequent one among the
    neighbours.

    ``adaptive``: ADASYN (He et al. 2008) makes more of them where the classes mix.
    """

    def __init__(self, adaptive: bool = False) -> None:
        super().__init__()
        self.adaptive = adaptive

    def sample(self, wanted: Wanted, rng: np.random.Generator) -> tuple[Table, Target]:
        """Return new rows of all classes at once: neighbours are looked for among all rows."""
        labels = self.target.labels
        have = np.bincount(labels, minlength=len(self.target.classes))
        counts = {label: count for label, count in wanted.items() if count > 0}
        if not counts:
            return super().sample(wanted, rng)
        filled = _filled(self.table)
        totals = {label: int(have[label]) + count for label, count in counts.items()}
        neighbours = max(1, min(NEIGHBOURS, min(int(have[label]) for label in counts) - 1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a table so small that neighbours repeat
            rows, resampled = self._resampled(filled, labels, totals, neighbours, rng)
        rows, resampled = rows[len(labels) :], resampled[len(labels) :]
        columns = (
            replace(column, values=np.round(rows[:, at].astype(np.float64), _decimals(column)))
            for at, column in enumerate(self.table.columns)
        )
        return replace(self.table, columns=tuple(columns)), replace(self.target, labels=resampled)

    def _resampled(
        self,
        cells: Vectors,
        labels: NDArray[np.int_],
        totals: Mapping[int, int],
        neighbours: int,
        rng: np.random.Generator,
    ) -> tuple[Any, Any]:
        from imblearn.over_sampling import ADASYN, SMOTE, SMOTENC

        seed = int(rng.integers(2**31))
        is_category = [column.kind == "category" for column in self.table.columns]
        scale = np.where(is_category, 1.0, np.maximum(cells.std(0), 1e-12))
        how: dict[str, Any] = {"sampling_strategy": dict(totals), "random_state": seed}
        if any(is_category) and not all(is_category):
            sampler = SMOTENC(is_category, k_neighbors=neighbours, **how)
        else:
            sampler = SMOTE(k_neighbors=neighbours, **how)
            if self.adaptive:
                try:
                    adaptive = ADASYN(n_neighbors=neighbours, **how)
                    rows, resampled = adaptive.fit_resample(cells / scale, labels)
                    return rows * scale, resampled
                except ValueError:
                    pass  # no row has a neighbour of another class: nowhere is it harder
        rows, resampled = sampler.fit_resample(cells / scale, labels)
        return rows * scale, resampled


def _filled(table: Table) -> Vectors:
    """Return cells without gaps: the median of numbers, the most frequent of categories."""
    cells = table.cells()
    for at, column in enumerate(table.columns):
        gaps = np.isnan(cells[:, at])
        if gaps.any():
            values = cells[~gaps, at]
            common = np.bincount(values.astype(int)).argmax() if column.names else np.median(values)
            cells[gaps, at] = common
    return cells


def _decimals(column: Column) -> int:
    return 0 if column.names else 6 if column.kind == "date" else column.decimals


def in_order(like: Table, columns: list[Column]) -> Table:
    """Return columns as a table, in the order that they have in ``like``."""
    named = {column.name: column for column in columns}
    return replace(like, columns=tuple(named[column.name] for column in like.columns))
