"""The table of weights: sorted by any column, filtered by words. Decides nothing about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.pages.gallery.artifact_grid import ago
from studio.desktop.pages.weights.weights_row import WeightsRow

Index = QModelIndex | QPersistentModelIndex
_SORT = Qt.ItemDataRole.UserRole
_NUMBERS = ("size", "context")
_WIDTHS = {
    "fits": 146, "size": 76, "quantization": 70, "kind": 128, "context": 76, "licence": 116,
    "used": 92, "rating": 76,
}  # fmt: skip
"""Columns beside the name, as wide as they are, in the order in which room is given to them."""
_NAME_WIDTH = 190


class WeightsModel(QAbstractTableModel):
    """The rows, as they were put in."""

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self._look = look
        self.rows: list[WeightsRow] = []
        tr = self.tr
        self._titles = {
            "name": tr("Name"), "size": tr("Size"), "quantization": tr("Quant."),
            "kind": tr("Type"), "context": tr("Context"), "licence": tr("Licence"),
            "used": tr("Last used"), "rating": tr("Rating"), "fits": tr("Fits"),
        }  # fmt: skip
        self.columns = list(self._titles)

    def put(self, rows: Sequence[WeightsRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def change(self, row: WeightsRow) -> None:
        """Show one of the rows anew."""
        for number, old in enumerate(self.rows):
            if old.weights.id == row.weights.id:
                self.rows[number] = row
                last = len(self.columns) - 1
                self.dataChanged.emit(self.index(number, 0), self.index(number, last))

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[self.columns[section]]
        if role == Qt.ItemDataRole.TextAlignmentRole and self.columns[section] in _NUMBERS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        row, column = self.rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == _SORT:
            return self._key(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.fit.reason if column == "fits" else str(row.weights.path)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._titles[column]}: {self._text(row, column)}"
        if role == Qt.ItemDataRole.DecorationRole and column == "fits":
            return self._look.icons.icon(row.fit.icon, row.fit.color)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _NUMBERS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _text(self, row: WeightsRow, column: str) -> str:
        weights = row.weights
        match column:
            case "name":
                return declared(weights.title)
            case "size":
                return phrases.size(weights.bytes) if weights.bytes else ""
            case "context":
                return f"{row.context:,}" if row.context else ""
            case "used":
                return ago(row.last_used) if row.last_used else ""
            case "rating":
                return "★" * row.remark.rating
            case "fits":
                return row.fit.word
            case _:
                return str(getattr(row, column))

    def _key(self, row: WeightsRow, column: str) -> Any:
        keys: dict[str, Callable[[], Any]] = {
            "size": lambda: row.weights.bytes,
            "context": lambda: row.context,
            "used": lambda: row.last_used,
            "rating": lambda: row.remark.rating,
            "fits": lambda: row.fit.rank,
        }
        return keys[column]() if column in keys else self._text(row, column).lower()


class _Filter(QSortFilterProxyModel):
    def __init__(self, model: WeightsModel) -> None:
        super().__init__()
        self._model, self._words = model, ""
        self.setSourceModel(model)
        self.setSortRole(_SORT)

    def look_for(self, text: str) -> None:
        self.beginResetModel()
        self._words = text
        self.endResetModel()

    def filterAcceptsRow(self, number: int, parent: Index) -> bool:
        return self._model.rows[number].matches(self._words)


class WeightsTable(QTableView):
    """The view. Where it is narrow, the columns that tell least are hidden.

    Signals:
        chosen: The id of the weights in view, or nothing.
    """

    chosen = Signal(str)

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self.weights = WeightsModel(look)
        self._filter = _Filter(self.weights)
        self.setModel(self._filter)
        self.setAccessibleName(self.tr("Models"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(36)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for name, width in _WIDTHS.items():
            header.resizeSection(self.weights.columns.index(name), width)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)  # as the catalogue puts them
        self.selectionModel().currentRowChanged.connect(lambda *_: self.chosen.emit(self.current))

    @property
    def current(self) -> str:
        """The id of the weights that are chosen; empty for none."""
        index = self._filter.mapToSource(self.currentIndex())
        return self.weights.rows[index.row()].weights.id if index.isValid() else ""

    def put(self, rows: Sequence[WeightsRow]) -> None:
        """Replace the rows; preserve the selection where present."""
        chosen = self.current
        self.weights.put(rows)
        if not self.choose(chosen):
            self.choose_first()

    def look_for(self, text: str) -> None:
        """Show only rows with these words."""
        chosen = self.current
        self._filter.look_for(text)
        if not self.choose(chosen):
            self.choose_first()

    def shown(self) -> list[str]:
        """Return the ids in view, from the top."""
        indices = [self._filter.index(row, 0) for row in range(self._filter.rowCount())]
        rows = [self._filter.mapToSource(index).row() for index in indices]
        return [self.weights.rows[row].weights.id for row in rows]

    def choose(self, weights_id: str) -> bool:
        """Choose weights and bring them into view; return whether they are there."""
        rows = self.shown()
        if weights_id not in rows:
            return False
        self.setCurrentIndex(self._filter.index(rows.index(weights_id), 0))
        self.scrollTo(self.currentIndex())
        return True

    def choose_first(self) -> None:
        """Choose the row on top, if there is one."""
        self.setCurrentIndex(self._filter.index(0, 0))
        self.chosen.emit(self.current)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.viewport().width() - _NAME_WIDTH
        for name, width in _WIDTHS.items():
            room -= width
            self.setColumnHidden(self.weights.columns.index(name), room < 0)
