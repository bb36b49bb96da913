"""The modes of a page that has many: a button that says which is on, and a menu of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from studio.api.roles import Role
from studio.api.window.ui import Ui


class ModeMenu:
    """A compact ``SwitchBar`` in the form of a single menu button."""

    def __init__(self, ui: Ui, name: str, choices: Sequence[tuple[str, str, str]]) -> None:
        """``choices``: (id, icon, title) from the top."""
        self._button: QToolButton = ui.icon_button(choices[0][1], name)
        ui.wear(self._button, Role.MODES)
        self._button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setIconSize(QSize(20, 16))
        self._name, self._called = name, list[Callable[[str], None]]()
        self._icons = {id: icon for id, icon, _ in choices}
        self._ui = ui
        menu: QMenu = ui.menu()
        menu.setParent(self._button, menu.windowFlags())  # it goes away with its button
        group = QActionGroup(menu)
        self.actions: dict[str, QAction] = {}
        for id, icon, title in choices:
            action = menu.addAction(ui.icon(icon), title)
            action.setCheckable(True)
            action.triggered.connect(lambda _on=False, id=id: self._on_chosen(id))
            group.addAction(action)
            self.actions[id] = action
        self._button.setMenu(menu)

    @property
    def widget(self) -> QWidget:
        """The button."""
        return self._button

    def on_choose(self, call: Callable[[str], None]) -> None:
        """Call with the id of the mode selected by the user."""
        self._called.append(call)

    def choose(self, id: str) -> None:
        """Show a choice without telling anybody."""
        action = self.actions[id]
        action.setChecked(True)
        self._button.setIcon(self._ui.icon(self._icons[id], "accent"))
        self._button.setText(f"{action.text()}  ▾")
        self._button.setAccessibleName(f"{self._name}: {action.text()}")

    def show_words(self, words: bool) -> None:
        """The title of the one that is on always has room."""

    def show_choice(self, id: str, shown: bool) -> None:
        """Show one of the choices, or leave it out for now."""
        self.actions[id].setVisible(shown)

    def _on_chosen(self, id: str) -> None:
        self.choose(id)
        for call in list(self._called):
            call(id)
