"""Starts the runtime when somebody uses the window; one that is only open leaves it off."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

_TOUCHES = {
    QEvent.Type.KeyPress,
    QEvent.Type.InputMethod,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.TouchBegin,
    QEvent.Type.Wheel,
    QEvent.Type.Drop,
}


class FirstTouch(QObject):
    """Waits for a key, a button or a drop. Sees no event unless it waits: there are thousands."""

    def __init__(self, call: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._call = call
        self._waits = False

    def wait(self, waits: bool = True) -> None:
        """Call at the next touch; or no more."""
        application = QApplication.instance()
        if waits == self._waits or application is None:
            return
        self._waits = waits
        if waits:
            application.installEventFilter(self)
        else:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _TOUCHES:
            self.wait(False)
            self._call()
        return False
