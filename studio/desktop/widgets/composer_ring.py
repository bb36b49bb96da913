"""The ring around a composer while its field has the keyboard: style sheets know no such state."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QFrame, QWidget
from shiboken6 import isValid

from studio.desktop.appearance.appearance import restyle


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
