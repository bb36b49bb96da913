"""A segmented switch: a row of buttons of which one is down.

Titles stand beside the icons while there is room for all of them, and are tips where there is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from studio.desktop.appearance.appearance import Appearance

_ICON_WIDTH = 28
"""Pixels of a button without its title."""


class SwitchBar(QFrame):
    """Arrow keys move, as among radio buttons.

    Attributes:
        buttons: Id → button.

    Signals:
        chosen: The user chose; carries the id.
    """

    chosen = Signal(str)

    def __init__(
        self,
        look: Appearance,
        name: str,
        choices: Sequence[tuple[str, str, str]],
        *,
        words: bool = True,
    ) -> None:
        """Make the switch.

        Args:
            name: What it chooses, for those who hear it.
            choices: (id, icon, title) from the left. Without icons the words share all the room.
            words: Whether titles stand beside the icons where there is room; else they are tips.
        """
        super().__init__()
        self.setProperty("surface", "raised")
        self.setAccessibleName(name)
        self.buttons: dict[str, QToolButton] = {}
        self._wants_words, self._has_titles = words, not words
        self._full_width = 0
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        for id, icon, title in choices:
            button = look.icon_button(icon, title)
            button.setCheckable(True)
            button.toggled.connect(lambda on, id=id: self._on_toggled(id) if on else None)
            if not icon:
                button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            group.addButton(button)
            self.buttons[id] = button
            row.addWidget(button)
        self.show_words(words)

    @property
    def widget(self) -> QWidget:
        """The switch itself."""
        return self

    def on_choose(self, call: Callable[[str], None]) -> None:
        """Call with the id of the option selected by the user."""
        self.chosen.connect(call)

    def choose(self, id: str) -> None:
        """Show a choice without telling anybody."""
        self.blockSignals(True)
        self.buttons[id].setChecked(True)
        self.blockSignals(False)

    def show_choice(self, id: str, shown: bool) -> None:
        """Show one of the choices, or leave it out for now."""
        self.buttons[id].setVisible(shown)

    @property
    def current(self) -> str:
        """The id of the selected option; empty if none."""
        return next((id for id, button in self.buttons.items() if button.isChecked()), "")

    def _on_toggled(self, id: str) -> None:
        self.setFocusProxy(self.buttons[id])
        self.chosen.emit(id)

    def show_words(self, words: bool) -> None:
        """Show titles beside the icons where there is room, or icons alone."""
        self._wants_words = words
        self._show_titles(words)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        if self._wants_words and not self._has_titles:
            hint.setWidth(self._full_width)
        return hint

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        shown = [button for button in self.buttons.values() if not button.isHidden()]
        if self._wants_words and all(not button.icon().isNull() for button in shown):
            hint.setWidth(len(shown) * (_ICON_WIDTH + 2) + 2)
        return hint

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fit()
        return handled

    def _fit(self) -> None:
        if self._has_titles:
            self._full_width = super().sizeHint().width()
        if self._wants_words:
            self._show_titles(self.width() >= self._full_width)

    def _show_titles(self, shown: bool) -> None:
        if shown == self._has_titles:
            return
        self._has_titles = shown
        style = Qt.ToolButtonStyle
        for button in self.buttons.values():
            if button.icon().isNull():
                button.setText(button.toolTip())
                continue
            button.setText(button.toolTip() if shown else "")
            button.setToolButtonStyle(
                style.ToolButtonTextBesideIcon if shown else style.ToolButtonIconOnly
            )
            button.setIconSize(QSize(20 if shown else 16, 16))  # the wider one keeps a distance
