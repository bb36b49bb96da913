"""Rounded boxes behind cards, bubbles and code. Draws no more of them than is exposed."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget


def paint_box(
    widget: QWidget,
    exposed: QRect,
    box: QRectF,
    radius: float,
    fill: QColor,
    line: QColor | None = None,
    width: float = 1,
) -> None:
    """Draw a rounded box on ``widget``.

    Filling a large rounded path is slow, and of a tall card a scrolled frame shows a strip: the box
    is cut to that strip and its new corners fall outside of it.

    Args:
        exposed: What is to be painted.
        line: Colour of its edge; None draws none.
    """
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(line, width) if line is not None else Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.setClipRect(exposed)
    beyond = 2 * radius
    strip = QRectF(exposed).adjusted(0, -beyond, 0, beyond)
    strip.setLeft(box.left())
    strip.setRight(box.right())
    painter.drawRoundedRect(box.intersected(strip), radius, radius)
