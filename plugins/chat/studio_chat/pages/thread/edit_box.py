"""Changing a message where it stands: a field that grows with its text, and its buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import PluginContext, Role

MAX_LINES = 16

Choice = tuple[str, str, Callable[[str], None]]
"""Words, tip, what it does with the text; the first is primary and is what Ctrl+Enter does."""


class EditBox(QWidget):
    """An editor over a message; Escape leaves everything as it was."""

    def __init__(
        self,
        ctx: PluginContext,
        text: str,
        note: str,
        choices: Sequence[Choice],
        leave: Callable[[], None],
    ) -> None:
        super().__init__()
        self._choices, self._leave = choices, leave
        name = self.tr("Text of the message")
        prompt = ctx.kit.prompt_field(name, lines=(1, MAX_LINES), boxed=True)
        self.field = prompt.widget
        self.field.setPlainText(text)
        words = ctx.ui.label(note, Role.SMALL, wrap=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(words, 1)
        cancel = ctx.ui.button(self.tr("Cancel"), tip=self.tr("Leave it as it was (Esc)"))
        cancel.clicked.connect(leave)
        row.addWidget(cancel)
        for place, (label, tip, _run) in reversed(list(enumerate(choices))):
            button = ctx.ui.button(label, primary=place == 0, tip=tip)
            button.clicked.connect(lambda _=False, n=place: self._choose(n))
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.field)
        column.addLayout(row)
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)

    def _choose(self, place: int) -> None:
        text = self.field.toPlainText()
        if text.strip():
            self._choices[place][2](text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter takes the first choice, Escape leaves."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._choose(0)
        elif event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)
