"""A segmented switch: a row of buttons of which one is down."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton

from studio.api import PluginContext


class SwitchBar(QFrame):
    """Arrow keys move, as among radio buttons.

    Signals:
        chosen: The user chose a part; carries its id.
    """

    chosen = Signal(str)

    def __init__(
        self, ctx: PluginContext, name: str, parts: Sequence[tuple[str, str, str]]
    ) -> None:
        """Make the switch.

        Args:
            name: What it chooses, for those who hear it.
            parts: (id, title, icon) from the left.
        """
        super().__init__()
        self.setProperty("surface", "raised")
        self.setAccessibleName(name)
        self.buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        for id, title, icon in parts:
            button = ctx.ui.icon_button(icon, title)
            button.setText(title)
            button.setIconSize(QSize(20, 16))  # the wider one leaves room before the words
            button.setCheckable(True)
            button.toggled.connect(lambda on, id=id: self.chosen.emit(id) if on else None)
            group.addButton(button)
            self.buttons[id] = button
            row.addWidget(button)
        self.show_words(True)

    def show_words(self, words: bool) -> None:
        """Show titles beside the icons, or icons alone where there is little room."""
        styles = Qt.ToolButtonStyle
        for button in self.buttons.values():
            button.setToolButtonStyle(
                styles.ToolButtonTextBesideIcon if words else styles.ToolButtonIconOnly
            )

    def set_part(self, id: str) -> None:
        """Show a part without telling anybody."""
        self.blockSignals(True)
        self.buttons[id].setChecked(True)
        self.blockSignals(False)
