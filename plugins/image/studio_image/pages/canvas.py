"""One picture, large: zoom, pan, a chequered ground under what is clear, and before beside after.

Knows no files and no jobs.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
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
from studio_image.pages.wording import tr

_MARGIN = 4
_MIN_SCALE, _MAX_SCALE = 1 / 64, 64.0
_STEP = 1.25
_PIXELS_SHOW_AT = 6.0
"""Who zooms in so far wants to see the picture's own pixels."""
_LARGEST_FIT = 8.0
_HANDLE, _REACH = 13, 14
_CHECK = 10
_ARROWS = {
    Qt.Key.Key_Left: QPointF(1, 0),
    Qt.Key.Key_Right: QPointF(-1, 0),
    Qt.Key.Key_Up: QPointF(0, 1),
    Qt.Key.Key_Down: QPointF(0, -1),
}


class Canvas(QWidget):
    """Shows a picture, or two with a handle between them.

    Signals:
        zoomed: The scale is different: image pixels per pixel of the screen.
    """

    zoomed = Signal(float)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._image = QImage()
        self._before = QImage()
        self._scale: float | None = None
        """None fits the picture into the room there is."""
        self._centre = QPointF(0.5, 0.5)
        """The place of the picture, as a part of it, that lies in the middle of the canvas."""
        self._split = 0.5
        self._dragged: str = ""
        self._from = QPointF()
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
        return self._split

    def show_image(self, image: QImage, *, keep_view: bool = False) -> None:
        """Show a picture; ``keep_view`` leaves zoom and place as they are (previews of one job)."""
        same = keep_view and image.size() == self._image.size()
        self._image, self._before = image, QImage()
        if not same:
            self.fit()
        self._describe()
        self.update()

    def compare(self, before: QImage) -> None:
        """Show what the picture was before, to the left of a handle; a null image ends that."""
        self._before = before
        self._describe()
        self.update()

    def set_split(self, part: float) -> None:
        """Move the handle."""
        self._split = min(1.0, max(0.0, part))
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
            words += tr(", {part} % before").format(part=round(100 * self._split))
        self.setAccessibleDescription(words)

    # --- zoom and place -------------------------------------------------------------------------

    @property
    def fitting(self) -> bool:
        """Whether the picture is made to fit."""
        return self._scale is None

    @property
    def scale(self) -> float:
        """Pixels of the screen per pixel of the picture."""
        return self._logical_scale() * self.devicePixelRatioF()

    def fit(self) -> None:
        """Show all of the picture, as large as it goes."""
        self._scale, self._centre = None, QPointF(0.5, 0.5)
        self._changed()

    def actual_size(self) -> None:
        """Show one pixel of the picture as one of the screen."""
        self._zoom_to(1 / self.devicePixelRatioF(), QRectF(self.rect()).center())

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom by ``factor``; what lies under ``at`` stays there."""
        self._zoom_to(self._logical_scale() * factor, at or QRectF(self.rect()).center())

    def _zoom_to(self, scale: float, at: QPointF) -> None:
        if self._image.isNull():
            return
        box = self._box()
        part = QPointF((at.x() - box.x()) / box.width(), (at.y() - box.y()) / box.height())
        self._scale = min(_MAX_SCALE, max(_MIN_SCALE, scale))
        middle = QRectF(self.rect()).center()
        size = QPointF(self._image.width() * self._scale, self._image.height() * self._scale)
        self._centre = QPointF(
            part.x() + (middle.x() - at.x()) / size.x(), part.y() + (middle.y() - at.y()) / size.y()
        )
        self._changed()

    def _pan(self, by: QPointF) -> None:
        box = self._box()
        x = self._centre.x() - by.x() / box.width()
        y = self._centre.y() - by.y() / box.height()
        self._centre = QPointF(min(1.0, max(0.0, x)), min(1.0, max(0.0, y)))
        self.update()

    def _changed(self) -> None:
        self.zoomed.emit(self.scale)
        self.update()

    def _logical_scale(self) -> float:
        if self._scale is not None:
            return self._scale
        if self._image.isNull():
            return 1.0
        room = QSize(max(1, self.width() - 2 * _MARGIN), max(1, self.height() - 2 * _MARGIN))
        largest = min(room.width() / self._image.width(), room.height() / self._image.height())
        return min(largest, _LARGEST_FIT)

    def _box(self) -> QRectF:
        """Return where the whole picture lies on the canvas, in and out of view."""
        scale = self._logical_scale()
        width, height = self._image.width() * scale, self._image.height() * scale
        middle = QRectF(self.rect()).center()
        left = middle.x() - self._centre.x() * width
        top = middle.y() - self._centre.y() * height
        return QRectF(left, top, max(width, 1e-6), max(height, 1e-6))

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
        self._dragged = "handle" if self._on_handle(event.position()) else "picture"
        self._from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what was taken."""
        if self._dragged == "handle":
            box = self._box()
            self.set_split((event.position().x() - box.left()) / box.width())
        elif self._dragged:
            self._pan(event.position() - self._from)
            self._from = event.position()
        cursors = Qt.CursorShape
        over = self._on_handle(event.position())
        self.setCursor(cursors.SplitHCursor if over else cursors.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
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
            self.set_split(self._split - 0.05 * _ARROWS[key].x())
        elif key in _ARROWS:
            self._pan(_ARROWS[key] * 40)
        else:
            super().keyPressEvent(event)

    def _on_handle(self, at: QPointF) -> bool:
        return self.comparing and abs(at.x() - self._handle_x()) <= _REACH

    def _handle_x(self) -> float:
        """Return where the handle stands: in view, whatever part of the picture is."""
        box = self._box()
        x = box.left() + self._split * box.width()
        return min(self.width() - 2.0, max(2.0, x))

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
        """Draw the ground, the picture, and what it was before."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._image.isNull():
            box = self._box()
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
                QRectF(self._handle_x(), 0, self.width() - self._handle_x(), self.height())
            )
        if self.scale < 1:
            painter.drawPixmap(box, self._shrunk(box), QRectF(self._shrunk(box).rect()))
        else:
            self._paint_part(painter, self._image, box)
        painter.restore()

    def _paint_before(self, painter: QPainter, box: QRectF) -> None:
        x = self._handle_x()
        painter.save()
        painter.setClipRect(QRectF(0, 0, x, self.height()))
        if self._before.hasAlphaChannel():
            self._paint_ground(painter, box)
        self._paint_part(painter, self._before, box)
        painter.restore()
        self._paint_labels(painter, box.intersected(QRectF(self.rect())), x)
        painter.setPen(QPen(self._color("knob"), 2))
        painter.drawLine(
            QPointF(x, max(0.0, box.top())), QPointF(x, min(self.height(), box.bottom()))
        )
        painter.setPen(QPen(self._color("line-strong"), 1))
        painter.setBrush(self._color("knob"))
        middle = QPointF(x, self.height() / 2)
        painter.drawEllipse(middle, _HANDLE, _HANDLE)
        painter.setPen(QPen(QColor("#1b1f2a"), 1.6))  # on the knob, which is light in both themes
        for side in (-1, 1):
            tip = middle + QPointF(side * 7.5, 0)
            painter.drawLine(tip, tip + QPointF(-side * 3.5, -3.5))
            painter.drawLine(tip, tip + QPointF(-side * 3.5, 3.5))

    def _paint_labels(self, painter: QPainter, seen: QRectF, x: float) -> None:
        for words, left in ((tr("Before"), True), (tr("After"), False)):
            width = painter.fontMetrics().horizontalAdvance(words) + 16
            place = QRectF(seen.left() + 10 if left else seen.right() - 10 - width, 0, width, 22)
            place.moveTop(seen.top() + 10)
            if (left and place.right() > x - 4) or (not left and place.left() < x + 4):
                continue
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._color("panel"))
            painter.setOpacity(0.85)
            painter.drawRoundedRect(place, 5, 5)
            painter.setOpacity(1)
            painter.setPen(self._color("text"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_part(self, painter: QPainter, image: QImage, box: QRectF) -> None:
        """Draw what is in view of ``image`` stretched over ``box``."""
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
        """Return the picture as small as it is shown; kept, for it costs more than drawing it."""
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
