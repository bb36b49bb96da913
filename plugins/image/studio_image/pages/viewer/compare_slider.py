"""The line between the picture before and the one after, with its handle and its two labels."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from studio.api import Ui
from studio.api.window.language import tr
from studio_image.pages.viewer.view_transform import ViewTransform

_HANDLE, _REACH = 13, 14
_TIP = QColor("#1b1f2a")
"""On the knob, which is light in both themes."""


class CompareSlider:
    """Where it hangs, and how it looks.

    Attributes:
        split: 0 shows only the picture after, 1 only the one before.
    """

    def __init__(self, ui: Ui, view: ViewTransform, room: Callable[[], QSize]) -> None:
        """Hang it over a canvas; ``room`` returns how large that is."""
        self._ui, self._view, self._room = ui, view, room
        self.split = 0.5

    @property
    def x(self) -> float:
        """The position of the line, clamped to the visible part of the picture."""
        box = self._view.box()
        return min(self._room().width() - 2.0, max(2.0, box.left() + self.split * box.width()))

    def is_at(self, at: QPointF) -> bool:
        """Whether a hand at this place would take it."""
        return abs(at.x() - self.x) <= _REACH

    def paint(self, painter: QPainter, seen: QRectF) -> None:
        """Draw it over ``seen``, the part of the picture that is in view."""
        x = self.x
        self._paint_label(painter, seen, tr("Before"), before=True)
        self._paint_label(painter, seen, tr("After"), before=False)
        for color, width in (("line-strong", 4), ("knob", 2)):  # seen on dark and light pictures
            painter.setPen(QPen(self._color(color), width))
            painter.drawLine(QPointF(x, seen.top()), QPointF(x, seen.bottom()))
        painter.setPen(QPen(self._color("line-strong"), 1))
        painter.setBrush(self._color("knob"))
        middle = QPointF(x, self._room().height() / 2)
        painter.drawEllipse(middle, _HANDLE, _HANDLE)
        painter.setPen(QPen(_TIP, 1.6))
        for side in (-1, 1):
            tip = middle + QPointF(side * 7.5, 0)
            painter.drawLine(tip, tip + QPointF(-side * 3.5, -3.5))
            painter.drawLine(tip, tip + QPointF(-side * 3.5, 3.5))

    def _paint_label(self, painter: QPainter, seen: QRectF, words: str, *, before: bool) -> None:
        width = painter.fontMetrics().horizontalAdvance(words) + 16
        left = seen.left() + 10 if before else seen.right() - 10 - width
        place = QRectF(left, seen.top() + 10, width, 22)
        if place.right() > self.x - 4 if before else place.left() < self.x + 4:
            return
        painter.setPen(QPen(self._color("line-strong"), 1))
        painter.setBrush(self._color("panel"))
        painter.setOpacity(0.85)
        painter.drawRoundedRect(place, 5, 5)
        painter.setOpacity(1)
        painter.setPen(self._color("text"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)

    def _color(self, token: str) -> QColor:
        return QColor(self._ui.tokens.colors[token])
