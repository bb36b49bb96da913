"""A mask over a picture: strokes and areas are painted, erased, undone. Draws nothing on screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF, QUndoCommand, QUndoStack

from studio_image.pages.picture_files import png_of

_STEPS = 60
"""How many strokes can be undone."""
_CLEAR, _FULL = QColor(0, 0, 0, 0), QColor(0, 0, 0, 255)


class MaskLayer(QObject):
    """Paint over a picture, at the picture's own size.

    Attributes:
        image: Where it is opaque, the picture is masked.
        color: Colour of the brush.
        history: Undo and redo history of the strokes.

    Signals:
        changed: It looks different now.
    """

    changed = Signal()
    FORM = QImage.Format.Format_Alpha8

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self.history = QUndoStack(self)
        self.history.setUndoLimit(_STEPS)
        self.color = _FULL
        self._before = QImage()
        self._touched = QRect()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is masked: strokes that were erased again count as none."""
        bits = bytes(self.image.constBits()) if not self.image.isNull() else b""
        return bits.count(b"\0") == len(bits)

    def reset(self, size: QSize) -> None:
        """Begin anew for a picture of this size; nothing is left to undo."""
        self.image = QImage(size, self.FORM)
        self.image.fill(_CLEAR)
        self.history.clear()
        self.changed.emit()

    def png(self) -> bytes:
        """Return the mask as a PNG file: white is masked."""
        marks = self.image.copy()
        marks.reinterpretAsFormat(QImage.Format.Format_Grayscale8)
        two = QImage.Format.Format_Mono, Qt.ImageConversionFlag.ThresholdDither
        return png_of(marks.convertToFormat(*two))

    # --- strokes --------------------------------------------------------------------------------

    def begin(self) -> None:
        """A stroke begins."""
        self._before, self._touched = self.image.copy(), QRect()

    def line(self, start: QPointF, end: QPointF, width: float, *, erase: bool) -> None:
        """Paint from one place of the picture to another, as part of the stroke."""
        pen = QPen(self.color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter = self._painter(erase)
        painter.setPen(pen)
        if start == end:
            painter.drawPoint(start)
        else:
            painter.drawLine(start, end)
        painter.end()
        around = width / 2 + 2
        self._touch(
            QRectF(start, end).normalized().adjusted(-around, -around, around, around).toRect()
        )

    def area(self, outline: Sequence[QPointF], *, erase: bool) -> None:
        """Fill what an outline surrounds, as part of the stroke."""
        polygon = QPolygonF(list(outline))
        painter = self._painter(erase)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.color)
        painter.drawPolygon(polygon)
        painter.end()
        self._touch(polygon.boundingRect().toAlignedRect().adjusted(-1, -1, 1, 1))

    def end(self) -> None:
        """The stroke is over: it can be undone from now on."""
        touched = self._touched.intersected(self.image.rect())
        if not touched.isEmpty():
            self.history.push(
                _Stroke(self, touched, self._before.copy(touched), self.image.copy(touched))
            )
        self._before = QImage()

    def clear(self) -> None:
        """Mask nothing."""
        self._whole(lambda image: image.fill(_CLEAR))

    def invert(self) -> None:
        """Invert the mask."""
        self._whole(lambda image: image.invertPixels(QImage.InvertMode.InvertRgba))

    def take(self, marks: QImage) -> None:
        """Mask the white pixels of a picture; ignore one of another size."""
        if marks.size() != self.image.size():
            return
        mask = marks.convertToFormat(QImage.Format.Format_Grayscale8)
        mask.reinterpretAsFormat(QImage.Format.Format_Alpha8)
        self.begin()
        self.image = mask
        self._touch(mask.rect())
        self.end()

    def _whole(self, change: Callable[[QImage], None]) -> None:
        if self.image.isNull():
            return
        self.begin()
        change(self.image)
        self._touch(self.image.rect())
        self.end()

    def _painter(self, erase: bool) -> QPainter:
        painter = QPainter(self.image)
        modes = QPainter.CompositionMode
        painter.setCompositionMode(
            modes.CompositionMode_Clear if erase else modes.CompositionMode_SourceOver
        )
        return painter

    def _touch(self, place: QRect) -> None:
        self._touched = self._touched.united(place)
        self.changed.emit()

    def put(self, place: QRect, pixels: QImage) -> None:
        """Put a part back as it was."""
        painter = QPainter(self.image)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.drawImage(place.topLeft(), pixels)
        painter.end()
        self.changed.emit()


class _Stroke(QUndoCommand):
    def __init__(self, layer: MaskLayer, place: QRect, before: QImage, after: QImage) -> None:
        super().__init__()
        self._layer, self._place, self._before, self._after = layer, place, before, after
        self._done = True
        """Pushing it does it, but it has been done."""

    def undo(self) -> None:
        """Take it back."""
        self._layer.put(self._place, self._before)

    def redo(self) -> None:
        """Do it again."""
        if not self._done:
            self._layer.put(self._place, self._after)
        self._done = False
