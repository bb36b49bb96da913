"""2-px ring around the focused widget, shown only during keyboard use."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFrame,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)
from shiboken6 import isValid

from studio.desktop.appearance.appearance import restyle
from studio.desktop.appearance.theme import Theme

# Fields draw their own ring (style sheet): on mouse focus too, since they take text.
_FIELDS = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox, QComboBox)
_GAP = 3


class FocusRing(QWidget):
    """One ring that follows the focus. A widget may set ``radius``, or ``ring`` to False."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._around: QWidget | None = None
        self._watched: list[QWidget] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        self._leave()
        if new is None or isinstance(new, _FIELDS) or new.window() is not self.parentWidget():
            return
        # Qt sets the attribute at a Tab, and takes it back at a click.
        by_keyboard = new.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        if by_keyboard and new.property("ring") is not False:
            self._around = new
            self._watch(new)
            self._follow()

    def _watch(self, widget: QWidget | None) -> None:
        """Hear of every ancestor's move: a scrolled page moves only its outermost widget."""
        while widget is not None and widget is not self.parentWidget():
            widget.installEventFilter(self)
            widget.destroyed.connect(self._leave)
            self._watched.append(widget)
            widget = widget.parentWidget()

    def _leave(self) -> None:
        watched, self._watched, self._around = self._watched, [], None
        for widget in watched:
            try:
                widget.removeEventFilter(self)
                widget.destroyed.disconnect(self._leave)
            except RuntimeError:  # its C++ half is already gone
                continue
        self.hide()

    def _follow(self) -> None:
        around = self._around
        if around is None or not around.isVisible():
            self.hide()
            return
        inside = isinstance(around, QAbstractItemView)
        gap = 0 if inside else _GAP
        inset = int(around.property("inset") or 0)  # of what is drawn within a wider control
        ring = _in_window(around).adjusted(inset - gap, -gap, gap - inset, gap)
        self.setGeometry(ring)
        self.setMask(self._clip(around).translated(-ring.topLeft()))
        self.raise_()
        self.show()

    def _clip(self, around: QWidget) -> QRect:
        """Return the part of the window where the ring may show: not over what hides its widget."""
        clip = around.window().rect()
        for widget in self._watched[1:]:
            if widget.inherits("QAbstractScrollArea"):
                clip &= _in_window(widget)
        return clip

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._around is not None and event.type() in _MOVES:
            self._follow()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("accent"), 2))
        radius = float((self._around and self._around.property("radius")) or 8)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)


_MOVES = {QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide}


def _in_window(widget: QWidget) -> QRect:
    return QRect(widget.mapTo(widget.window(), QPoint(0, 0)), widget.size())


class ComposerRing(QObject):
    """Lights the frame with ``surface="composer"`` around the plain field that takes the keys."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._lit: QFrame | None = None
        app.focusChanged.connect(self._follow)

    def _follow(self, _old: QWidget | None, new: QWidget | None) -> None:
        frame = _composer(new) if new is not None and new.property("plain") else None
        if frame is self._lit:
            return
        if self._lit is not None and isValid(self._lit):
            restyle(self._lit, "lit", False)
        if frame is not None:
            restyle(frame, "lit", True)
        self._lit = frame


def _composer(widget: QWidget) -> QFrame | None:
    """Return the composer that ``widget`` is in."""
    around = widget.parentWidget()
    while around is not None and around.property("surface") != "composer":
        around = around.parentWidget()
    return around if isinstance(around, QFrame) else None
