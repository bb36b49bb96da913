"""Structure and name stay where they are while the other columns scroll sideways."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from studio.api import PluginContext, Tokens
from studio_molecules.pages.table.columns import NAME
from studio_molecules.pages.table.model import MoleculeModel


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
