"""The rows of a CSV or TSV file, a line each, named as a spreadsheet counts them."""

from __future__ import annotations

import csv
import io

_SAMPLE = 16_384
_DELIMITERS = ",;\t|"
_MAX_FIELD = 131_072


def read(text: str, suffix: str, most: int) -> tuple[str, str]:
    """Return the rows and the head that belongs above each part of them; empty if it has none.

    Row 17 is line 17 of the text, so that a place in it can be named. A line break within a field
    becomes a space.

    Args:
        suffix: ``.tsv`` has tabs; of others the delimiter is told from the beginning.
        most: Characters; the rows end after the first that goes beyond.

    Raises:
        ValueError: A quotation mark that is never closed, most likely.
    """
    csv.field_size_limit(_MAX_FIELD)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    delimiter = "\t" if suffix == ".tsv" else _delimiter(text[:_SAMPLE])
    lines: list[str] = []
    size = 0
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), 1):
            line = f"Row {number}: " + " | ".join(" ".join(field.split()) for field in row)
            lines.append(line.rstrip(": |"))
            size += len(line) + 1
            if size > most:
                break
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return "\n".join(lines), lines[0] if _has_head(text, delimiter) else ""


def _delimiter(sample: str) -> str:
    """Return the delimiter that cuts most of the first lines into the same number of fields."""

    def steady(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(sample.splitlines()[:50], delimiter=delimiter)]
        wide = [count for count in counts if count > 1]
        common = max(set(wide), key=wide.count, default=0)
        return wide.count(common), common

    return max(_DELIMITERS, key=steady)


def _has_head(text: str, delimiter: str) -> bool:
    """Tell whether the first row has names and no numbers."""
    first = next(csv.reader(io.StringIO(text[:_SAMPLE]), delimiter=delimiter), [])
    return bool(first) and not any(_is_number(field) for field in first)


def _is_number(field: str) -> bool:
    return field.strip().lstrip("+-").replace(".", "").replace(",", "").isdecimal()
