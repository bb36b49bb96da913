"""A table in memory: typed columns, with gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput, sentence

ColumnKind = Literal["number", "date", "category", "text", "constant", "empty"]
USABLE = ("number", "date", "category")
"""Kinds of columns that say something a model can use."""


@dataclass(frozen=True)
class Column:
    """Values of one column.

    Attributes:
        kind: ``text`` is what hardly ever repeats: a name, an identifier, a remark.
        values: (rows,) numbers; days since 1970 of a date; of all other kinds positions in
            ``names``. NaN is a gap.
        names: What a category or text is called, each once.
        decimals: Digits behind the point that numbers were written with.
        form: The format of dates, for ``strptime``; empty for ISO 8601.
    """

    name: str
    kind: ColumnKind
    values: NDArray[np.float64]
    names: tuple[str, ...] = ()
    decimals: int = 0
    form: str = ""

    @property
    def missing(self) -> int:
        """How many gaps it has."""
        return int(np.isnan(self.values).sum())

    def at(self, rows: NDArray[Any]) -> Column:
        """Return the column of these rows: numbers, or a mask."""
        return replace(self, values=self.values[rows])


@dataclass(frozen=True)
class Table:
    """Columns of the same length.

    Attributes:
        notes: What was noticed when it was read, in sentences.
    """

    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0].values) if self.columns else 0

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise BadInput(f"The table has no column “{name}”.", f"It has {self._some_names()}.")

    def _some_names(self) -> str:
        names = [f"“{column.name}”" for column in self.columns[:8]]
        more = len(self.columns) - len(names)
        return ", ".join(names) + (f" and {more:,} more" if more else "")

    def at(self, rows: NDArray[Any]) -> Table:
        """Return these rows: numbers, or a mask."""
        return replace(self, columns=tuple(column.at(rows) for column in self.columns))

    def only(self, names: Sequence[str]) -> Table:
        """Return the table with these columns alone, in their order here."""
        wanted = set(names)
        return replace(
            self, columns=tuple(column for column in self.columns if column.name in wanted)
        )

    def cells(self) -> NDArray[np.float64]:
        """Return (rows, columns) values, NaN for gaps."""
        return np.stack([column.values for column in self.columns], 1)


def joined(tables: Sequence[Table]) -> Table:
    """Return the rows of tables with equal columns below each other."""
    first = tables[0]
    columns = (
        replace(column, values=np.concatenate([table.columns[at].values for table in tables]))
        for at, column in enumerate(first.columns)
    )
    return replace(first, columns=tuple(columns))


@dataclass(frozen=True)
class Target:
    """The column that is to be predicted.

    Attributes:
        labels: (rows,) class numbers.
        classes: Their names.
    """

    name: str
    labels: NDArray[np.int_]
    classes: tuple[str, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows each class has, the most frequent first."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return {self.classes[at]: int(counts[at]) for at in np.argsort(-counts, kind="stable")}

    def at(self, rows: NDArray[Any]) -> Target:
        """Return the target of these rows."""
        return replace(self, labels=self.labels[rows])


FEWEST = 8
MOST_CLASSES = 20


def with_target(table: Table, name: str) -> tuple[Table, Target]:
    """Return the rows whose class is known and usable, and their classes.

    Rows without a class, and classes of fewer than eight rows, are left out with a note.

    Raises:
        BadInput: There is no such column, it has one class, or it is a quantity.
    """
    column, notes = table[name], list(table.notes)
    is_known = ~np.isnan(column.values)
    if not is_known.all():
        notes.append(
            sentence(
                "Left out: rows without a value of “{name}” ({count}).",
                count=f"{(~is_known).sum():,}", name=name,
            )
        )  # fmt: skip
    classes, labels, counts = np.unique(
        column.values[is_known], return_inverse=True, return_counts=True
    )
    if len(classes) > MOST_CLASSES:
        raise BadInput(
            f"“{name}” has {only(len(classes), 'different values')}; a class needs rows that share "
            "it.",
            f"Pick a column with {MOST_CLASSES} classes at most, or put ranges into classes first.",
        )
    enough = counts >= FEWEST
    names = [_class_name(column, value) for value in classes]
    for label, count in zip(names, counts):
        if count < FEWEST:
            notes.append(
                sentence(
                    "Class “{label}” has too few rows and is left out ({count} of the {fewest} "
                    "that are needed).",
                    label=label, count=int(count), fewest=FEWEST,
                )
            )  # fmt: skip
    if enough.sum() < 2:
        raise BadInput(
            f"“{name}” has one class with {FEWEST} rows or more: there is nothing to tell apart.",
            "Pick another target, or add rows of a second class.",
        )
    rows = np.flatnonzero(is_known)[enough[labels]]
    renumbered = np.cumsum(enough) - 1
    target = Target(
        name,
        renumbered[labels[enough[labels]]],
        tuple(label for label, good in zip(names, enough) if good),
    )
    others = [other.name for other in table.columns if other.name != name]
    return replace(table.at(rows).only(others), notes=tuple(notes)), target


def only(count: int, what: str) -> str:
    """Return ``3 rows``, or ``only 1 row``, of what there is too little of."""
    return f"only 1 {what.removesuffix('s')}" if count == 1 else f"{count:,} {what}"


def _class_name(column: Column, value: float) -> str:
    if column.names:
        return column.names[int(value)]
    return f"{value:.{column.decimals}f}"
