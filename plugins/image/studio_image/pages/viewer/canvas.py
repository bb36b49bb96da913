"""One large picture: zoom, pan, a chequerboard under transparency, before-and-after comparison.

Knows no files and no jobs.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_image.pages.viewer.compare_slider import CompareSlider
from studio_image.pages.viewer.view_transform import ViewTransform

_STEP = 1.25
_PIXELS_SHOW_AT = 6.0
"""Who zooms in so far wants to see the picture's own pixels."""
_CHECK = 10
_CLICK = 4
"""Pixels that a hand may move while it clicks."""
_ARROWS = {
    Qt.Key.Key_Left: QPointF(1, 0),
    Qt.Key.Key_Right: QPointF(-1, 0),
    Qt.Key.Key_Up: QPointF(0, 1),
    Qt.Key.Key_Down: QPointF(0, -1),
}


class Canvas(QWidget):
    """Shows a picture, or two with a handle between them.

    Attributes:
        view: Which part of it lies where.

    Signals:
        zoomed: The scale is different: image pixels per pixel of the screen.
        clicked: The picture was clicked and not dragged; carries where, in its own pixels.
    """

    zoomed = Signal(float)
    clicked = Signal(QPointF)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._image = QImage()
        self._before = QImage()
        self.view = ViewTransform(self.size)
        self._slider = CompareSlider(ctx.ui, self.view, self.size)
        self._dragged: str = ""
        self._from = self._pressed = QPointF()
        self._small = QPixmap()
        self._small_key: tuple[int, int, int] = (0, 0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._describe()

    # --- what is shown --------------------------------------------------------------------------

    @property
    def image(self) -> QImage:
        """The picture in view; null if there is none."""
        return self._image

    @property
    def comparing(self) -> bool:
        """Whether the picture before is shown beside the one after."""
        return not self._before.isNull()

    @property
    def split(self) -> float:
        """Where the handle is: 0 shows only the picture after, 1 only the one before."""
        return self._slider.split

    def show_image(self, image: QImage, *, keep_view: bool = False) -> None:
        """Show a picture; ``keep_view`` leaves zoom and place as they are (previews of one job)."""
        same = keep_view and image.size() == self._image.size()
        self._image, self._before = image, QImage()
        self.view.picture = image.size()
        if not same:
            self.fit()
        self._describe()
        self.update()

    def compare(self, before: QImage) -> None:
        """Show the previous picture to the left of a handle; a null image ends that."""
        self._before = before
        self._describe()
        self.update()

    def set_split(self, part: float) -> None:
        """Move the handle."""
        self._slider.split = min(1.0, max(0.0, part))
        self._describe()
        self.update()

    def _describe(self) -> None:
        size = self._image.size()
        self.setAccessibleName(tr("Canvas"))
        words = tr("No picture")
        if not self._image.isNull():
            words = tr("{width} by {height} pixels").format(
                width=size.width(), height=size.height()
            )
        if self.comparing:
            words += tr(", {part}% before").format(part=round(100 * self.split))
        self.setAccessibleDescription(words)

    # --- zoom and place -------------------------------------------------------------------------

    @property
    def fitting(self) -> bool:
        """Whether the picture is made to fit."""
        return self.view.fitting

    @property
    def scale(self) -> float:
        """Pixels of the screen per pixel of the picture."""
        return self.view.scale * self.devicePixelRatioF()

    def fit(self) -> None:
        """Show all of the picture, as large as it goes."""
        self.view.fit()
        self._changed()

    def actual_size(self) -> None:
        """Show one pixel of the picture as one of the screen."""
        self._zoom_to(1 / self.devicePixelRatioF(), self.view.middle)

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom by ``factor``; what lies under ``at`` stays there."""
        self._zoom_to(self.view.scale * factor, at or self.view.middle)

    def _zoom_to(self, scale: float, at: QPointF) -> None:
        self.view.zoom_to(scale, at)
        self._changed()

    def _pan(self, by: QPointF) -> None:
        self.view.pan(by)
        self.update()

    def _changed(self) -> None:
        self.zoomed.emit(self.scale)
        self.update()

    # --- hands ----------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom where the pointer is."""
        notches = event.angleDelta().y() / 120
        self.zoom(_STEP**notches, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle, or the picture."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            super().mousePressEvent(event)
            return
        self._dragged = "handle" if self._over_handle(event.position()) else "picture"
        self._from = self._pressed = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the handle or the picture."""
        if self._dragged == "handle":
            box = self.view.box()
            self.set_split((event.position().x() - box.left()) / box.width())
        elif self._dragged:
            self._pan(event.position() - self._from)
            self._from = event.position()
        cursors = Qt.CursorShape
        over = self._over_handle(event.position())
        self.setCursor(cursors.SplitHCursor if over else cursors.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag; without movement, treat it as a click."""
        still = (event.position() - self._pressed).manhattanLength() < _CLICK
        if self._dragged == "picture" and still and not self._image.isNull():
            box = self.view.box()
            self.clicked.emit((event.position() - box.topLeft()) / self.scale)
        self._dragged = ""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Switch between all of it and its own size."""
        if self.fitting:
            self._zoom_to(1 / self.devicePixelRatioF(), event.position())
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Plus, minus, 0, 1 zoom; arrows move the picture, or the handle while all is in view."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_STEP)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / _STEP)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_1:
            self.actual_size()
        elif key in _ARROWS and self.comparing and self.fitting:
            self.set_split(self.split - 0.05 * _ARROWS[key].x())
        elif key in _ARROWS:
            self._pan(_ARROWS[key] * 40)
        else:
            super().keyPressEvent(event)

    def _over_handle(self, at: QPointF) -> bool:
        return self.comparing and self._slider.is_at(at)

    # --- drawing --------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell the scale that fits now."""
        super().resizeEvent(event)
        self.zoomed.emit(self.scale)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the background, the picture, and the previous one."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._image.isNull():
            box = self.view.box()
            if self._image.hasAlphaChannel() or self._before.hasAlphaChannel():
                self._paint_ground(painter, box)
            self._paint_after(painter, box)
            if self.comparing:
                self._paint_before(painter, box)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._color("focus"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)

    def _paint_ground(self, painter: QPainter, box: QRectF) -> None:
        tile = QPixmap(2 * _CHECK, 2 * _CHECK)
        tile.fill(self._color("raised"))
        squares = QPainter(tile)
        for x, y in ((0, 0), (_CHECK, _CHECK)):
            squares.fillRect(x, y, _CHECK, _CHECK, self._color("line"))
        squares.end()
        painter.fillRect(box.intersected(QRectF(self.rect())), QBrush(tile))

    def _paint_after(self, painter: QPainter, box: QRectF) -> None:
        painter.save()
        if self.comparing:
            painter.setClipRect(
                QRectF(self._slider.x, 0, self.width() - self._slider.x, self.height())
            )
        if self.scale < 1:
            painter.drawPixmap(box, self._shrunk(box), QRectF(self._shrunk(box).rect()))
        else:
            self._paint_part(painter, self._image, box)
        painter.restore()

    def _paint_before(self, painter: QPainter, box: QRectF) -> None:
        x = self._slider.x
        painter.save()
        painter.setClipRect(QRectF(0, 0, x, self.height()))
        if self._before.hasAlphaChannel():
            self._paint_ground(painter, box)
        self._paint_part(painter, self._before, box)
        painter.restore()
        self._slider.paint(painter, box.intersected(QRectF(self.rect())))

    def _paint_part(self, painter: QPainter, image: QImage, box: QRectF) -> None:
        """Draw the visible part of ``image`` stretched over ``box``."""
        seen = box.intersected(QRectF(self.rect()))
        across, down = image.width() / box.width(), image.height() / box.height()
        source = QRectF(
            (seen.left() - box.left()) * across,
            (seen.top() - box.top()) * down,
            seen.width() * across,
            seen.height() * down,
        )
        smooth = self.fitting or self.scale < _PIXELS_SHOW_AT or image is self._before
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(seen, image, source)

    def _shrunk(self, box: QRectF) -> QPixmap:
        """Return the picture at its shown size; cached, for scaling costs more than drawing."""
        ratio = self.devicePixelRatioF()
        size = (max(1, round(box.width() * ratio)), max(1, round(box.height() * ratio)))
        key = (self._image.cacheKey(), *size)
        if key != self._small_key:
            small = self._image.scaled(
                *size,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            self._small, self._small_key = QPixmap.fromImage(small), key
        return self._small

    def _color(self, token: str) -> QColor:
        return QColor(self._ui.tokens.colors[token])
