"""Asks for the name of a file or folder, above the tree."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit

_MAX_CHARS = 200


class NameField(QLineEdit):
    """Hidden unless it asks; Return answers, Escape and a click elsewhere do not."""

    def __init__(self) -> None:
        super().__init__()
        self._then: Callable[[str], None] | None = None
        self.setMaxLength(_MAX_CHARS)
        self.returnPressed.connect(self._answer)
        self.hide()

    def ask(self, words: str, name: str, then: Callable[[str], None]) -> None:
        """Ask; ``name`` is there already, selected up to its suffix."""
        self._then = then
        self.setPlaceholderText(words)
        self.setAccessibleName(words)
        self.setText(name)
        stem = name.rfind(".")
        self.setSelection(0, stem if stem > 0 else len(name))
        self.show()
        self.setFocus()

    def _answer(self) -> None:
        then, name = self._then, self.text().strip()
        self._end()
        if then is not None and name:
            then(name)

    def _end(self) -> None:
        self._then = None
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape asks no more."""
        if event.key() == Qt.Key.Key_Escape:
            self._end()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Asking ends when the user turns to something else."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._end()
