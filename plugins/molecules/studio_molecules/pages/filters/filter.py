"""Which rows of a table are shown: ranges of figures, words, a substructure. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from studio_molecules.pages.table.columns import Columns

BINS = 32


def histogram(values: Iterable[float], low: float, high: float, bins: int = BINS) -> list[int]:
    """Return how many values lie in each of ``bins`` equal parts from ``low`` to ``high``."""
    counts = [0] * bins
    width = (high - low) / bins
    for value in values:
        if low <= value <= high:
            place = int((value - low) / width) if width > 0 else 0
            counts[min(place, bins - 1)] += 1
    return counts


class Filters:
    """Conditions on the molecules to show.

    Attributes:
        ranges: Figure → minimum and maximum, in the order they were added.
        cells: Text column → required substring and accepted values; no value accepts any.
        text: Part of a name, SMILES, operation or field of the file.
        shown_rows: Rows that are shown at all; None for every one.
        matches: Rows that match the substructure query; None without a query.
    """

    def __init__(self) -> None:
        self.ranges: dict[str, tuple[float, float]] = {}
        self.cells: dict[str, tuple[str, frozenset[str]]] = {}
        self.text = ""
        self.shown_rows: frozenset[int] | None = None
        self.matches: frozenset[int] | None = None

    @property
    def active(self) -> bool:
        """Whether anything is asked."""
        return bool(
            self.ranges or self.cells or self.text or self.shown_rows or self.matches is not None
        )

    def passing(self, rows: Columns, order: Sequence[int]) -> list[int]:
        """Return the rows of ``order`` that are shown. Without a value a range is not met."""
        left = (
            order if self.shown_rows is None else [row for row in order if row in self.shown_rows]
        )
        for figure, (low, high) in self.ranges.items():
            values = rows.values(figure)
            if low <= -math.inf and high >= math.inf:
                continue
            left = [row for row in left if low <= values[row] <= high]
        for column, (contains, wanted) in self.cells.items():
            left = [row for row in left if _says(rows.text(row, column), contains, wanted)]
        if self.matches is not None:
            left = [row for row in left if row in self.matches]
        if self.text:
            left = [row for row in left if self._says(rows, row)]
        return list(left)

    def _says(self, rows: Columns, row: int) -> bool:
        molecule, wanted = rows.molecules[row], self.text
        return (
            wanted in molecule.smiles  # case has a meaning there
            or wanted.lower() in molecule.name.lower()
            or wanted.lower() in molecule.operation.lower()
            or any(wanted.lower() in text.lower() for text in molecule.words.values())
        )


def _says(cell: str, contains: str, wanted: frozenset[str]) -> bool:
    return contains.lower() in cell.lower() and (not wanted or cell in wanted)
