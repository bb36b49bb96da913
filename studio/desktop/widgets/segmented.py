"""A row of choices of which one holds: radio buttons in one frame."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.desktop.look import Look

_HEIGHT = 32


class Segmented(QWidget):
    """Choose one of a few; arrow keys move.

    Signals:
        changed: The user chose; carries the index.
    """

    changed = Signal(int)

    def __init__(self, look: Look, titles: Sequence[str], name: str) -> None:
        super().__init__()
        self._theme = look.theme
        self._font = look.fonts.body(12, 500)
        self._titles = list(titles)
        self._index = 0
        self._hover = -1
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        self.setAccessibleDescription(self._titles[0])
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        look.theme.changed.connect(self.update)

    @property
    def index(self) -> int:
        """Which choice holds."""
        return self._index

    def set_index(self, index: int) -> None:
        """Show a choice without telling anybody."""
        self._index = max(0, min(index, len(self._titles) - 1))
        self.setAccessibleDescription(self._titles[self._index])
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = max(metrics.horizontalAdvance(title) for title in self._titles) + 20
        return QSize(width * len(self._titles) + 4, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(48 * len(self._titles), _HEIGHT)

    def _choose(self, index: int) -> None:
        index = max(0, min(index, len(self._titles) - 1))
        if index != self._index:
            self.set_index(index)
            self.changed.emit(index)

    def _cell(self, index: int) -> QRectF:
        width = (self.width() - 4) / len(self._titles)
        return QRectF(2 + index * width, 2, width, self.height() - 4)

    def _at(self, event: QMouseEvent) -> int:
        return int((event.position().x() - 2) / max(1, (self.width() - 4) / len(self._titles)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._choose(self._at(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = self._at(event)
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = -1
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(event.key(), 0)  # type: ignore[call-overload]
        if step:
            self._choose(self._index + step)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        color = self._theme.color
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(color("line"))
        painter.setBrush(color("raised"))
        painter.drawRoundedRect(frame, 6, 6)
        painter.setFont(self._font)
        for index, title in enumerate(self._titles):
            self._paint_cell(painter, index, title)

    def _paint_cell(self, painter: QPainter, index: int, title: str) -> None:
        color, cell = self._theme.color, self._cell(index)
        chosen = index == self._index
        if chosen or index == self._hover:
            painter.setPen(color("line-strong") if chosen else Qt.PenStyle.NoPen)
            painter.setBrush(color("panel" if chosen else "hover"))
            painter.drawRoundedRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        ink = "text" if chosen else "mute"
        painter.setPen(color(ink if self.isEnabled() else "faint"))
        fitting = painter.fontMetrics().elidedText(
            title, Qt.TextElideMode.ElideRight, int(cell.width()) - 8
        )
        painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, fitting)
