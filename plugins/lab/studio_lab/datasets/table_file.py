"""Reading and writing tables as CSV files, as people and spreadsheets write them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from studio.api import BadInput, read_regular, sentence
from studio_lab.datasets.table import Column, Table

MOST_BYTES = 256 << 20
MOST_CELLS = 10_000_000
MOST_CATEGORIES = 60
SAMPLE = 64 << 10

_GAPS = frozenset(
    ("", "na", "n/a", "nan", "null", "none", "-", "?", "#n/a", "#value!", "inf", "-inf")
)
_CODE = re.compile(r"[+-]?0\d")  # 007 is a code and no number
_DATE_FORMS = ("", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.%Y %H:%M")
_EPOCH = datetime(1970, 1, 1)
_DAY = timedelta(days=1)


def read_table(path: Path) -> Table:
    """Return the table in a CSV file: with a row of names, in UTF-8, UTF-16 or Windows-1252.

    Commas, semicolons, tabs and bars separate; with semicolons a comma may stand in numbers.

    Raises:
        BadInput: It is no such table, or larger than 256 MiB or 10 million cells.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(
                f"“{path.name}” is larger than {MOST_BYTES >> 20} MiB.", "Take fewer rows."
            )
        data = read_regular(path)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    return parse_table(data, path.name)


def parse_table(data: bytes, name: str = "table") -> Table:
    """Return the table in the bytes of a CSV file; ``name`` is for errors.

    Raises:
        BadInput: As ``read_table``.
    """
    text, notes = _decoded(data, name)
    separator = _separator(text)
    rows = _rows(text, separator, name)
    names, notes = _names(rows[0]), list(notes)
    width = len(names)
    body = [row for row in rows[1:] if len(row) == width]
    if len(body) < len(rows) - 1:
        odd = len(rows) - 1 - len(body)
        notes.append(
            sentence(
                "{count} rows have another number of cells than the first and are left out.",
                count=f"{odd:,}",
            )
        )
    if not body:
        raise BadInput(f"“{name}” has no rows below its first.", "Pick a CSV file with data.")
    decimal_comma = separator == ";"
    columns = [
        _column(label, [cell.strip() for cell in cells], decimal_comma)
        for label, cells in zip(names, zip(*body))
    ]
    return Table(tuple(columns), (*notes, *_column_notes(columns)))


def _decoded(data: bytes, name: str) -> tuple[str, list[str]]:
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
    return max(",;\t|", key=outside.count)


def _rows(text: str, separator: str, name: str) -> list[list[str]]:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        rows = list(_limited((row for row in reader if any(row)), name))
    except csv.Error as error:
        raise BadInput(f"“{name}” is not a CSV file: {error}.") from error
    if not rows:
        raise BadInput(f"“{name}” is empty.", "Pick a CSV file with a row of names and data below.")
    return rows


def _limited(rows: Iterable[list[str]], name: str) -> Iterator[list[str]]:
    cells = 0
    for row in rows:
        cells += len(row)
        if cells > MOST_CELLS:
            raise BadInput(
                f"“{name}” has more than {MOST_CELLS:,} cells.", "Take fewer rows or columns."
            )
        yield row


def _names(first: Sequence[str]) -> list[str]:
    """Return a name for each column; those that repeat, or are empty, get their number."""
    given = [name.strip() or f"column {at + 1}" for at, name in enumerate(first)]
    often = Counter(given)
    return [name if often[name] == 1 else f"{name} ({at + 1})" for at, name in enumerate(given)]


def _column(name: str, cells: Sequence[str], decimal_comma: bool) -> Column:
    gaps = np.array([cell.lower() in _GAPS for cell in cells])
    if gaps.all():
        return Column(name, "empty", np.full(len(cells), np.nan))
    known = [cell for cell, gap in zip(cells, gaps) if not gap]
    column = _numbers(name, known, decimal_comma) or _dates(name, known) or _categories(name, known)
    values = np.full(len(cells), np.nan)
    values[~gaps] = column.values
    constant = len(np.unique(column.values)) == 1
    kind = "constant" if constant else column.kind
    return Column(name, kind, values, column.names, column.decimals, column.form)


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
    return Column(name, "number", np.where(np.isfinite(values), values, np.nan),
                  decimals=min(decimals, 12))  # fmt: skip


def _dates(name: str, cells: Sequence[str]) -> Column | None:
    for form in _DATE_FORMS:
        try:
            found = [_moment(cell, form).replace(tzinfo=None) for cell in cells]
        except ValueError:
            continue
        days = np.array([(each - _EPOCH) / _DAY for each in found])
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
    """Return what is to be said about columns that no model can use, and about gaps."""
    empty, constant, texts = (
        _listed([each.name for each in columns if each.kind == kind])
        for kind in ("empty", "constant", "text")
    )
    gaps = _listed([each.name for each in columns if each.missing and each.kind != "empty"])
    told = (
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
    return [note for names, note in told if names]


def _listed(names: Sequence[str]) -> str:
    """Return names as sentences within each other: quotation marks are those of the language."""
    shown = ""
    for name in names[:5]:
        quoted = sentence("“{name}”", name=name)
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
