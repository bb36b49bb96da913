"""How loud something is: a small bar from −48 to 0 dB."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.desktop.appearance.appearance import Appearance

_FLOOR_DB = -48.0
_FALL = 0.06


class LevelMeter(QWidget):
    """A meter from −48 to 0 dB."""

    def __init__(self, look: Appearance, tip: str) -> None:
        super().__init__()
        self._look = look
        self._shown = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Level"))
        self.setToolTip(tip)

    @property
    def widget(self) -> QWidget:
        """Itself."""
        return self

    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(56, 10)

    def show_level(self, level: float) -> None:
        """Show an amplitude, 0…1."""
        decibel = 20 * math.log10(level) if level > 1e-6 else _FLOOR_DB
        aim = max(0.0, min(1.0, 1 - decibel / _FLOOR_DB))
        shown = aim if level == 0 or aim > self._shown else max(aim, self._shown - _FALL)
        if shown != self._shown:
            self._shown = shown
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bar."""
        colors = self._look.theme.tokens.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        room = QRectF(0, 2, self.width(), 6)
        painter.setBrush(QColor(colors["line"]))
        painter.drawRoundedRect(room, 3, 3)
        if self._shown > 0:
            name = "bad" if self._shown > 0.97 else "warn" if self._shown > 0.88 else "good"
            painter.setBrush(QColor(colors[name]))
            painter.drawRoundedRect(QRectF(0, 2, max(6.0, room.width() * self._shown), 6), 3, 3)
