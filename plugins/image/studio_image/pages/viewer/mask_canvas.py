"""A canvas on which a mask is painted over the picture: brush, eraser, lasso."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_image.pages.viewer.canvas import Canvas
from studio_image.pages.viewer.mask_layer import MaskLayer

BRUSH, ERASER, LASSO = "brush", "eraser", "lasso"
SMALLEST, LARGEST = 1, 1000
_STEP, _MOVE = 1.2, 12
_TINT = 165
"""How strongly, of 255, what is masked is tinted."""
_ARROWS = {
    Qt.Key.Key_Left: QPointF(-1, 0),
    Qt.Key.Key_Right: QPointF(1, 0),
    Qt.Key.Key_Up: QPointF(0, -1),
    Qt.Key.Key_Down: QPointF(0, 1),
}


class MaskCanvas(Canvas):
    """Shows a picture with its mask tinted.

    Attributes:
        layer: The mask.
        tool: ``brush``, ``eraser`` or ``lasso``.
        width_of_brush: In pixels of the picture.

    Signals:
        brush_changed: Another tool or another width.
    """

    brush_changed = Signal()

    def __init__(self, ctx: PluginContext, layer: MaskLayer | None = None) -> None:
        super().__init__(ctx)
        self.layer = MaskLayer() if layer is None else layer
        self.layer.setParent(self)
        self.layer.changed.connect(self.update)
        self.tool, self.width_of_brush = BRUSH, 40
        self._last: QPointF | None = None
        """Where the stroke is, in pixels of the picture; None between strokes."""
        self._outline: list[QPointF] = []
        self._spot = QPointF()
        """Where the brush is, in pixels of the picture."""
        self.setAccessibleName(tr("Canvas for the mask"))

    def show_picture(self, image: QImage) -> None:
        """Show a picture with an empty mask."""
        self.show_image(image)
        self.layer.reset(image.size())
        self._spot = QPointF(image.width() / 2, image.height() / 2)
        shorter = min(image.width(), image.height())
        self.set_width(max(8, shorter // 12))

    def set_tool(self, tool: str) -> None:
        """Take a tool."""
        self.tool = tool
        self.brush_changed.emit()
        self.update()

    def set_width(self, width: float) -> None:
        """Make the brush as wide as so many pixels of the picture."""
        self.width_of_brush = round(min(LARGEST, max(SMALLEST, width)))
        self.brush_changed.emit()
        self.update()

    # --- hands ----------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Make the brush wider or narrower; with Ctrl zoom."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
            return
        self._scaled(_STEP ** (event.angleDelta().y() / 120))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke; other buttons act as on every canvas."""
        if event.button() != Qt.MouseButton.LeftButton or self.image.isNull():
            super().mousePressEvent(event)
            return
        self._begin(self._place(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with the stroke."""
        self._spot = self._place(event.position())
        if self._last is None:
            super().mouseMoveEvent(event)
        else:
            self._go(self._spot)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the stroke."""
        if self._last is None or event.button() != Qt.MouseButton.LeftButton:
            super().mouseReleaseEvent(event)
            return
        self._end()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Two clicks are two strokes."""
        self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """[ and ] set the width, arrows move the brush, Space paints there."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            self._scaled(_STEP if key == Qt.Key.Key_BracketRight else 1 / _STEP)
        elif key in _ARROWS and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._spot += _ARROWS[key] * max(1.0, _MOVE / self.view.scale)
            self.update()
        elif key == Qt.Key.Key_Space and not self.image.isNull():
            self._begin(self._spot)
            self._end()
        else:
            super().keyPressEvent(event)

    def _scaled(self, factor: float) -> None:
        wanted = self.width_of_brush * factor
        step = 1 if factor > 1 else -1
        changed = round(wanted) != self.width_of_brush
        self.set_width(wanted if changed else self.width_of_brush + step)

    def _place(self, at: QPointF) -> QPointF:
        box = self.view.box()
        return QPointF((at.x() - box.x()) / self.view.scale, (at.y() - box.y()) / self.view.scale)

    def _begin(self, at: QPointF) -> None:
        self.layer.begin()
        self._last, self._outline = at, [at]
        if self.tool != LASSO:
            self.layer.line(at, at, self.width_of_brush, erase=self.tool == ERASER)

    def _go(self, to: QPointF) -> None:
        assert self._last is not None
        if self.tool == LASSO:
            self._outline.append(to)
        else:
            self.layer.line(self._last, to, self.width_of_brush, erase=self.tool == ERASER)
        self._last = to

    def _end(self) -> None:
        if self.tool == LASSO and len(self._outline) > 2:
            self.layer.area(self._outline, erase=False)
        self.layer.end()
        self._last, self._outline = None, []
        self.update()

    # --- drawing --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, the mask over it, and the brush."""
        super().paintEvent(event)
        if self.image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_mask(painter)
        box, scale = self.view.box(), self.view.scale

        def seen(place: QPointF) -> QPointF:
            return QPointF(box.x() + place.x() * scale, box.y() + place.y() * scale)

        for color, width in (("on-accent", 3), ("accent", 1)):
            painter.setPen(QPen(self._color(color), width))
            if self._outline and self.tool == LASSO:
                painter.drawPolyline(QPolygonF([seen(point) for point in self._outline]))
            elif self.tool == LASSO:
                painter.drawEllipse(seen(self._spot), 3, 3)
            else:
                radius = self.width_of_brush * scale / 2
                painter.drawEllipse(seen(self._spot), radius, radius)

    def _paint_mask(self, painter: QPainter) -> None:
        box = self.view.box()
        part = box.intersected(QRectF(self.rect()))
        if part.isEmpty():
            return
        scale = self.view.scale
        source = QRectF(
            (part.x() - box.x()) / scale,
            (part.y() - box.y()) / scale,
            part.width() / scale,
            part.height() / scale,
        )
        ratio = self.devicePixelRatioF()
        tint = QImage((part.size() * ratio).toSize(), QImage.Format.Format_ARGB32_Premultiplied)
        tint.fill(QColor(0, 0, 0, 0))
        inner = QPainter(tint)
        inner.drawImage(QRectF(tint.rect()), self.layer.image, source)
        inner.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        color = QColor(self._color("accent"))
        color.setAlpha(_TINT)
        inner.fillRect(tint.rect(), color)
        inner.end()
        painter.drawImage(part, tint)
