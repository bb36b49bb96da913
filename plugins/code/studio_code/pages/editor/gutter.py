"""The column of line numbers beside the text. Draws what it is told; knows no file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

_LEFT, _RIGHT, _FEWEST = 14, 14, 2


class Gutter(QWidget):
    """As wide as the largest number; a click selects the line."""

    def __init__(
        self,
        edit: QPlainTextEdit,
        colors: Callable[[], Mapping[str, str]],
        lines: Callable[[], Iterable[tuple[int, int]]],
        select: Callable[[int], None],
    ) -> None:
        """Stand beside ``edit``.

        Args:
            colors: Returns those of the theme in force.
            lines: Returns number and top of each line in view.
            select: Selects the line at a height.
        """
        super().__init__(edit)
        self._edit, self._colors, self._lines, self._select = edit, colors, lines, select
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def room(self) -> int:
        """Return how wide it wants to be."""
        digits = max(_FEWEST, len(str(self._edit.blockCount())))
        return _LEFT + _RIGHT + digits * self._edit.fontMetrics().horizontalAdvance("9")

    def sizeHint(self) -> QSize:
        return QSize(self.room(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the numbers of the lines in view."""
        colors = self._colors()
        painter = QPainter(self)
        painter.setFont(self._edit.font())
        current = self._edit.textCursor().blockNumber()
        high = self._edit.fontMetrics().height()
        for number, top in self._lines():
            if top > event.rect().bottom():
                break
            if top + high >= event.rect().top():
                painter.setPen(QColor(colors["text" if number == current else "faint"]))
                row = QRect(0, top, self.width() - _RIGHT, high)
                painter.drawText(row, Qt.AlignmentFlag.AlignRight, str(number + 1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select the line."""
        self._select(int(event.position().y()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll as the text does."""
        QApplication.sendEvent(self._edit.viewport(), event)
