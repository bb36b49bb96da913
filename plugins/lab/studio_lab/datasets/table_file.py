"""Reading and writing tables as CSV files, as people and spreadsheets write them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput, read_regular, sentence
from studio_lab.datasets.table import Column, Table
from studio_lab.schema.names import ExtremesName, FirstRowName

MOST_BYTES = 256 << 20
MOST_CELLS = 10_000_000
MOST_CATEGORIES = 60
SAMPLE = 64 << 10

FAR = 1e9
"""So many usual distances from the median of its column a value is extreme: a slip or a mark, which
would leave nothing of the others once the column is scaled."""
_LARGEST = 1e150  # its square is still a number
_LOOKED_AT = 200
"""Rows below the first one that tell whether it is one of them."""

_GAPS = frozenset(("", "na", "n/a", "nan", "null", "none", "-", "?", "#n/a", "#value!"))
_CODE = re.compile(r"[+-]?0\d")  # 007 is a code and no number
_DATE_FORMS = ("", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.%Y %H:%M")
_EPOCH = datetime(1970, 1, 1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Reading:
    """The user's choices for reading a table.

    Attributes:
        first_row: Role of the first row; ``auto`` takes it for names unless it looks like data.
        extremes: Refuse infinite and extreme values, or limit them to the range of the others.
    """

    first_row: FirstRowName = "auto"
    extremes: ExtremesName = "refuse"


USUAL = Reading()


def read_table(path: Path, how: Reading = USUAL) -> Table:
    """Read the table in a CSV file, in UTF-8, UTF-16 or Windows-1252.

    Commas, semicolons, tabs and bars separate; with semicolons a comma may stand in numbers.

    Raises:
        BadInput: It is no such table, has extreme values that are to be refused, or is larger than
            256 MiB or 10 million cells.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(
                f"“{path.name}” is larger than {MOST_BYTES >> 20} MiB.", "Take fewer rows."
            )
        data = read_regular(path)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    return parse_table(data, path.name, how)


def parse_table(data: bytes, name: str = "table", how: Reading = USUAL) -> Table:
    """Read the table in the bytes of a CSV file; ``name`` is for errors.

    Raises:
        BadInput: As ``read_table``.
    """
    text, decoding = decoded(data, name)
    notes, separator = list[str](decoding), _separator(text)
    decimal_comma = separator == ";"
    rows = _rows(text, separator, name)
    (_, first), width = rows[0], len(rows[0][1])
    if how.first_row == "data" or (how.first_row == "auto" and _is_data(rows, decimal_comma)):
        names = [f"column {at + 1}" for at in range(width)]
        if how.first_row == "auto":
            notes.append(
                sentence(
                    "The first row looks like data, so the columns are numbered. If it has names, "
                    "set First row to Names."
                )
            )
    else:
        names, rows = _names(first), rows[1:]
    body = [row for row in rows if len(row[1]) == width]
    if odd := len(rows) - len(body):
        notes.append(
            sentence(
                "Left out: rows with another number of cells than the first ({count}).",
                count=f"{odd:,}",
            )
        )
    if not body:
        raise BadInput(f"“{name}” has no rows below its first.", "Pick a CSV file with data.")
    columns = [
        _column(label, [cell.strip() for cell in cells], decimal_comma)
        for label, cells in zip(names, zip(*(cells for _, cells in body)))
    ]
    numbers = np.array([number for number, _ in body])
    columns, limited = _without_extremes(columns, numbers, name, how.extremes)
    return Table(tuple(columns), (*notes, *limited, *_column_notes(columns)))


def _is_data(rows: Sequence[tuple[int, list[str]]], decimal_comma: bool) -> bool:
    """Whether the first row is one like the others.

    A word above numbers is a name. Numbers above numbers are data if most lie within their range,
    and if they do not count: columns of years have names that do. Without numbers, words that come
    again below themselves are data.
    """
    (_, first), *rest = rows[: _LOOKED_AT + 1]
    values, inside, words, repeats = list[float](), 0, 0, 0
    for at, cell in enumerate(map(str.strip, first)):
        below = [row[at].strip() for _, row in rest if len(row) > at]
        below = [other for other in below if other.lower() not in _GAPS]
        if not below or cell.lower() in _GAPS:
            continue
        column, top = (_numbers("", cells, decimal_comma) for cells in (below, [cell]))
        if column is None:
            column, top = _dates("", below), _dates("", [cell])
        if column is None:
            words, repeats = words + 1, repeats + (cell in below)
            continue
        if top is None:
            return False
        values.append(float(top.values[0]))
        inside += bool(column.values.min() <= values[-1] <= column.values.max())
    if len(rest) < 3:
        return False
    if values:
        steps = np.diff(values)
        counts = len(values) > 2 and steps[0] != 0 and np.ptp(steps) == 0
        return 2 * inside > len(values) and not counts
    return 0 < words <= 2 * repeats


def _without_extremes(
    columns: Sequence[Column], rows: NDArray[np.int_], name: str, what: ExtremesName
) -> tuple[list[Column], list[str]]:
    """Limit infinite and extreme values to the range of the others, with a note about each column.

    Args:
        rows: The number of each row in the file, for a person who looks there.

    Raises:
        BadInput: There are some, and they are to be refused.
    """
    limited, where = list[Column](), dict[str, str]()
    for column in columns:
        far = _extreme(column.values) if column.kind == "number" else np.zeros(0, bool)
        if far.any():
            where[column.name] = _listed_rows(rows[far])
            usual = column.values[~far & ~np.isnan(column.values)]
            column = replace(column, values=column.values.clip(usual.min(), usual.max()))
        limited.append(column)
    if where and what == "refuse":
        raise BadInput(
            f"“{name}” has infinite or extreme values: "
            + "; ".join(f"“{label}” in {places}" for label, places in where.items())
            + ".",
            "Correct these rows, or set Extreme values to Limit.",
        )
    return limited, [
        sentence(
            "“{column}” has infinite or extreme values in {rows}: limited to the range of the "
            "others.",
            column=label, rows=places,
        )
        for label, places in where.items()
    ]  # fmt: skip


def _extreme(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which values are infinite, or extreme against the others of their column."""
    far = np.isinf(values) | (np.abs(values) > _LARGEST)
    usual = values[~far & ~np.isnan(values)]
    if not len(usual):  # nothing to set them beside
        return np.asarray(np.isinf(values))
    away = np.abs(np.where(far, np.nan, values) - np.median(usual))
    some = away[away > 0]
    return np.asarray(far | (away > FAR * float(np.median(some)))) if len(some) else far


def _listed_rows(rows: NDArray[np.int_]) -> str:
    if len(rows) == 1:
        return sentence("row {row}", row=f"{rows[0]:,}")
    shown = ", ".join(f"{row:,}" for row in rows[:5])
    if len(rows) <= 5:
        return sentence("rows {rows}", rows=shown)
    return sentence("rows {rows} and {count} more", rows=shown, count=f"{len(rows) - 5:,}")


def decoded(data: bytes, name: str) -> tuple[str, list[str]]:
    """Decode a file; return its text and notes on its encoding.

    Raises:
        BadInput: It is no text.
    """
    if b"\0" in data[:SAMPLE] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise BadInput(f"“{name}” is not a text file.", "Save the table as CSV and pick that file.")
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16"), []
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows-1252; what a spreadsheet wrote has none of them.
        text = data.decode("cp1252", "replace")
        return text, [sentence("The file is not UTF-8; it was read as Windows-1252.")]


def _separator(text: str) -> str:
    first = text[:SAMPLE].lstrip("\r\n").partition("\n")[0]
    outside = re.sub(r'"[^"]*"', "", first)
    # A tab is no part of a sentence; commas are.
    return "\t" if "\t" in outside else max(",;|", key=outside.count)


def csv_rows(text: str, name: str) -> list[list[str]]:
    """Return the cells of each row of a CSV file that has some, however they are separated.

    Raises:
        BadInput: It is none, it is empty, or it has more than 10 million cells.
    """
    return [cells for _, cells in _rows(text, _separator(text), name)]


def _rows(text: str, separator: str, name: str) -> list[tuple[int, list[str]]]:
    """Return the number of each row that has something, as a spreadsheet counts, and its cells."""
    reader, numbered, cells = csv.reader(io.StringIO(text, newline=""), delimiter=separator), [], 0
    try:
        for number, row in enumerate(reader, 1):
            if any(row):
                numbered.append((number, row))
            if (cells := cells + len(row)) > MOST_CELLS:
                raise BadInput(
                    f"“{name}” has more than {MOST_CELLS:,} cells.", "Take fewer rows or columns."
                )
    except csv.Error as error:
        raise BadInput(
            f"“{name}” cannot be read as CSV at line {reader.line_num:,}: {error}.",
            "Correct that line.",
        ) from error
    if not numbered:
        raise BadInput(f"“{name}” is empty.", "Pick a CSV file with data.")
    return numbered


def _names(first: Sequence[str]) -> list[str]:
    """Return a name for each column; those that repeat, or are empty, get their number."""
    given = [name.strip() or f"column {at + 1}" for at, name in enumerate(first)]
    often = Counter(given)
    return [name if often[name] == 1 else f"{name} ({at + 1})" for at, name in enumerate(given)]


def _column(name: str, cells: Sequence[str], decimal_comma: bool) -> Column:
    gaps = np.array([cell.lower() in _GAPS for cell in cells])
    if gaps.all():
        return Column(name, "empty", np.full(len(cells), np.nan))
    filled = [cell for cell, gap in zip(cells, gaps) if not gap]
    column = (
        _numbers(name, filled, decimal_comma) or _dates(name, filled) or _categories(name, filled)
    )
    values = np.full(len(cells), np.nan)
    values[~gaps] = column.values
    if len(np.unique(column.values)) == 1:
        values[~gaps] = 0
        return Column(name, "constant", values, (filled[0],))
    return replace(column, values=values)


def _numbers(name: str, cells: Sequence[str], decimal_comma: bool) -> Column | None:
    if any(_CODE.match(cell) for cell in cells):
        return None
    if decimal_comma:
        cells = [cell.replace(".", "").replace(",", ".") if "," in cell else cell for cell in cells]
    try:
        values = np.array(cells, np.float64)
    except ValueError:
        return None
    decimals = max((len(cell.partition(".")[2]) for cell in cells if "e" not in cell.lower()),
                   default=6)  # fmt: skip
    return Column(name, "number", values, decimals=min(decimals, 12))


def _dates(name: str, cells: Sequence[str]) -> Column | None:
    for form in _DATE_FORMS:
        try:
            moments = [_moment(cell, form).replace(tzinfo=None) for cell in cells]
        except ValueError:
            continue
        days = np.array([(moment - _EPOCH) / _DAY for moment in moments])
        return Column(name, "date", days, form=form)
    return None


def _moment(cell: str, form: str) -> datetime:
    return datetime.strptime(cell, form) if form else datetime.fromisoformat(cell)


def _categories(name: str, cells: Sequence[str]) -> Column:
    names, values = np.unique(np.array(cells, dtype=object).astype(str), return_inverse=True)
    is_text = len(names) > MOST_CATEGORIES or len(names) > max(20, len(cells) / 2)
    return Column(name, "text" if is_text else "category", values.astype(np.float64),
                  tuple(map(str, names)))  # fmt: skip


def _column_notes(columns: Sequence[Column]) -> list[str]:
    """Return notes on unusable columns, and on gaps."""
    empty, constant, texts = (
        _listed([(column.name, 0) for column in columns if column.kind == kind])
        for kind in ("empty", "constant", "text")
    )
    gaps = _listed(
        [
            (column.name, column.missing)
            for column in columns
            if column.missing and column.kind != "empty"
        ]
    )
    reasons = (
        (empty, sentence("Without values, so not used: {columns}.", columns=empty)),
        (constant, sentence(
            "The same value everywhere, so not used: {columns}.", columns=constant,
        )),
        (texts, sentence(
            "Text with more than {most} different values, so not used: {columns}.",
            most=MOST_CATEGORIES, columns=texts,
        )),
        (gaps, sentence("With gaps: {columns}.", columns=gaps)),
    )  # fmt: skip
    return [note for names, note in reasons if names]


def _listed(names: Sequence[tuple[str, int]]) -> str:
    """Return names, and counts above 0, as sentences within each other: quotation marks are those
    of the language."""
    shown = ""
    for name, count in names[:5]:
        quoted = sentence("“{name}”", name=name)
        if count:
            quoted = sentence("{name} ({count})", name=quoted, count=f"{count:,}")
        shown = sentence("{names}, {name}", names=shown, name=quoted) if shown else quoted
    if len(names) <= 5:
        return shown
    return sentence("{names} and {count} more", names=shown, count=f"{len(names) - 5:,}")


def as_csv(table: Table) -> bytes:
    """Return a table as CSV in UTF-8, numbers with the decimals they were read with."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows(zip(*(_cells(column) for column in table.columns)))
    return out.getvalue().encode("utf-8")


def _cells(column: Column) -> list[str]:
    return ["" if np.isnan(value) else _cell(column, float(value)) for value in column.values]


def _cell(column: Column, value: float) -> str:
    if column.names:
        return column.names[int(value)]
    if column.kind == "date":
        moment = _EPOCH + value * _DAY
        if column.form:
            return moment.strftime(column.form)
        return (
            moment.date().isoformat()
            if value == int(value)
            else moment.isoformat(timespec="seconds")
        )
    return f"{value:.{column.decimals}f}"
