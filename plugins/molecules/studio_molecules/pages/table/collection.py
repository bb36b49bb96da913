"""Model shared by all views: a table, its filters and order, the selection."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from studio.api.window.language import tr
from studio_molecules.molecule import Molecule, OwnColumn
from studio_molecules.pages.filters.filter import Filters
from studio_molecules.pages.table.columns import Columns
from studio_molecules.properties import FIGURES

FEWEST_TAUGHT, MOST_TAUGHT = 20, 5000
"""Rows that a model of an own column is fitted on."""
MADE = ("Cluster", "Cluster size", "Cluster centre", "Scaffold size", "Diverse pick")
"""Columns that the studio made, whatever their names look like."""


class Collection(QObject):
    """Rows are numbers into ``rows``.

    Attributes:
        filters: Change them, then call ``refilter``.
        shown: The rows in view, in their order.
        current: The row that is looked at closely; -1 if none is.
        chosen: The rows that are selected.
        artifact: Id of the table in the library; empty if it is in none.
        pocket: Atoms of the protein around docked molecules: ``symbols`` (n) and ``places`` (n, 3)
            in ångström; None where none was docked.

    Signals:
        replaced: It holds another table.
        figured: Its rows have one more figure; carries which.
        arranged: Other rows are shown, or in another order.
        chose: Another row is current, or others are selected.
    """

    replaced = Signal()
    figured = Signal(str)
    arranged = Signal()
    chose = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows = Columns()
        self.filters = Filters()
        self.shown: list[int] = []
        self.current = -1
        self.artifact = ""
        self.pocket: Mapping[str, Any] | None = None
        self.chosen: frozenset[int] = frozenset()
        self.sort_column, self.descending = "", False
        self._order: list[int] = []
        self._soon = QTimer(self)  # many moves of a slider, one look at the rows
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._arrange)

    def hold(self, molecules: Iterable[Molecule]) -> None:
        """Show another table: nothing filtered, the order of the file."""
        self.rows = Columns(tuple(molecules))
        self.filters = Filters()
        self.sort_column, self.descending = "", False
        self._order = list(range(len(self.rows)))
        self.shown = list(self._order)
        self.chosen, self.current = frozenset(), 0 if self._order else -1
        self.replaced.emit()
        self.arranged.emit()
        self.chose.emit()

    def sort(self, column: str, descending: bool) -> None:
        """Sort by a figure or a column of words; "" is the order of the file."""
        self.sort_column, self.descending = column, descending
        self._order = self.rows.order(column, descending)
        self._arrange()

    def refilter(self) -> None:
        """Look at the filters again, once this event is over."""
        self._soon.start()

    def keep(self, rows: Iterable[int]) -> None:
        """Show only these, until all filters are opened."""
        self.filters.shown_rows = frozenset(rows)
        self.refilter()

    def add_figure(self, id: str, values: Sequence[float]) -> None:
        """Add a figure to every row; NaN leaves it out."""
        rows = zip(self.rows.molecules, values, strict=True)
        molecules = tuple(
            molecule
            if math.isnan(value)
            else msgspec.structs.replace(molecule, figures={**molecule.figures, id: value})
            for molecule, value in rows
        )
        self.rows = Columns(molecules)
        self.figured.emit(id)
        self._order = self.rows.order(self.sort_column, self.descending)
        self._arrange()

    def choose(self, current: int, chosen: Iterable[int] | None = None) -> None:
        """Look at a row; ``chosen`` are the rows that are selected, else it alone."""
        rows = frozenset(chosen if chosen is not None else ([current] if current >= 0 else []))
        if (current, rows) != (self.current, self.chosen):
            self.current, self.chosen = current, rows
            self.chose.emit()

    def molecule(self) -> Molecule | None:
        """Return the molecule that is looked at."""
        return self.rows.molecules[self.current] if self.current >= 0 else None

    def picked(self) -> list[Molecule]:
        """Return the selected molecules in view, each with a name."""
        return [self.named(row) for row in self.shown if row in self.chosen]

    def in_view(self) -> list[Molecule]:
        """Return the molecules in view, in their order, each with a name."""
        return [self.named(row) for row in self.shown]

    def every(self) -> list[Molecule]:
        """Return all molecules in the order of the table, each with a name."""
        return [self.named(row) for row in range(len(self.rows))]

    def smiles_of(self, name: str) -> str:
        """Return the SMILES of the molecule with a name; the text itself where none has it."""
        wanted = name.casefold()
        molecules = self.rows.molecules if wanted else ()
        return next(
            (molecule.smiles for molecule in molecules if molecule.name.casefold() == wanted), name
        )

    def own_columns(self) -> dict[str, OwnColumn]:
        """Return the numbers of the user's own that a model can be fitted on, evenly chosen."""
        result = {}
        for id in self.rows.figures:
            if id in FIGURES or id in MADE:
                continue
            rows = [molecule for molecule in self.rows.molecules if id in molecule.figures]
            step = max(1, len(rows) // MOST_TAUGHT)
            taught = rows[::step][:MOST_TAUGHT]
            if len(rows) >= FEWEST_TAUGHT:
                values = tuple(molecule.figures[id] for molecule in taught)
                result[id] = OwnColumn(tuple(molecule.smiles for molecule in taught), values)
        return result

    def named(self, row: int) -> Molecule:
        """Return a molecule under the name that it is shown with."""
        molecule = self.rows.molecules[row]
        if molecule.name:
            return molecule
        name = tr("Molecule {number}").format(number=row + 1)
        return msgspec.structs.replace(molecule, name=name)

    def _arrange(self) -> None:
        self.shown = self.filters.passing(self.rows, self._order)
        self.arranged.emit()
