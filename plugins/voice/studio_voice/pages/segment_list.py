"""The transcript, a line a phrase: its time plays it, its text can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSizeF,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QTextLayout
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_voice.pages.phrases import clock
from studio_voice.transcripts.transcript import Segment

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_TIME, _TEXT = 0, 1
_LONGEST = 10_000


class SegmentModel(QAbstractTableModel):
    """Time and text of each segment.

    Attributes:
        is_fixed: Nothing can be changed: they are chapters of a recording.

    Signals:
        edited: A text was changed by the user.
    """

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.segments: list[Segment] = []
        self.is_fixed = False

    def show_segments(self, segments: Sequence[Segment], *, is_fixed: bool = False) -> None:
        """Show these instead."""
        self.beginResetModel()
        self.is_fixed = is_fixed
        self.segments = list(segments)
        self.endResetModel()

    def append(self, segment: Segment) -> None:
        """Add one to the end."""
        end = len(self.segments)
        self.beginInsertRows(QModelIndex(), end, end)
        self.segments.append(segment)
        self.endInsertRows()

    def rowCount(self, parent: Index = _ROOT) -> int:
        """Return how many there are."""
        return 0 if parent.isValid() else len(self.segments)

    def columnCount(self, parent: Index = _ROOT) -> int:
        """Return that there are two."""
        return 0 if parent.isValid() else 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the display data of a cell."""
        segment = self.segments[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return clock(segment.start) if index.column() == _TIME else segment.text
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == _TIME:
            return tr("Play from here")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            top = Qt.AlignmentFlag.AlignTop
            right = Qt.AlignmentFlag.AlignRight if index.column() == _TIME else top
            return int(top | right)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return that texts can be changed."""
        can_edit = index.column() == _TEXT and not self.is_fixed
        editable = Qt.ItemFlag.ItemIsEditable if can_edit else Qt.ItemFlag(0)
        return super().flags(index) | editable

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Change a text; an empty one takes the segment away."""
        text = " ".join(str(value).split())[:_LONGEST]
        before = self.segments[index.row()]
        if role != Qt.ItemDataRole.EditRole or text == before.text:
            return False
        if not text:
            self.beginRemoveRows(QModelIndex(), index.row(), index.row())
            del self.segments[index.row()]
            self.endRemoveRows()
        else:
            self.segments[index.row()] = Segment(before.start, before.end, text)
            self.dataChanged.emit(index, index)
        self.edited.emit()
        return True

    def at(self, seconds: float) -> int:
        """Return the segment that is spoken at a time, or the last one before it; -1: none."""
        row = -1
        for number, segment in enumerate(self.segments):
            if segment.start > seconds + 0.05:
                break
            row = number
        return row


class _WordDelegate(QStyledItemDelegate):
    """Draws a segment, and over it which word is spoken now.

    Attributes:
        row: Of the segment.
        letters: First letter of the word and the one behind its last; equal for none.
    """

    def __init__(self, ctx: PluginContext, parent: QTableView) -> None:
        super().__init__(parent)
        self._ui = ctx.ui
        self.row, self.letters = -1, (0, 0)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw it."""
        super().paint(painter, option, index)
        first, end = self.letters
        if index.row() != self.row or first >= end:
            return
        self.initStyleOption(option, index)
        widget: QWidget = option.widget
        style = widget.style()
        room = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, widget)
        margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, widget) + 1
        layout = QTextLayout(option.text, option.font)
        layout.beginLayout()
        high = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(room.width() - 2 * margin)
            line.setPosition(QPointF(0, high))
            high += line.height()
        layout.endLayout()
        color = QColor(self._ui.tokens.colors["accent"])
        color.setAlpha(80)
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            a = max(first, line.textStart())
            b = min(end, line.textStart() + line.textLength())
            if a < b:
                left, right = (_place(line.cursorToX(at)) for at in (a, b))
                place = QPointF(room.left() + margin + left, room.top() + line.y())
                painter.fillRect(QRectF(place, QSizeF(right - left, line.height())), color)


def _place(value: Any) -> float:
    """Return the x of ``cursorToX``, which is a pair in PySide6."""
    return float(value[0] if isinstance(value, tuple) else value)


class SegmentList(QTableView):
    """The list.

    Signals:
        picked: The start of the segment whose time was clicked, in seconds.
    """

    picked = Signal(float)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self.segments = SegmentModel()
        self.setModel(self.segments)
        self.setAccessibleName(tr("Transcript"))
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        header = self.horizontalHeader()
        header.setSectionResizeMode(_TIME, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(_TEXT, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(_TIME, self.fontMetrics().horizontalAdvance("0:00:00") + 24)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.clicked.connect(self._on_click)
        self.word = _WordDelegate(ctx, self)
        self.setItemDelegateForColumn(_TEXT, self.word)

    def follow(self, seconds: float) -> None:
        """Mark the segment that is spoken now, and its word where their times are known."""
        row = self.segments.at(seconds)
        letters = _letters(self.segments.segments[row], seconds) if row >= 0 else (0, 0)
        if (row, letters) != (self.word.row, self.word.letters):
            self.word.row, self.word.letters = row, letters
            self.viewport().update()
        if row >= 0 and row != self.currentIndex().row():
            self.setCurrentIndex(self.segments.index(row, _TEXT))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Play from the marked line with Return."""
        editing = self.state() == QAbstractItemView.State.EditingState
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not editing:
            self._play(self.currentIndex().row())
            return
        super().keyPressEvent(event)

    def _on_click(self, index: QModelIndex) -> None:
        if index.column() == _TIME or self.segments.is_fixed:
            self._play(index.row())

    def _play(self, row: int) -> None:
        if 0 <= row < len(self.segments.segments):
            self.picked.emit(self.segments.segments[row].start)


def _letters(segment: Segment, seconds: float) -> tuple[int, int]:
    """Return where in its text the word is that is spoken at a time; (0, 0) for none."""
    end = 0
    for word in segment.words:
        start = segment.text.find(word.text, end)
        if start < 0:
            return 0, 0  # the text was changed
        end = start + len(word.text)
        if seconds < word.end:
            return (start, end) if seconds >= word.start else (0, 0)
    return 0, 0
