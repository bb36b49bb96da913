"""The switch between the modes of the page: a row of buttons of which one is down."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton

from studio.api import PluginContext
from studio_image.pages.modes import Mode
from studio_image.pages.wording import tr


class SwitchBar(QFrame):
    """Arrow keys move, as among radio buttons.

    Signals:
        chosen: The user chose a mode; carries its id.
    """

    chosen = Signal(str)

    def __init__(self, ctx: PluginContext, modes: Sequence[Mode]) -> None:
        super().__init__()
        self.setProperty("surface", "raised")
        self.setAccessibleName(tr("What to do"))
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        for mode in modes:
            button = ctx.ui.icon_button(mode.icon, mode.title)
            button.setText(mode.title)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(20, 16))  # the wider one leaves room before the words
            button.setCheckable(True)
            button.toggled.connect(lambda on, id=mode.id: self.chosen.emit(id) if on else None)
            self._group.addButton(button)
            self._buttons[mode.id] = button
            row.addWidget(button)

    def set_mode(self, mode: str) -> None:
        """Show a mode without telling anybody."""
        self.blockSignals(True)
        self._buttons[mode].setChecked(True)
        self.blockSignals(False)
