"""A switch: a row of buttons of which one is down."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton

from studio.api import PluginContext


class SwitchBar(QFrame):
    """Arrow keys move, as among radio buttons.

    Signals:
        chosen: The user chose; carries the id.
    """

    chosen = Signal(str)

    def __init__(
        self, ctx: PluginContext, name: str, choices: Sequence[tuple[str, str, str, str]]
    ) -> None:
        """Make one of ``choices``: (id, icon, title, tip); an empty title shows the icon alone."""
        super().__init__()
        self.setProperty("surface", "raised")
        self.setAccessibleName(name)
        self._buttons: dict[str, QToolButton] = {}
        self._titles = {id: title for id, _, title, _ in choices}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        for id, icon, title, tip in choices:
            button = ctx.ui.icon_button(icon, tip)
            button.setAccessibleName(title or tip)
            button.setCheckable(True)
            button.toggled.connect(lambda on, id=id: self.chosen.emit(id) if on else None)
            self._group.addButton(button)
            self._buttons[id] = button
            row.addWidget(button)
        self.show_words(True)

    def show_words(self, shown: bool) -> None:
        """Show titles beside the icons, or the icons alone where there is little room."""
        for id, button in self._buttons.items():
            title = self._titles[id] if shown else ""
            button.setText(title)
            style = Qt.ToolButtonStyle
            button.setToolButtonStyle(
                style.ToolButtonTextBesideIcon if title else style.ToolButtonIconOnly
            )
            button.setIconSize(QSize(20 if title else 16, 16))  # the wider one keeps a distance

    def choose(self, id: str) -> None:
        """Show a choice without telling anybody."""
        self.blockSignals(True)
        self._buttons[id].setChecked(True)
        self.blockSignals(False)

    def button(self, id: str) -> QToolButton:
        """Return the button of a choice."""
        return self._buttons[id]
