"""Starts the runtime when somebody uses the window; one that is only open leaves it off."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QWindow
from shiboken6 import isValid

_TOUCHES = {
    QEvent.Type.KeyPress,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.TouchBegin,
    QEvent.Type.Wheel,
    QEvent.Type.Drop,
}


class FirstTouch(QObject):
    """Waits for a key, a button or a drop in a window.

    Hears what the window system tells the window, not what passes between its widgets: that is
    thousands of events for one of these.
    """

    def __init__(self, window: QWindow, call: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._call = window, call
        self._waits = False

    def wait(self, waits: bool = True) -> None:
        """Call at the next touch; or no more."""
        if waits == self._waits or not isValid(self._window):  # which may be gone before its jobs
            return
        self._waits = waits
        if waits:
            self._window.installEventFilter(self)
        else:
            self._window.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _TOUCHES:
            self.wait(False)
            self._call()
        return False
