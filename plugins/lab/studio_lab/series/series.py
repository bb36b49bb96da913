"""A column of a table over time: in order, evenly spaced, without gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput
from studio_lab.datasets.table import Column, Table
from studio_lab.measures.distances import Vectors

FEWEST = 120
"""Times; with fewer there is nothing to hold out."""
MOST_GAPS = 0.2
MOST_LAGS = 12


@dataclass(frozen=True)
class Series:
    """Values, one after the other.

    Attributes:
        values: (n,) of the column, in the order of time.
        times: The column of times, in order.
        column: What the values are called, and the decimals they have.
    """

    values: NDArray[np.float64]
    times: Column
    column: Column

    @property
    def lags(self) -> int:
        """How many values before it a forecast sees."""
        return min(MOST_LAGS, len(self.values) // 20)


def series_of(table: Table, target: str, name: str) -> tuple[Series, list[str]]:
    """Return the column ``target`` of a table over its column of times, and notes about it.

    Args:
        name: Of the table, for sentences.

    Raises:
        BadInput: There is no column of times, or the target cannot be forecast.
    """
    column, notes = table[target], list(table.notes)
    if column.kind != "number":
        raise BadInput(
            f"“{target}” is not a column of different numbers, so there is nothing to forecast.",
            "Pick a column that was measured over time.",
        )
    if len(table) < FEWEST:
        raise BadInput(
            f"“{name}” has {len(table)} times; {FEWEST} are the least to tell anything.",
            "Choose a longer series.",
        )
    times = _times(table, target, name)
    order = np.argsort(times.values, kind="stable")
    times, values = times.at(order), column.values[order]
    steps = np.diff(times.values)
    if (repeated := int((steps == 0).sum())) > 0:
        raise BadInput(
            f"“{times.name}” has {repeated:,} times more than once: the table holds several "
            "series.",
            "Keep one series, or sum up the rows of each time.",
        )
    if steps.max() > 1.5 * np.median(steps):
        notes.append("Times are not evenly spaced; each row counts as one step.")
    gaps = np.isnan(values)
    if gaps.mean() > MOST_GAPS:
        raise BadInput(
            f"{gaps.mean():.0%} of “{target}” are gaps; {MOST_GAPS:.0%} are the most.",
            "Pick another column, or fill the gaps first.",
        )
    if gaps.any():
        places = np.arange(len(values))
        values = np.interp(places, places[~gaps], values[~gaps])
        notes.append(f"{gaps.sum():,} gaps of “{target}” are bridged by straight lines.")
    return Series(values, times, column), notes


def _times(table: Table, target: str, name: str) -> Column:
    whole = [each for each in table.columns if each.name != target and not each.missing]
    for column in whole:
        if column.kind == "date":
            return column
    for column in whole:
        if column.kind == "number" and (np.diff(column.values) > 0).all():
            return column
    raise BadInput(
        f"“{name}” has no column of times: dates, or numbers that rise from row to row.",
        "Add a column with the time of each row.",
    )


def windows(segments: list[NDArray[np.float64]], length: int) -> Vectors:
    """Return all windows of ``length`` values that lie within one segment, (n, length)."""
    views = [
        np.lib.stride_tricks.sliding_window_view(each, length)
        for each in segments
        if len(each) >= length
    ]
    return np.concatenate(views) if views else np.zeros((0, length))


def autocorrelation(values: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Return the autocorrelation at lags 1 … ``lags``."""
    centred = values - values.mean()
    power = max(float(centred @ centred), 1e-12)
    return np.array([float(centred[lag:] @ centred[:-lag]) / power for lag in range(1, lags + 1)])
