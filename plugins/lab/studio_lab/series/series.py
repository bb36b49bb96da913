"""Columns of a table over time: in order, evenly spaced, without gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput, sentence
from studio_lab.datasets.table import Column, Table

FEWEST = 120
"""Times; with fewer there is nothing to hold out."""
MOST_GAPS = 0.2
MOST_LAGS = 12
MOST_CHANNELS = 20


@dataclass(frozen=True)
class Series:
    """Values, one after the other.

    Attributes:
        values: (n, channels) in the order of time; the first channel is forecast.
        times: The column of times, in order.
        columns: What the channels are called, and the decimals they have.
    """

    values: NDArray[np.float64]
    times: Column
    columns: tuple[Column, ...]

    @property
    def column(self) -> Column:
        """The column to forecast."""
        return self.columns[0]

    @property
    def lags(self) -> int:
        """How many values before it a forecast sees."""
        return min(MOST_LAGS, len(self.values) // 20)


def series_of(
    table: Table, target: str, name: str, beside: Sequence[str] = ()
) -> tuple[Series, list[str]]:
    """Return columns of a table over its column of times, and notes about them.

    Args:
        target: The column that is forecast.
        beside: Columns that were measured at the same times.
        name: Of the table, for sentences.

    Raises:
        BadInput: There is no column of times, or a column cannot be forecast.
    """
    names, notes = list(dict.fromkeys((target, *beside))), list(table.notes)
    if len(names) > MOST_CHANNELS:
        raise BadInput(
            f"{len(names):,} columns were chosen; {MOST_CHANNELS} are the most.",
            "Choose those that belong to the target.",
        )
    columns = tuple(table[column_read] for column_read in names)
    for column in columns:
        if column.kind != "number":
            raise BadInput(
                f"“{column.name}” is not a column of different numbers, so there is nothing to "
                "forecast.",
                "Pick a column that was measured over time.",
            )
    if len(table) < FEWEST:
        raise BadInput(
            f"“{name}” has {len(table)} times; {FEWEST} are the least to tell anything.",
            "Choose a longer series.",
        )
    times = _times(table, names, name)
    order = np.argsort(times.values, kind="stable")
    times = times.at(order)
    steps = np.diff(times.values)
    if (repeated := int((steps == 0).sum())) > 0:
        raise BadInput(
            f"“{times.name}” has {repeated:,} times more than once: the table holds several "
            "series.",
            "Keep one series, or sum up the rows of each time.",
        )
    if steps.max() > 1.5 * np.median(steps):
        notes.append(sentence("Times are not evenly spaced; each row counts as one step."))
    channels = [
        _bridged(column_read.name, column_read.values[order], notes) for column_read in columns
    ]
    return Series(np.stack(channels, axis=1), times, columns), notes


def _bridged(name: str, values: NDArray[np.float64], notes: list[str]) -> NDArray[np.float64]:
    gaps = np.isnan(values)
    if gaps.mean() > MOST_GAPS:
        raise BadInput(
            f"{gaps.mean():.0%} of “{name}” are gaps; {MOST_GAPS:.0%} are the most.",
            "Pick another column, or fill the gaps first.",
        )
    if gaps.any():
        places = np.arange(len(values))
        values = np.interp(places, places[~gaps], values[~gaps])
        count = f"{gaps.sum():,}"
        notes.append(
            sentence(
                "{count} gaps of “{name}” are bridged by straight lines.", count=count, name=name
            )
        )
    return values


def _times(table: Table, channels: Sequence[str], name: str) -> Column:
    whole = [
        candidate
        for candidate in table.columns
        if candidate.name not in channels and not candidate.missing
    ]
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


def windows(segments: Sequence[NDArray[np.float64]], length: int) -> NDArray[np.float64]:
    """Return all windows that lie within one segment, (n, channels, length)."""
    views = [
        np.lib.stride_tricks.sliding_window_view(segment, length, axis=0)
        for segment in segments
        if len(segment) >= length
    ]
    return np.concatenate(views) if views else np.zeros((0, segments[0].shape[1], length))


def correlations(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of each pair of channels, in the order of the upper triangle."""
    with np.errstate(invalid="ignore", divide="ignore"):  # a channel that never changes
        matrix = np.nan_to_num(np.corrcoef(values, rowvar=False).reshape(values.shape[1], -1))
    return np.asarray(matrix[np.triu_indices(values.shape[1], 1)])


def autocorrelation(values: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Return the autocorrelation at lags 1 … ``lags``."""
    centred = values - values.mean()
    power = max(float(centred @ centred), 1e-12)
    return np.array([float(centred[lag:] @ centred[:-lag]) / power for lag in range(1, lags + 1)])
