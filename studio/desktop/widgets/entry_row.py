"""List row in Settings: name, state, details, and actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.elided import ElidedLabel


class RowAction(NamedTuple):
    """A button of a row."""

    icon: str
    words: str
    run: Callable[[], None]


class EntryRow(QWidget):
    """Shows its parts in the order of the calls."""

    def __init__(
        self, look: Appearance, name: str, state: tuple[str, str], actions: Iterable[RowAction]
    ) -> None:
        """``state`` is words and their role in the style sheet."""
        super().__init__()
        self.setAccessibleName(name)
        self._look = look
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(8)
        self._said = QVBoxLayout()
        self._said.setSpacing(3)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(look.label(name, "strong"))
        head.addWidget(look.label(*state))
        head.addStretch(1)
        self._said.addLayout(head)
        self._line.addLayout(self._said, 1)
        for action in actions:
            button = look.icon_button(action.icon, action.words)
            button.setAccessibleName(f"{action.words}: {name}")
            button.clicked.connect(lambda _=False, run=action.run: run())
            self._line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    def say(self, words: str, role: str = "small") -> None:
        """Add a paragraph."""
        self._said.addWidget(self._look.label(words, role, wrap=True))

    def say_code(self, words: str) -> None:
        """Add a line as a terminal shows it, shortened where it is too long."""
        label: QLabel = ElidedLabel(words)
        label.setProperty("role", "small")
        label.setFont(self._look.fonts.mono())
        self._said.addWidget(label)

    def end_with(self, widget: QWidget) -> None:
        """Put ``widget`` behind the buttons, level with them."""
        column = QVBoxLayout()
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(widget)
        column.addStretch(1)
        self._line.addLayout(column)
