"""A table as rows of numbers that a network learns from, and the way back."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput, sentence
from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.datasets.table import USABLE, Column, Table, only
from studio_lab.datasets.table_file import USUAL, Reading, read_table

FEWEST = 40
MOST_COLUMNS = 2000
"""Numbers of a row, with one for each value of a category."""


def read_rows(path: Path, how: Reading = USUAL) -> tuple[Dataset, list[str]]:
    """Read the rows of a CSV file, and notes about it.

    Raises:
        BadInput: It is no table, or has too few rows, or no column to learn from.
    """
    table = read_table(path, how)
    dataset, notes = from_table(path.stem, table)
    return dataset, [*table.notes, *notes]


def from_table(title: str, table: Table, licence: str = "") -> tuple[Dataset, list[str]]:
    """Return a table as numbers with mean 0 and spread 1; of a category one for each value.

    Gaps in numbers become the middle of their column; in categories they are one more category.

    Raises:
        BadInput: There are too few rows, or no column to learn from.
    """
    usable = [column for column in table.columns if column.kind in USABLE]
    notes = [_left_out(field) for field in table.columns if field.kind not in USABLE][:8]
    if len(table) < FEWEST:
        raise BadInput(
            f"“{title}” has {only(len(table), 'rows')}; training needs at least {FEWEST}.",
            "Choose a table with more rows.",
        )
    if not usable and all(column.kind in ("constant", "empty") for column in table.columns):
        raise BadInput(
            f"All {len(table):,} rows of “{title}” are the same, so there is nothing to learn.",
            "Choose a table with different rows.",
        )
    if not usable:
        raise BadInput(
            f"“{title}” has no column of numbers, dates or categories.", "Choose another table."
        )
    if any(column.missing for column in usable):
        notes.append(
            sentence(
                "For training, gaps in numbers and dates become the mean of their column; in "
                "categories they are a category of their own."
            )
        )
    width = sum(len(_categories(field)) if field.kind == "category" else 1 for field in usable)
    if width > MOST_COLUMNS:
        raise BadInput(
            f"“{title}” has {width:,} columns once its categories are numbers; the limit "
            f"is {MOST_COLUMNS:,}.",
            "Leave out some columns.",
        )
    parts: list[NDArray[np.float64]] = []
    facts: list[dict[str, Any]] = []
    for column in usable:
        gaps = np.isnan(column.values)
        if column.kind == "category":
            names = _categories(column)
            values = np.eye(len(names))[np.where(gaps, len(names) - 1, column.values).astype(int)]
            parts.append(2.0 * values - 1)
            facts.append({"name": column.name, "names": names})
            continue
        middle, spread = float(np.nanmean(column.values)), float(np.nanstd(column.values)) or 1.0
        parts.append(((np.where(gaps, middle, column.values) - middle) / spread)[:, None])
        how = {"mean": middle, "spread": spread, "decimals": column.decimals}
        how |= {"least": float(np.nanmin(column.values)), "most": float(np.nanmax(column.values))}
        facts.append({"name": column.name, "is_date": column.kind == "date", **how})
    rows = np.concatenate(parts, 1).astype(np.float32)
    shape = Shape("table", columns=rows.shape[1])
    split = Split.drawn(len(rows), 0)
    meta = {"columns": facts}
    return Dataset(title, shape, rows, split, licence=licence, meta=meta, table=table), notes


def _categories(column: Column) -> list[str]:
    """Return the categories of a column, with an unnamed one if it has gaps."""
    return [*column.names, *([""] if column.missing else [])]


def _left_out(column: Column) -> str:
    if column.kind == "empty":
        return sentence("Column “{name}” is left out: it is empty.", name=column.name)
    if column.kind == "constant":
        return sentence(
            "Column “{name}” is left out: it is the same in all rows.", name=column.name
        )
    return sentence("Column “{name}” is left out: its texts hardly repeat.", name=column.name)


def as_csv(rows: NDArray[np.float32], columns: Sequence[Mapping[str, Any]]) -> str:
    """Return rows of numbers as the table that they stand for; nothing leaves a column's range."""
    cells, at = [], 0
    for column in columns:
        if "names" in column:
            names = column["names"]
            chosen = rows[:, at : at + len(names)].argmax(1)
            cells.append([names[number] for number in chosen])
            at += len(names)
        else:
            values = rows[:, at].astype(np.float64) * column["spread"] + column["mean"]
            cells.append([_cell(v, column) for v in values.clip(column["least"], column["most"])])
            at += 1
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([column["name"] for column in columns])
    writer.writerows(zip(*cells))
    return file.getvalue()


def _cell(value: float, column: Mapping[str, Any]) -> str:
    if column["is_date"]:
        return (datetime(1970, 1, 1) + timedelta(days=value)).date().isoformat()
    return f"{value:.{column['decimals']}f}"
