"""Reads the columns of a CSV file, whatever separates them. Knows nothing of the studio."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

MAX_ROWS = 100_000
_SEPARATORS = ",;\t|"


def read_columns(data: bytes) -> dict[str, list[str]]:
    """Return name → values of each column; the first row has the names.

    Raises:
        ValueError: It is no table; says why.
    """
    text = data.decode("utf-8-sig", "replace")
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(row)]
    if len(rows) < 2:
        raise ValueError("it has no rows below its first")
    if len(rows) > MAX_ROWS:
        raise ValueError(f"it has more than {MAX_ROWS:,} rows")
    names = [name.strip() or f"Column {number}" for number, name in enumerate(rows[0], start=1)]
    if len(set(names)) < len(names):
        raise ValueError("two columns have the same name")
    width = len(names)
    filled = [[*row[:width], *[""] * (width - len(row))] for row in rows[1:]]
    return {name: [row[at] for row in filled] for at, name in enumerate(names)}


def numbers(values: Sequence[str]) -> list[float | None]:
    """Return values as numbers, with a decimal point or comma; None for what is none."""
    return [_number(value.strip()) for value in values]


def is_numeric(values: Sequence[str]) -> bool:
    """Whether most of the values are numbers."""
    return 2 * sum(each is not None for each in numbers(values)) > len(values)


def _number(value: str) -> float | None:
    try:
        return float(value.replace(",", ".") if "." not in value else value)
    except ValueError:
        return None
