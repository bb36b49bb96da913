"""A card over the dimmed window: the studio's dialog. Stays inside its window, closes on Escape."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFrame,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from studio.desktop.appearance.appearance import Appearance


class Overlay(QWidget):
    """A veil over its parent. Keeps the keyboard inside while it is open.

    Signals:
        closed: It is gone from view.
    """

    closed = Signal()

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._covered = look.theme, parent
        self._before: QWidget | None = None
        self.hide()
        parent.installEventFilter(self)
        look.theme.changed.connect(self.update)

    def open(self, focus: QWidget) -> None:
        """Cover the parent and give ``focus`` the keyboard."""
        self._before = QApplication.focusWidget()
        self.setGeometry(self._covered.rect())
        self.raise_()
        self.show()
        focus.setFocus(Qt.FocusReason.PopupFocusReason)

    def dismiss(self) -> None:
        """Uncover, and give the keyboard back to who had it."""
        if not self.isVisible():
            return
        self.hide()
        before, self._before = self._before, None
        if before is not None and _alive(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.PopupFocusReason)
        self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._covered and event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._covered.rect())
        return False

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Walk the focus round inside the overlay only."""
        inside = [w for w in self.findChildren(QWidget) if _takes_tab(w)]
        if not inside:
            return True
        inside.sort(
            key=lambda w: (
                w.mapTo(self, w.rect().topLeft()).y(),
                w.mapTo(self, w.rect().topLeft()).x(),
            )
        )
        now = QApplication.focusWidget()
        at = inside.index(now) if now in inside else -1
        inside[(at + (1 if forward else -1)) % len(inside)].setFocus(
            Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        )
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # Qt presses on Space alone
            focus = self.focusWidget()
            if isinstance(focus, QAbstractButton) and not event.isAutoRepeat():
                focus.click()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.dismiss()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._theme.color("scrim"))


class Sheet(Overlay):
    """An overlay with a titled card in the middle; fill ``body``."""

    def __init__(self, look: Appearance, parent: QWidget, title: str, width: int = 520) -> None:
        super().__init__(look, parent)
        self.setAccessibleName(title)
        self.card = _Card()
        self.card.setProperty("surface", "sheet")
        self.card.setFixedWidth(width)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 24)
        middle = QHBoxLayout()  # an alignment would measure wrapped words as wide as the window
        middle.addStretch()
        middle.addWidget(self.card)
        middle.addStretch()
        outer.addStretch(2)
        outer.addLayout(middle)
        outer.addStretch(3)
        layout = QVBoxLayout(self.card)
        layout.setContentsMargins(24, 18, 24, 22)
        layout.setSpacing(12)
        head = QHBoxLayout()
        head.addWidget(look.label(title, "heading"))
        head.addStretch()
        self.close_button = look.icon_button("x", self.tr("Close"))
        self.close_button.clicked.connect(self.dismiss)
        head.addWidget(self.close_button)
        layout.addLayout(head)
        self.body = QVBoxLayout()
        self.body.setSpacing(12)
        layout.addLayout(self.body, 1)

    def show_sheet(self, focus: QWidget | None = None) -> None:
        """Open it; a sheet is shown once and then forgotten."""
        self.closed.connect(self.deleteLater)
        self.card.setMaximumHeight(max(240, self._covered.height() - 48))
        self.open(focus or self.close_button)


class _Card(QFrame):
    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()  # a click on the card is no click on the veil


def _takes_tab(widget: QWidget) -> bool:
    policy = widget.focusPolicy()
    tab = bool(policy.value & Qt.FocusPolicy.TabFocus.value)
    return tab and widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None


def _alive(widget: QWidget) -> bool:
    from shiboken6 import isValid

    return bool(isValid(widget))
