"""Sheet to add or edit an entry of a list in Settings."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from studio.api.window.language import tr_filled
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.sheet import Sheet
from studio.desktop.widgets.switch import Switch
from studio.protocol.errors import StudioError


class EntrySheet(Sheet):
    """Validates and saves an entry, and reports errors.

    Subclasses add their fields, call ``_add_foot`` last, and implement ``_store``.
    """

    def __init__(self, look: Appearance, window: QWidget, title: str, width: int) -> None:
        super().__init__(look, window, title, width)
        self._look = look
        self._trouble = look.label("", "bad", wrap=True)

    def save(self) -> None:
        """Save the entry and close, or report the error."""
        try:
            self._store()
        except StudioError as error:
            self._trouble.setText(tr_filled(error))
            self._trouble.show()

    def _store(self) -> None:
        """Save the values of the fields, and close.

        Raises:
            StudioError: The values are invalid.
        """
        raise NotImplementedError

    def _field(self, name: str, hint: str) -> QLineEdit:
        self.body.addWidget(self._look.label(name, "strong"))
        field = QLineEdit()
        field.setAccessibleName(name)
        field.setPlaceholderText(hint)
        field.returnPressed.connect(self.save)
        self.body.addWidget(field)
        return field

    def _switch(self, name: str) -> Switch:
        line = QHBoxLayout()
        line.addWidget(self._look.label(name, "strong"), 1)
        switch = Switch(self._look, name)
        line.addWidget(switch)
        self.body.addLayout(line)
        return switch

    def _add_foot(self) -> None:
        self._trouble.hide()
        self.body.addWidget(self._trouble)
        save = self._look.button(self.tr("Save and check"), "check", kind="primary")
        save.clicked.connect(lambda _: self.save())
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(save)
        self.body.addLayout(foot)
