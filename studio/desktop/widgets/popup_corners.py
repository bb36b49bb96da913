"""Corners of popups: cut out where nothing may shine through them.

On X11 without a compositor what is see-through is black; whether there is one, Qt does not tell.

WORKAROUND Qt 6 on X11; no report of it was found. May go when Qt tells of composition.
"""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QGuiApplication, QPainterPath, QRegion
from PySide6.QtWidgets import QWidget

RADIUS = 8


def cut_corners(popup: QWidget, radius: int = RADIUS) -> None:
    """Give ``popup`` the shape of its border where its corners may be painted black."""
    if QGuiApplication.platformName() == "xcb":
        popup.setMask(_shape(popup.rect(), radius))


def _shape(box: QRect, radius: int) -> QRegion:
    path = QPainterPath()
    path.addRoundedRect(QRectF(box), radius, radius)
    return QRegion(path.toFillPolygon().toPolygon())
