"""Tables as text: comma, semicolon, tab or bar, as programs write them. No chemistry."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

MAX_LINE = 100_000
_MAX_JOINED = 100
"""Lines of one row: a name may hold some."""
_SIGNS = ",;\t|"
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?", re.ASCII)
_DECIMAL_POINT = re.compile(r"[+-]?\d+\.\d+([eE][+-]?\d+)?", re.ASCII)


class TextTable:
    """The lines of a text with a header.

    Attributes:
        lines: All lines of the text.
        heads: The titles of the columns, each another one.
    """

    def __init__(self, text: str) -> None:
        self.lines = list(io.StringIO(text, newline=None))
        self._first = 1 + bool(self.lines and self.lines[0].lower().startswith("sep="))
        head = self.lines[self._first - 1] if len(self.lines) >= self._first else ""
        self._sign = max(_SIGNS, key=lambda sign: len(cells(head, sign)))
        self.heads = titles(cells(head, self._sign))

    def rows(self) -> Iterator[tuple[int, list[str], bool]]:
        """Yield each row below the header: its line, its cells, whether it was cut."""
        commas = self._decimal_commas()
        for line, row, cut in self._rows():
            for place in commas:
                if place < len(row) and _DECIMAL_COMMA.fullmatch(row[place]):
                    row[place] = row[place].replace(",", ".")
            yield line, row, cut

    def sample(self, most: int) -> list[list[str]]:
        """Return the cells of the first rows."""
        rows: list[list[str]] = []
        for _line, row, _cut in self._rows():
            if len(rows) == most:
                break
            rows.append(row)
        return rows

    def _rows(self) -> Iterator[tuple[int, list[str], bool]]:
        """Yield rows. A quotation mark that is never closed spoils its own line and no other."""
        place = self._first
        while place < len(self.lines):
            line, number, taken = self.lines[place], place + 1, 1
            row = cells(line, self._sign)
            if line.count('"') % 2 and len(row) <= len(self.heads):
                taken, row = self._joined(place, row)
            place += taken
            if any(row):
                yield number, row, taken == 1 and len(line) > MAX_LINE

    def _joined(self, place: int, alone: list[str]) -> tuple[int, list[str]]:
        """Return how many lines are one row, and its cells, where a cell holds line breaks."""
        text = self.lines[place]
        for more, line in enumerate(self.lines[place + 1 : place + _MAX_JOINED], 2):
            text += line
            if len(text) > MAX_LINE:
                break
            if line.count('"') % 2:
                row = cells(text, self._sign)
                return (more, row) if len(row) == len(self.heads) else (1, alone)
        return 1, alone

    def _decimal_commas(self) -> list[int]:
        """Return the columns in which a comma is the point, as in most of Europe."""
        if self._sign == ",":
            return []
        commas, points = Counter[int](), Counter[int]()
        for row in self.sample(1000):
            for place, cell in enumerate(row):
                commas[place] += bool(_DECIMAL_COMMA.fullmatch(cell))
                points[place] += bool(_DECIMAL_POINT.fullmatch(cell))
        return [place for place, count in commas.items() if count and not points[place]]


def cells(line: str, sign: str) -> list[str]:
    """Return the cells of a row, without the space around them."""
    row = next(csv.reader(io.StringIO(line[:MAX_LINE], newline=""), delimiter=sign), [])
    return [cell.strip() for cell in row]


def titles(heads: Sequence[str]) -> list[str]:
    """Return the titles of columns: none empty, none twice."""
    counts: dict[str, int] = {}
    for place, head in enumerate(heads, 1):
        title = wanted = head or f"Column {place}"
        while title in counts:
            counts[wanted] = counts.get(wanted, 1) + 1
            title = f"{wanted} ({counts[wanted]})"
        counts[title] = 1
    return list(counts)
