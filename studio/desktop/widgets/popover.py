"""A small card that hangs on a control and goes away by itself. Stays inside the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsDropShadowEffect, QVBoxLayout, QWidget

from studio.desktop.appearance.appearance import Appearance


class Popover(QFrame):
    """Opens above or below ``anchor``; closes on Escape and on a click elsewhere. Fill ``body``."""

    def __init__(self, look: Appearance, window: QWidget, name: str, width: int = 320) -> None:
        super().__init__(window)
        self._theme, self._window = look.theme, window
        self._anchor: QWidget | None = None
        self.setProperty("surface", "sheet")
        self.setProperty("ring", False)
        self.setAccessibleName(name)
        self.setFixedWidth(width)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hide()
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(16, 14, 16, 14)
        self.body.setSpacing(10)
        self._shade()
        look.theme.changed.connect(self._shade)

    def toggle(self, anchor: QWidget) -> None:
        """Open on ``anchor``, or close if it is open."""
        if self.isVisible():
            self.dismiss()
            return
        self._anchor = anchor
        self.place()
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)
        _application().installEventFilter(self)

    def dismiss(self) -> None:
        """Close."""
        _application().removeEventFilter(self)
        self.hide()

    def place(self) -> None:
        """Fit position and size to the current content."""
        if self._anchor is None:
            return
        self.adjustSize()
        window, margin = self._window, 8
        spot = self._anchor.mapTo(window, QPoint(0, 0))
        above = spot.y() - self.height() - margin
        y = above if above > 0 else spot.y() + self._anchor.height() + margin
        x = min(spot.x(), window.width() - self.width() - margin)
        self.move(max(margin, x), y)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(watched, QWidget):
            inside = watched is self or self.isAncestorOf(watched)
            if not inside and watched.window() is self.window() and watched is not self._anchor:
                self.dismiss()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
            if self._anchor is not None:
                self._anchor.setFocus(Qt.FocusReason.PopupFocusReason)
        else:
            super().keyPressEvent(event)

    def _shade(self) -> None:
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(32)
        shadow.setOffset(0, 8)
        shadow.setColor(self._theme.color("shadow"))
        self.setGraphicsEffect(shadow)


def _application() -> QCoreApplication:
    application = QApplication.instance()
    assert application is not None, "there is a widget"
    return application
