"""Bars and beats above the notes: a click puts the playhead, a drag the loop."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.pages.editor.grid import bars, snapped
from studio_music.pages.roll.colours import Colours
from studio_music.pages.roll.gestures import Desk
from studio_music.pages.roll.viewport import Viewport

HEIGHT = 26
_GRIP = 5.0
_APART = 34.0
"""Numbers of bars stand at least so many pixels apart."""


class Ruler(QWidget):
    """The ruler.

    Signals:
        seek_asked: The playhead is wanted at a tick.
        loop_asked: (first tick, end) or None.
    """

    seek_asked = Signal(int)
    loop_asked = Signal(object)

    def __init__(self, document: Document, camera: Viewport, desk: Desk) -> None:
        super().__init__()
        self._document, self._camera, self._desk = document, camera, desk
        self.shades: Colours | None = None
        self.loop: tuple[int, int] | None = None
        self.looping = False
        self._playhead = 0
        self._from: int | None = None
        self._dragged = False
        self._pressed = QPointF()
        self.setFixedHeight(HEIGHT)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("Ruler"))
        self.setToolTip(
            tr(
                "Click to move the playhead. Drag to set a loop, double-click to remove "
                "it. Keys: arrows, L for the loop"
            )
        )
        camera.moved.connect(self.update)
        document.changed.connect(self.update)

    def set_playhead(self, tick: int) -> None:
        """Move the mark."""
        if tick != self._playhead:
            for place in (self._playhead, tick):
                self.update(round(self._camera.x(place)) - 7, 0, 14, HEIGHT)
            self._playhead = tick
            self.setAccessibleDescription(tr("Playhead at tick {tick}").format(tick=tick))

    def set_loop(self, loop: tuple[int, int] | None, looping: bool) -> None:
        """Show the loop range."""
        self.loop, self.looping = loop, looping
        self.update()

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the numbers in view."""
        shades, camera = self.shades, self._camera
        if shades is None:
            return
        painter = QPainter(self)
        painter.fillRect(event.rect(), shades.paper)
        self._paint_loop(painter, shades)
        font = QFont(self.font())
        font.setPixelSize(11)
        painter.setFont(font)
        start, end = camera.span
        last = -_APART
        for bar in bars(self._document.piece, int(start), int(end) + 1):
            x = round(camera.x(bar.start)) + 0.5
            painter.setPen(QPen(shades.bar_line, 1))
            if x - last >= _APART or bar.start == 0:
                painter.drawLine(QPointF(x, 3), QPointF(x, HEIGHT))
                painter.setPen(shades.mute)
                where = QRectF(x + 4, 1, 40, 15)
                painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, str(bar.number))
                last = x
            elif camera.scale * (bar.end - bar.start) >= 5:
                painter.drawLine(QPointF(x, HEIGHT - 6), QPointF(x, HEIGHT))
            if bar.beat * camera.scale > 9:
                painter.setPen(QPen(shades.bar_line, 1))
                for tick in range(bar.start + bar.beat, bar.end, bar.beat):
                    at = round(camera.x(tick)) + 0.5
                    painter.drawLine(QPointF(at, HEIGHT - 5), QPointF(at, HEIGHT))
        painter.setPen(QPen(shades.line, 1))
        painter.drawLine(QPointF(0, HEIGHT - 0.5), QPointF(self.width(), HEIGHT - 0.5))
        self._paint_head(painter, shades)
        if self.hasFocus():
            painter.setPen(QPen(shades.accent, 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_loop(self, painter: QPainter, shades: Colours) -> None:
        if self.loop is None:
            return
        left, right = (self._camera.x(tick) for tick in self.loop)
        color = shades.accent if self.looping else shades.faint
        painter.fillRect(QRectF(left, 0, right - left, HEIGHT), shades.soft)
        painter.fillRect(QRectF(left, 0, right - left, 3), color)

    def _paint_head(self, painter: QPainter, shades: Colours) -> None:
        x = round(self._camera.x(self._playhead)) + 0.5
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shades.playhead)
        corners = ((x - 5, 15), (x + 5, 15), (x + 5, 19), (x, 26), (x - 5, 19))
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # --- mouse and keys -----------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of an end of the loop, or of the place for a new one."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        x, self._dragged, self._pressed = event.position().x(), False, event.position()
        self._from = self._snapped(x)
        if self.loop is not None:
            first, end = self.loop
            if abs(self._camera.x(first) - x) <= _GRIP:
                self._from, self._dragged = end, True
            elif abs(self._camera.x(end) - x) <= _GRIP:
                self._from, self._dragged = first, True

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag out the loop."""
        x = event.position().x()
        ends = self.loop or ()
        grip = any(abs(self._camera.x(end) - x) <= _GRIP for end in ends)
        self.setCursor(Qt.CursorShape.SizeHorCursor if grip else Qt.CursorShape.ArrowCursor)
        if self._from is None:
            return
        self._dragged = self._dragged or abs(x - self._pressed.x()) > 4
        if self._dragged:
            first, end = sorted((self._from, self._snapped(x)))
            if end > first:
                self.loop_asked.emit((first, end))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click without a drag puts the playhead."""
        if self._from is not None and not self._dragged:
            self.seek_asked.emit(self._snapped(event.position().x()))
        self._from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take the loop away."""
        self._from = None
        self.loop_asked.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys move the playhead by beats, with Ctrl by bars."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not steps:
            super().keyPressEvent(event)
            return
        bar = next(bars(self._document.piece, self._playhead, self._playhead + 1))
        whole = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        step = bar.end - bar.start if whole else bar.beat
        aim = snapped(self._document.piece, self._playhead + steps * step, bar.beat)
        self.seek_asked.emit(max(0, aim))

    def _snapped(self, x: float) -> int:
        tick = max(0.0, self._camera.tick(x))
        return snapped(self._document.piece, tick, max(self._desk.snap, 1))
