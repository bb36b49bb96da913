"""The wave of a sound, with a playhead that a click puts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from studio.desktop.appearance.appearance import Appearance

_HEIGHT, _STEP = 120, 3
_MARGIN = 12
_SLIP = 4
"""Pixels that a click may move without marking anything."""


class Wave(QWidget):
    """The wave; a click puts the playhead.

    Attributes:
        place: Where the playhead is, 0…1.
    """

    def __init__(self, look: Appearance, color: str = "kind-audio") -> None:
        super().__init__()
        self._look, self._color = look, color
        self._levels: Sequence[float] = ()
        self.place = 0.0
        self._sought: Callable[[float], None] = lambda place: None
        self._selected: Callable[[float, float], None] | None = None
        self._pressed = -1.0
        self._range: tuple[float, float] | None = None
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName(self.tr("Wave"))

    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(300, _HEIGHT)

    @property
    def widget(self) -> QWidget:
        """Itself."""
        return self

    def on_seek(self, call: Callable[[float], None]) -> None:
        """Call with the place of each click, 0…1."""
        self._sought = call

    def on_select(self, call: Callable[[float, float], None]) -> None:
        """Let parts be marked by dragging; call with both ends, 0…1."""
        self._selected = call

    def show_levels(self, levels: Sequence[float]) -> None:
        """Show levels, 0…1."""
        self._levels = levels
        self.update()

    def set_place(self, place: float) -> None:
        """Move the playhead."""
        self.place = place
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the waveform: the played part coloured, the rest grey."""
        colors = self._look.theme.tokens.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(colors["line"]))
        painter.setBrush(QColor(colors["bg"]))
        painter.drawRoundedRect(frame, 8, 8)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        width, middle = self.width() - 2 * _MARGIN, self.height() / 2
        columns = max(1, int(width) // _STEP)
        played = QColor(colors[self._color])
        ahead = QColor(colors["faint"]) if self.place else played
        for column in range(columns if self._levels else 0):
            first, end = (len(self._levels) * c // columns for c in (column, column + 1))
            level = max(self._levels[first : max(first + 1, end)])
            half = max(0.5, level * (middle - _MARGIN))
            color = played if column / columns < self.place else ahead
            painter.fillRect(QRectF(_MARGIN + column * _STEP, middle - half, 2, 2 * half), color)
        if self._range is not None:
            left, right = (_MARGIN + width * place for place in self._range)
            marked = QColor(colors["accent"])
            marked.setAlpha(50)
            painter.fillRect(QRectF(left, 4, right - left, self.height() - 8), marked)
        if self.place:
            x = _MARGIN + width * self.place
            painter.setPen(QPen(QColor(colors["bad"]), 1.5))
            painter.drawLine(QPointF(x, 6), QPointF(x, self.height() - 6))

    def _at(self, event: QMouseEvent) -> float:
        width = float(max(1, self.width() - 2 * _MARGIN))
        return max(0.0, min(1.0, (event.position().x() - _MARGIN) / width))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the playhead."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed, self._range = self._at(event), None
            self._sought(self._pressed)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Mark a part."""
        if self._selected is not None and self._pressed >= 0:
            start, end = sorted((self._pressed, self._at(event)))
            self._range = (start, end) if (end - start) * self.width() > _SLIP else None
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Report the marked range."""
        self._pressed = -1.0
        if self._selected is not None and self._range is not None:
            self._selected(*self._range)
