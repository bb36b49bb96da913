"""What a result looks like in a strip: its picture or its icon, and its star."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap

from studio.desktop.appearance.appearance import Appearance

_ICONS = {
    "text": "file-text",
    "conversation": "message-square",
    "image": "image",
    "audio": "music",
    "score": "file-music",
    "molecules": "hexagon",
    "code": "file-code",
    "table": "table",
}


def blank(size: QSize, ratio: float, draw: Callable[[QPainter], None]) -> QPixmap:
    """Return what ``draw`` paints on a clear ground of ``size``."""
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    draw(painter)
    painter.end()
    return pixmap


def draw_image(look: Appearance, painter: QPainter, room: QSize, image: QImage, star: bool) -> None:
    """Draw a picture into the middle of ``room``; of a null one that it cannot be read."""
    if image.isNull():
        _draw_icon(look, painter, room, "image-off", "faint")
    else:
        size = image.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (room.width() - size.width()) // 2, (room.height() - size.height()) // 2
        painter.drawImage(QRect(QPoint(left, top), size), image)
    _draw_star(look, painter, room, star)


def draw_kind(look: Appearance, painter: QPainter, room: QSize, kind: str, star: bool) -> None:
    """Draw the icon of a kind of artifact."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.theme.color("raised"))
    painter.drawRoundedRect(QRect(QPoint(0, 0), room), 8, 8)
    _draw_icon(look, painter, room, _ICONS.get(kind, "file"), "mute")
    _draw_star(look, painter, room, star)


def _draw_icon(look: Appearance, painter: QPainter, room: QSize, icon: str, color: str) -> None:
    left, top = room.width() // 2 - 12, room.height() // 2 - 12
    look.icons.icon(icon, color, on="accent").paint(painter, QRect(left, top, 24, 24))


def _draw_star(look: Appearance, painter: QPainter, room: QSize, star: bool) -> None:
    if star:
        right = room.width()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.theme.color("panel"))
        painter.drawEllipse(right - 23, 3, 20, 20)
        look.icons.icon("star", "warn", on="accent").paint(painter, QRect(right - 20, 6, 14, 14))
