"""Small pictures of results for the strip, made beside the window."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from studio.api import Kind, SavedArtifact
from studio.api.plot import Bars, Line, Plot, Points

_SIDE = 192
_MARGIN = 24
_WIDE_LINE = 8


def thumbnail(artifact: SavedArtifact, line: QColor) -> QImage:
    """Return what stands for a result: the picture itself, or the course of a curve."""
    if artifact.kind == Kind.IMAGE:
        return QImage.fromData(artifact.read()).scaled(
            _SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio
        )
    image = QImage(_SIDE, _SIDE, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    if artifact.kind == Kind.PLOT:
        _draw_curve(image, Plot.decode(artifact.read()), line)
    else:
        _draw_lines(image, line)
    return image


def _draw_lines(image: QImage, line: QColor) -> None:
    """Draw what stands for something to read: lines, the last of them short."""
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(line, _WIDE_LINE, c=Qt.PenCapStyle.RoundCap))
    for number, share in enumerate((1.0, 1.0, 1.0, 0.5), 1):
        y = _SIDE * number / 5
        end = _MARGIN + (_SIDE - 2 * _MARGIN) * share
        painter.drawLine(QPointF(_MARGIN, y), QPointF(end, y))
    painter.end()


def _draw_curve(image: QImage, plot: Plot, line: QColor) -> None:
    series = [item for item in plot.series if isinstance(item, Line | Points | Bars)]
    values = [y for item in series for y in item.y if y is not None]
    if not values:
        return
    low, high = min(values), max(values)
    room = QRectF(image.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(line, _WIDE_LINE, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
    for item in series:
        heights = [y for y in item.y if y is not None]
        step = room.width() / max(1, len(heights) - 1)
        span = (high - low) or 1.0
        painter.drawPolyline(
            [
                QPointF(room.left() + at * step, room.bottom() - (y - low) / span * room.height())
                for at, y in enumerate(heights)
            ]
        )
    painter.end()
