"""An on/off switch. A check box in all but its shape."""

from __future__ import annotations

from PySide6.QtCore import Property, QPropertyAnimation, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from studio.desktop.appearance.appearance import Appearance

_WIDTH, _HEIGHT = 32, 18


class Switch(QAbstractButton):
    """Checked is on. Space toggles it."""

    def __init__(self, look: Appearance, name: str) -> None:
        super().__init__()
        self._theme = look.theme
        self._at = 0.0
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._slide = QPropertyAnimation(self, b"at", self)
        self.toggled.connect(self._on_toggled)
        look.theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH, _HEIGHT)

    def _get_at(self) -> float:
        return self._at

    def _set_at(self, at: float) -> None:
        self._at = at
        self.update()

    at = Property(float, _get_at, _set_at)

    def _on_toggled(self, on: bool) -> None:
        self._slide.stop()
        if not self.isVisible() or not self._theme.motion():
            self._set_at(float(on))
            return
        self._slide.setDuration(self._theme.motion(110))
        self._slide.setStartValue(self._at)
        self._slide.setEndValue(float(on))
        self._slide.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        color = self._theme.color
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = color("accent" if self.isChecked() else "line-strong")
        painter.setBrush(track if self.isEnabled() else color("line"))
        painter.drawRoundedRect(QRectF(0, 0, _WIDTH, _HEIGHT), _HEIGHT / 2, _HEIGHT / 2)
        painter.setBrush(color("on-accent" if self.isChecked() else "knob"))
        x = 2 + self._at * (_WIDTH - _HEIGHT)
        painter.drawEllipse(QRectF(x, 2, _HEIGHT - 4, _HEIGHT - 4))
