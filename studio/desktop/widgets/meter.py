"""A slim bar of how much, and how much of what. Draws only."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.desktop.appearance.appearance import Appearance


class Meter(QWidget):
    """Shares of a whole, one after the other; ``set_parts`` takes (share 0–1, colour token)."""

    def __init__(self, look: Appearance, name: str, width: int = 0, height: int = 4) -> None:
        super().__init__()
        self._theme = look.theme
        self._size = QSize(width or 60, height)
        self._parts: Sequence[tuple[float, str]] = ()
        self.setAccessibleName(name)
        across = QSizePolicy.Policy.Fixed if width else QSizePolicy.Policy.Expanding
        self.setSizePolicy(across, QSizePolicy.Policy.Fixed)
        look.theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return self._size

    def set_parts(self, parts: Sequence[tuple[float, str]]) -> None:
        """Show other shares."""
        if list(parts) != list(self._parts):
            self._parts = list(parts)
            self.setAccessibleDescription(f"{sum(share for share, _ in parts):.0%}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QPainterPath()
        radius = self.height() / 2
        whole.addRoundedRect(QRectF(self.rect()), radius, radius)
        painter.fillPath(whole, self._theme.color("line"))
        painter.setClipPath(whole)
        x = 0.0
        for share, token in self._parts:
            width = max(0.0, min(share, 1.0)) * self.width()
            painter.fillRect(QRectF(x, 0, width, self.height()), self._theme.color(token))
            x += width
