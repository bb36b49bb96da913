"""Handles on the borders of the picture in view: inwards they crop, outwards they undo it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from studio.api import PluginContext
from studio_image.pages.viewer.canvas import Canvas

_REACH = 10
"""Pixels of the screen from a border at which it is taken."""
_LEAST = 16
"""Pixels of the screen that stay."""
_ARM = 18
_SHADE = 150
_CURSORS = {
    frozenset({"left"}): Qt.CursorShape.SizeHorCursor,
    frozenset({"right"}): Qt.CursorShape.SizeHorCursor,
    frozenset({"top"}): Qt.CursorShape.SizeVerCursor,
    frozenset({"bottom"}): Qt.CursorShape.SizeVerCursor,
    frozenset({"left", "top"}): Qt.CursorShape.SizeFDiagCursor,
    frozenset({"right", "bottom"}): Qt.CursorShape.SizeFDiagCursor,
    frozenset({"right", "top"}): Qt.CursorShape.SizeBDiagCursor,
    frozenset({"left", "bottom"}): Qt.CursorShape.SizeBDiagCursor,
}


class CropHandles(QWidget):
    """Lies over a canvas; the mouse goes through, but for the borders of the picture.

    Signals:
        cropped: Shares to cut off of what is shown, by side: ``left``, ``top``, ``right`` and
            ``bottom`` → below 0 for what is to be given back.
    """

    cropped = Signal(dict)

    def __init__(self, ctx: PluginContext, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._ui, self._canvas = ctx.ui, canvas
        self._taken: frozenset[str] = frozenset()
        self._frame = QRectF()
        """What stays, in pixels of the screen, while a border is dragged."""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        canvas.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle drags of a border; leave other events to the canvas."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        if not self.isVisible() or not isinstance(event, QMouseEvent):
            return False
        at = event.position()
        if event.type() == QEvent.Type.MouseButtonPress:
            return event.button() == Qt.MouseButton.LeftButton and self._take(at)
        if event.type() == QEvent.Type.MouseMove:
            return self._move(at)
        return event.type() == QEvent.Type.MouseButtonRelease and self._let_go()

    def showEvent(self, event: QEvent) -> None:
        """Lie over the whole canvas."""
        self.setGeometry(self._canvas.rect())

    def _near(self, at: QPointF) -> frozenset[str]:
        box = self._canvas.view.box()
        if not box.adjusted(-_REACH, -_REACH, _REACH, _REACH).contains(at):
            return frozenset()
        places = {"left": at.x() - box.left(), "right": at.x() - box.right()}
        places |= {"top": at.y() - box.top(), "bottom": at.y() - box.bottom()}
        return frozenset(side for side, apart in places.items() if abs(apart) <= _REACH)

    def _take(self, at: QPointF) -> bool:
        self._taken, self._frame = self._near(at), self._canvas.view.box()
        return bool(self._taken)

    def _move(self, at: QPointF) -> bool:
        if not self._taken:
            cursor = _CURSORS.get(self._near(at))
            if cursor is not None:
                self._canvas.setCursor(cursor)
            return cursor is not None
        frame = self._frame
        if "left" in self._taken:
            frame.setLeft(min(at.x(), frame.right() - _LEAST))
        if "right" in self._taken:
            frame.setRight(max(at.x(), frame.left() + _LEAST))
        if "top" in self._taken:
            frame.setTop(min(at.y(), frame.bottom() - _LEAST))
        if "bottom" in self._taken:
            frame.setBottom(max(at.y(), frame.top() + _LEAST))
        self.update()
        return True

    def _let_go(self) -> bool:
        if not self._taken:
            return False
        self._taken = frozenset()
        box, frame = self._canvas.view.box(), self._frame
        self.update()
        self.cropped.emit(
            {
                "left": (frame.left() - box.left()) / box.width(),
                "right": (box.right() - frame.right()) / box.width(),
                "top": (frame.top() - box.top()) / box.height(),
                "bottom": (box.bottom() - frame.bottom()) / box.height(),
            }
        )
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the corners, and darken the cropped area."""
        box = self._canvas.view.box()
        frame = self._frame if self._taken else box
        painter = QPainter(self)
        if self._taken:
            shade = QColor(0, 0, 0, _SHADE)
            inner = frame.intersected(box)
            for part in (
                QRectF(box.left(), box.top(), box.width(), inner.top() - box.top()),
                QRectF(box.left(), inner.bottom(), box.width(), box.bottom() - inner.bottom()),
                QRectF(box.left(), inner.top(), inner.left() - box.left(), inner.height()),
                QRectF(inner.right(), inner.top(), box.right() - inner.right(), inner.height()),
            ):
                painter.fillRect(part, shade)
        for token, width in (("on-accent", 5), ("accent", 3)):
            pen = QPen(QColor(self._ui.tokens.colors[token]), width)
            pen.setCapStyle(Qt.PenCapStyle.SquareCap)
            painter.setPen(pen)
            arm = min(_ARM, frame.width() / 3, frame.height() / 3)
            for x, across in ((frame.left(), arm), (frame.right(), -arm)):
                for y, down in ((frame.top(), arm), (frame.bottom(), -arm)):
                    painter.drawLine(QPointF(x, y), QPointF(x + across, y))
                    painter.drawLine(QPointF(x, y), QPointF(x, y + down))
