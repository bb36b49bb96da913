"""Table and grid: two views of one collection that choose the same molecules."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QObject,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QListView, QTableView

from studio.api import PluginContext, Tokens
from studio.api.window.language import tr
from studio_molecules.pages.table.cell_painter import CARD, CELL, Card, LightCell, StructureCell
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import NAME, OPERATION, SMILES
from studio_molecules.pages.table.depiction_cache import DepictionCache
from studio_molecules.pages.table.model import STRUCTURE, MoleculeModel

if TYPE_CHECKING:
    from collections.abc import Iterable


class FrozenColumns(QTableView):
    """A second view of the first columns, over the table.

    It shares model and selection with the table, and never has the keyboard.
    """

    def __init__(self, ctx: PluginContext, table: QTableView, model: MoleculeModel) -> None:
        super().__init__(table)
        self._table, self._model = table, model
        self.setModel(model)
        self.setSelectionModel(table.selectionModel())
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(table.verticalHeader().defaultSectionSize())
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionsClickable(True)
        self.horizontalHeader().sectionClicked.connect(self._sort)
        bar, own = table.verticalScrollBar(), self.verticalScrollBar()
        bar.valueChanged.connect(own.setValue)
        own.valueChanged.connect(bar.setValue)
        bar.rangeChanged.connect(lambda *_range: self._follow())
        table.horizontalScrollBar().valueChanged.connect(lambda _value: self.place())
        table.horizontalHeader().sectionResized.connect(lambda *_section: self.place())
        table.horizontalHeader().sectionMoved.connect(lambda *_section: self.place())
        table.horizontalHeader().geometriesChanged.connect(self.place)
        model.modelReset.connect(self._hide_others)
        table.viewport().installEventFilter(self)
        self._wear(ctx.ui.tokens)
        end_theme = ctx.ui.on_theme(self._wear)
        self.destroyed.connect(lambda: end_theme())
        self._hide_others()

    def _wear(self, tokens: Tokens) -> None:
        """Have a ground of its own, or what scrolls below would show."""
        ground = tokens.colors["bg"]
        parts = "QTableView, QHeaderView, QHeaderView::section"
        self.setStyleSheet(f"{parts} {{ background: {ground}; }}")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as high as the table is."""
        if event.type() == QEvent.Type.Resize:
            self.place()
        return False

    def _hide_others(self) -> None:
        """Show the first columns alone, however many there are now."""
        for column in range(self._model.columnCount()):
            self.setColumnHidden(column, column >= self._count())
        self.place()

    def _count(self) -> int:
        return 1 + (self._model.columns[1:2] == [NAME])

    def place(self) -> None:
        """Lie over the table's own first columns; nothing to see while those are in view."""
        frozen, head = self._count(), self._table.horizontalHeader()
        moved = any(head.visualIndex(column) != column for column in range(frozen))
        scrolled = self._table.horizontalScrollBar().value() > 0
        self.setVisible(scrolled and not moved)
        if not scrolled or moved:
            return
        widths = [self._table.columnWidth(column) for column in range(frozen)]
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width)
        edge, high = self._table.frameWidth(), head.height() + self._table.viewport().height()
        self.setGeometry(edge, edge, min(sum(widths), self._table.viewport().width()), high)
        self.horizontalHeader().setFixedHeight(head.height())
        self._follow()

    def _follow(self) -> None:
        self.verticalScrollBar().setValue(self._table.verticalScrollBar().value())

    def _sort(self, column: int) -> None:
        head = self._table.horizontalHeader()
        up, down = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
        again = head.sortIndicatorSection() == column and head.sortIndicatorOrder() is up
        self._table.sortByColumn(column, down if again else up)


_WIDTHS = {STRUCTURE: CELL.width(), NAME: 120, OPERATION: 150, SMILES: 260}
_FIGURE = 84
_READ, _LONG = 50, 30
"""Rows that are looked at for the width of a column of words, and characters of each."""
_BATCH = 500


class Choosing:
    """Synchronises the selections of a view and the collection."""

    def __init__(self, view: QAbstractItemView, model: MoleculeModel, all_of: Collection) -> None:
        self._view, self._model, self._collection = view, model, all_of
        self._following = False
        view.selectionModel().selectionChanged.connect(lambda *_: self._tell())
        view.selectionModel().currentChanged.connect(lambda *_: self._tell())
        all_of.chose.connect(self.follow)
        model.modelReset.connect(self.follow)

    def follow(self) -> None:
        """Show the selection of the collection."""
        shown, chosen = self._collection.shown, self._collection.chosen
        is_late = len(shown) != self._model.rowCount()
        if self._following or is_late or not self._view.isVisible():
            return  # a view that comes into view follows then
        places = [place for place, row in enumerate(shown) if row in chosen]
        self._following = True
        flags = QItemSelectionModel.SelectionFlag
        selection = self._view.selectionModel()
        selection.select(self._ranges(places), flags.ClearAndSelect)
        if self._collection.current in chosen and self._collection.current in shown:
            index = self._model.index(shown.index(self._collection.current), 0)
            selection.setCurrentIndex(index, flags.NoUpdate)
            self._view.scrollTo(index)
        self._following = False

    def _ranges(self, places: Iterable[int]) -> QItemSelection:
        selection, last = QItemSelection(), self._model.columnCount() - 1
        for _, run in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
            rows = [place for _, place in run]
            top, bottom = self._model.index(rows[0], 0), self._model.index(rows[-1], last)
            selection.select(top, bottom)
        return selection

    def _tell(self) -> None:
        if self._following:
            return
        selection = self._view.selectionModel()
        chosen = {
            self._model.row_of(self._model.index(place, 0))
            for part in selection.selection().toList()
            for place in range(part.top(), part.bottom() + 1)
        }
        self._following = True
        self._collection.choose(self._model.row_of(selection.currentIndex()), chosen)
        self._following = False


class Table(QTableView):
    """Figures in columns; a click on a title sorts.

    Signals:
        menu_asked: The user wants what can be done; carries where on the screen.
        columns_asked: The user wants to choose columns; carries where on the screen.
        opened: The user pressed Return or double-clicked.
    """

    menu_asked = Signal(QPoint)
    columns_asked = Signal(QPoint)
    opened = Signal()

    def __init__(
        self,
        ctx: PluginContext,
        collection: Collection,
        model: MoleculeModel,
        structures: DepictionCache,
    ) -> None:
        super().__init__()
        self.cell = StructureCell(ctx, collection, structures)
        self._collection, self._model = collection, model
        self.setModel(model)
        self.light = LightCell(ctx)
        self.setItemDelegate(self.light)
        self.setItemDelegateForColumn(0, self.cell)
        self._dress()
        self.frozen = FrozenColumns(ctx, self, model)
        self.frozen.setItemDelegateForColumn(0, self.cell)
        self._choosing = Choosing(self, model, collection)
        structures.drawn.connect(self.viewport().update)
        structures.drawn.connect(self.frozen.viewport().update)
        model.modelReset.connect(self._fit_columns)
        collection.replaced.connect(self._show_sign)
        self.doubleClicked.connect(lambda _index: self.opened.emit())

    def _dress(self) -> None:
        self.setAccessibleName(tr("Molecules as a table"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)  # arrows move in it; Tab goes on to what is next
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(CELL.height())
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSortIndicatorShown(False)
        head.setSectionsMovable(True)
        self.setSortingEnabled(True)
        head.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda at: self.menu_asked.emit(self.viewport().mapToGlobal(at))
        )
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(
            lambda at: self.columns_asked.emit(head.mapToGlobal(at))
        )

    def showEvent(self, event: QShowEvent) -> None:
        """Update the selection from the collection."""
        super().showEvent(event)
        self._choosing.follow()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return looks closely; the menu key opens the menu."""
        if not _took(self, event):
            super().keyPressEvent(event)

    def show_sorting(self, column: str, descending: bool) -> None:
        """Sort by a column, with its sign in the title if it is in view."""
        ways = Qt.SortOrder
        self._show_sign(column, ways.DescendingOrder if descending else ways.AscendingOrder)
        self._collection.sort(column, descending)

    def _show_sign(self, column: str = "", way: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        place = self._model.columns.index(column) if column in self._model.columns else -1
        head = self.horizontalHeader()
        head.blockSignals(True)
        head.setSortIndicator(place, way)
        head.blockSignals(False)

    def _fit_columns(self) -> None:
        for place, column in enumerate(self._model.columns):
            width = _WIDTHS.get(column)
            if width is None:
                title = str(self._model.headerData(place, Qt.Orientation.Horizontal))
                width = max(_FIGURE, self.fontMetrics().horizontalAdvance(title) + 32)
                width = max(width, self._wide_enough(column))
            self.setColumnWidth(place, width)

    def _wide_enough(self, column: str) -> int:
        """Return how wide a column of words has to be for its first rows, within reason."""
        rows = self._collection.rows
        if column not in rows.words:
            return 0
        texts = (rows.text(row, column)[:_LONG] for row in range(min(_READ, len(rows))))
        return max(self.fontMetrics().horizontalAdvance(text) for text in texts) + 32


class Grid(QListView):
    """Cards of structures.

    Signals:
        menu_asked: The user wants what can be done; carries where on the screen.
        opened: The user pressed Return or double-clicked.
    """

    menu_asked = Signal(QPoint)
    opened = Signal()

    def __init__(
        self,
        ctx: PluginContext,
        collection: Collection,
        model: MoleculeModel,
        structures: DepictionCache,
    ) -> None:
        super().__init__()
        self.card = Card(ctx, collection, structures)
        self.setModel(model)
        self.setItemDelegate(self.card)
        self.setAccessibleName(tr("Molecules as cards"))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self._fill()
        self.setLayoutMode(QListView.LayoutMode.Batched)  # or 20,000 cards stop a slider
        self.setBatchSize(_BATCH)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda at: self.menu_asked.emit(self.viewport().mapToGlobal(at))
        )
        self._choosing = Choosing(self, model, collection)
        structures.drawn.connect(self.viewport().update)
        self.doubleClicked.connect(lambda _index: self.opened.emit())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cards are as wide as fills the row."""
        self._fill()
        super().resizeEvent(event)

    def _fill(self) -> None:
        room = self.viewport().width() - 1
        columns = max(1, room // CARD.width())
        self.card.width = room // columns
        self.setGridSize(QSize(self.card.width, CARD.height()))

    def showEvent(self, event: QShowEvent) -> None:
        """Update the selection from the collection."""
        super().showEvent(event)
        self._choosing.follow()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return looks closely; the menu key opens the menu."""
        if not _took(self, event):
            super().keyPressEvent(event)


def _took(view: Table | Grid, event: QKeyEvent) -> bool:
    """Handle a key shared by both views; return whether it has a meaning."""
    key = Qt.Key(event.key())
    if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        view.opened.emit()
    elif key == Qt.Key.Key_Menu:
        view.menu_asked.emit(view.viewport().mapToGlobal(view.viewport().rect().center()))
    else:
        return False
    return True
