"""A strip above the page for what stays true, such as a read-only library."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from studio.desktop.appearance.appearance import Appearance, restyle


class Banner(QFrame):
    """Hidden until there is something to say."""

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._icon = look.icon_label("triangle-alert", "warn")
        self._message = look.label("", "strong", wrap=True)
        self._hint = look.label("", "small", wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 8, 20, 8)
        row.setSpacing(12)
        row.addWidget(self._icon)
        column = QVBoxLayout()
        column.setSpacing(1)
        column.addWidget(self._message)
        column.addWidget(self._hint)
        row.addLayout(column, 1)
        self.hide()

    def say(self, message: str, hint: str = "", level: str = "warn") -> None:
        """Show a sentence; an empty one hides the strip."""
        self._message.setText(message)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._icon.set_icon("triangle-alert" if level == "warn" else "circle-alert", level)
        restyle(self, "level", level)
        self.setAccessibleName(f"{message} {hint}".strip())
        self.setVisible(bool(message))
