"""The table as Qt's views see it: rows in view, columns of figures. Holds no rows of its own."""

from __future__ import annotations

from collections.abc import Collection as Collection_
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from studio.api.window.language import tr
from studio_molecules.admet.endpoints import ENDPOINTS, GROUPS, OVERVIEW, SPREAD
from studio_molecules.admet.limits import light
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import NAME, OPERATION, SMILES, figure_of, shown
from studio_molecules.properties import FIGURES

STRUCTURE = "structure"
ROW = Qt.ItemDataRole.UserRole
LIGHT = Qt.ItemDataRole.UserRole + 1
"""The role of how a figure is judged: good, fair, poor or nothing."""
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

_Index = QModelIndex | QPersistentModelIndex
_DOCKING = "docking"
_DEFAULT = (
    _DOCKING,
    "score",
    "similarity",
    "care",
    "mw",
    "logp",
    "tpsa",
    "qed",
    "sa",
    "alerts",
    "hbd",
    "hba",
    *OVERVIEW,
)
_NOWHERE = QModelIndex()


class MoleculeModel(QAbstractTableModel):
    """Column 0 is the structure; its delegate draws it.

    Attributes:
        columns: Ids of figures and of columns of words, from the left.
    """

    def __init__(self, collection: Collection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._collection = collection
        self.columns: list[str] = [STRUCTURE]
        collection.replaced.connect(self._on_replaced)
        collection.figured.connect(lambda id: self.show_columns([*self.columns, id]))
        collection.arranged.connect(self._on_arranged)
        self._shown = collection.shown

    def possible(self) -> list[str]:
        """Return the columns that there may be beside the structure."""
        rows = self._collection.rows
        own = [id for id in rows.figures if id not in FIGURES]
        ids = [id for id in rows.figures if id in FIGURES]
        docked = [_DOCKING] * (_DOCKING in ids)  # what was asked for stands before the rest
        return list(dict.fromkeys((NAME, *docked, *own, *rows.words, *ids, OPERATION, SMILES)))

    def show_columns(self, columns: list[str]) -> None:
        """Show these beside the structure, in the order of ``possible``."""
        self.beginResetModel()
        self.columns = [STRUCTURE, *(id for id in self.possible() if id in columns)]
        self.endResetModel()

    def show_admet(self, wanted: Collection_[str]) -> None:
        """Show these columns of ADMET and no others, beside all that is shown of the rest."""
        others = [id for id in self.columns if id not in GROUPS and id != STRUCTURE]
        self.show_columns([*others, *wanted])

    def row_of(self, index: _Index) -> int:
        """Return the row of the collection behind an index; -1 if there is none."""
        return self._shown[index.row()] if index.isValid() else -1

    # --- what Qt asks -------------------------------------------------------------------------

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """Return how many rows are in view."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        """Return how many columns are in view."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what stands in a cell."""
        row, column = self.row_of(index), self.columns[index.column()]
        rows = self._collection.rows
        match role:
            case Qt.ItemDataRole.UserRole:
                return row
            case Qt.ItemDataRole.DisplayRole if column != STRUCTURE:
                return self._text(row, column)
            case _ if role == LIGHT:
                words = self._is_words(column)
                return "" if words else light(column, rows.values(column)[row])
            case Qt.ItemDataRole.TextAlignmentRole:
                return _LEFT if self._is_words(column) else _RIGHT
            case Qt.ItemDataRole.ToolTipRole if self._is_words(column):
                return rows.text(row, SMILES if column == STRUCTURE else column)
            case Qt.ItemDataRole.ToolTipRole if column in ENDPOINTS:
                return self._judged(row, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(row, column)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return the title of a column, or its meaning."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column_title(column)
        if role == Qt.ItemDataRole.ToolTipRole and not self._is_words(column):
            return figure_of(column).meaning
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if self._is_words(column) else _RIGHT
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by the structure is the order of the file."""
        id = self.columns[column] if 0 <= column < len(self.columns) else ""
        descending = order is Qt.SortOrder.DescendingOrder
        self._collection.sort("" if id == STRUCTURE else id, descending)

    # --- the collection -----------------------------------------------------------------------

    def _on_replaced(self) -> None:
        rows = self._collection.rows
        named = any(molecule.name for molecule in rows.molecules)
        several_operations = len({molecule.operation for molecule in rows.molecules}) > 1
        own = [id for id in (*rows.figures, *rows.words) if id not in FIGURES]
        wanted = [NAME] * named + [id for id in rows.figures if id in _DEFAULT] + own
        self.beginResetModel()
        self._shown = self._collection.shown
        self.columns = [STRUCTURE]
        self.columns += [
            id for id in self.possible() if id in wanted or (several_operations and id == OPERATION)
        ]
        self.endResetModel()

    def _on_arranged(self) -> None:
        if self._shown is not self._collection.shown:
            self.beginResetModel()
            self._shown = self._collection.shown
            self.endResetModel()

    def _is_words(self, column: str) -> bool:
        return column == STRUCTURE or self._collection.rows.is_words(column)

    def _spoken(self, row: int, column: str) -> str:
        molecule = self._collection.rows.molecules[row]
        if column == STRUCTURE:
            return molecule.name or molecule.smiles
        return f"{column_title(column)}: {self._text(row, column)}"

    def _text(self, row: int, column: str) -> str:
        rows = self._collection.rows
        return tr("out of domain") if rows.is_outside(row, column) else rows.text(row, column)

    def _judged(self, row: int, column: str) -> str:
        """Return a predicted figure with its spread, how it is judged, and by which limits."""
        figures, meaning = self._collection.rows.molecules[row].figures, figure_of(column).meaning
        if column not in figures:
            words = tr("The networks predict a value that is physically impossible.")
            return f"{words}\n{meaning}"
        text = self._text(row, column)
        if column + SPREAD in figures:
            text = f"{text} ± {shown(column, figures[column + SPREAD])}"
        judged = {"good": tr("good"), "fair": tr("fair"), "poor": tr("poor")}
        colour = judged.get(light(column, figures[column]), "")
        return "\n".join((" · ".join(filter(None, (text, colour))), meaning))


def column_title(column: str) -> str:
    """Return the title of a column, with its unit."""
    words = {
        STRUCTURE: tr("Structure"),
        NAME: tr("Name"),
        OPERATION: tr("Origin"),
        SMILES: tr("SMILES"),
    }
    if column in words:
        return words[column]
    figure = figure_of(column)
    return f"{figure.title} ({figure.unit})" if figure.unit else figure.title
