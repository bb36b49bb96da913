"""A view of equal cells in rows. Where a cell is, is reckoned and not stored: any count is alike.

Qt's own list in icon mode lays out every entry, and anew at each width.
"""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem

Index = QModelIndex | QPersistentModelIndex
_Action = QAbstractItemView.CursorAction


class GridView(QAbstractItemView):
    """A grid of a model of one column.

    Attributes:
        cell: The size of a cell; its width is at least ``least``.
        columns: Cells side by side.
    """

    def __init__(self, least: QSize) -> None:
        super().__init__()
        self._least, self.cell, self.columns = least, least, 1
        self._under = -1
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)

    def count(self) -> int:
        """Return how many entries there are."""
        model = self.model()
        return model.rowCount() if model else 0

    def in_view(self) -> range:
        """Return the places whose cells are in view, whole or in part."""
        top = self.verticalOffset() // self.cell.height()
        bottom = (self.verticalOffset() + self.viewport().height() - 1) // self.cell.height()
        return range(top * self.columns, min((bottom + 1) * self.columns, self.count()))

    def cell_rect(self, place: int) -> QRect:
        """Return where the cell of a place is in the viewport, or would be beyond it."""
        row, column = divmod(place, self.columns)
        left, top = column * self.cell.width(), row * self.cell.height() - self.verticalOffset()
        return QRect(QPoint(left, top), self.cell)

    # --- what Qt asks of a view ---------------------------------------------------------------

    def visualRect(self, index: Index) -> QRect:
        return self.cell_rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        column = point.x() // self.cell.width()
        row = (point.y() + self.verticalOffset()) // self.cell.height()
        place = row * self.columns + column
        if 0 <= column < self.columns and 0 <= place < self.count():
            return self.model().index(place, 0)
        return QModelIndex()

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        bar, rect = self.verticalScrollBar(), self.visualRect(index)
        height = self.viewport().height()
        if hint is QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(bar.value() + rect.center().y() - height // 2)
        elif rect.top() < 0:
            bar.setValue(bar.value() + rect.top())
        elif rect.bottom() >= height:
            bar.setValue(bar.value() + min(rect.top(), rect.bottom() - height + 1))

    def moveCursor(self, action: _Action, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        last, here = self.count() - 1, self.currentIndex().row()
        if last < 0:
            return QModelIndex()
        page = max(1, self.viewport().height() // self.cell.height()) * self.columns
        there = {
            _Action.MoveLeft: here - 1,
            _Action.MovePrevious: here - 1,
            _Action.MoveRight: here + 1,
            _Action.MoveNext: here + 1,
            _Action.MoveUp: here - self.columns if here >= self.columns else here,
            _Action.MoveDown: here + self.columns if here + self.columns <= last else here,
            _Action.MovePageUp: here - page,
            _Action.MovePageDown: here + page,
            _Action.MoveHome: 0,
            _Action.MoveEnd: last,
        }[action]
        if here < 0 and action is not _Action.MoveEnd:
            there = 0
        return self.model().index(min(max(there, 0), last), 0)

    def keyboardSearch(self, search: str) -> None:
        """Look for nothing: the field above does, and a hundred thousand titles are not read."""

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        return False

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Select a run of entries from corner to corner; with a band all that it touches."""
        chosen = QItemSelection()
        if self.state() is QAbstractItemView.State.DragSelectingState:
            band = rect.normalized()
            first = max(0, (band.top() + self.verticalOffset()) // self.cell.height())
            last = (band.bottom() + self.verticalOffset()) // self.cell.height()
            left = max(0, band.left() // self.cell.width())
            right = min(self.columns - 1, band.right() // self.cell.width())
            for row in range(first, last + 1):
                start = row * self.columns + left
                end = min(row * self.columns + right, self.count() - 1)
                if start <= end:
                    chosen.select(self.model().index(start, 0), self.model().index(end, 0))
        else:
            ends = [self.indexAt(rect.topLeft()), self.indexAt(rect.bottomRight())]
            places = sorted(index.row() for index in ends if index.isValid())
            if places:
                start, end = places[0], places[-1]
                chosen.select(self.model().index(start, 0), self.model().index(end, 0))
        self.selectionModel().select(chosen, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region, shown = QRegion(), self.in_view()
        for span in selection.toList():
            for place in range(max(span.top(), shown.start), min(span.bottom() + 1, shown.stop)):
                region += self.cell_rect(place)
        return region

    def updateGeometries(self) -> None:
        bar, height = self.verticalScrollBar(), self.viewport().height()
        rows = -(-self.count() // self.columns)
        bar.setRange(0, max(0, rows * self.cell.height() - height))
        bar.setPageStep(height)
        bar.setSingleStep(self.cell.height() // 4)
        super().updateGeometries()

    # --- drawing ------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit as many columns as the width allows; preserve the first visible item."""
        first = self.in_view().start
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        room = max(self.maximumViewportSize().width() - bar, self._least.width())
        self.columns = max(1, room // self._least.width())
        self.cell = QSize(room // self.columns, self._least.height())
        super().resizeEvent(event)
        self.updateGeometries()
        self.verticalScrollBar().setValue(first // self.columns * self.cell.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain, chosen = option.state, self.selectionModel()
        for place in self.in_view():
            rect = self.cell_rect(place)
            if not event.rect().intersects(rect):
                continue
            index = self.model().index(place, 0)
            option.rect, option.state = rect, plain
            if chosen.isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            if place == self._under:
                option.state |= QStyle.StateFlag.State_MouseOver
            if index == self.currentIndex() and self.hasFocus():
                option.state |= QStyle.StateFlag.State_HasFocus
            self.itemDelegateForIndex(index).paint(painter, option, index)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.indexAt(event.position().toPoint()).row())
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def _hover(self, place: int) -> None:
        if place != self._under:
            for cell in (self._under, place):
                if cell >= 0:
                    self.viewport().update(self.cell_rect(cell))
            self._under = place
