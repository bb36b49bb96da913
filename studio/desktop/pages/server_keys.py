"""The named keys of the local server in Settings: list, create, revoke."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from studio.desktop.main_thread.bridge import Background
from studio.desktop.ui import WindowUi

if TYPE_CHECKING:
    from studio.serving.keys import Key


class ServerKeys(QWidget):
    """A row for each key, and a field for another one.

    Attributes:
        name: Where a new key gets its name.
    """

    def __init__(
        self,
        ui: WindowUi,
        background: Background,
        home: Path,
        failed: Callable[[Exception], None],
    ) -> None:
        super().__init__()
        self._ui, self._look = ui, ui.look
        self._background, self._home, self._failed = background, home, failed
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._look.label(self.tr("Separate keys"), "strong"))
        about = self.tr("Revoke one without affecting the others. A key is shown once.")
        layout.addWidget(self._look.label(about, "small", wrap=True))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        layout.addLayout(self._rows)
        self._new = self._look.label("", "small", wrap=True)
        self._new.hide()
        layout.addWidget(self._new)
        line = QHBoxLayout()
        line.setSpacing(8)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("Program, e.g. Editor"))
        self.name.setAccessibleName(self.tr("Name of the new key"))
        self.name.returnPressed.connect(self.create_key)
        line.addWidget(self.name, 1)
        button = self._look.button(self.tr("Create key"), "plus")
        button.clicked.connect(lambda _: self.create_key())
        line.addWidget(button)
        layout.addLayout(line)
        self._look_again()

    def create_key(self) -> None:
        """Make a key with the name in the field, copy it, and show it this once."""
        name = self.name.text().strip()
        if not name:
            self.name.setFocus()
            return
        home = self._home

        def create() -> str:
            from studio.serving import Keys

            return Keys(home).create(name)

        self._background.run(create, self._created, self._failed)

    def _created(self, key: str) -> None:
        self.name.clear()
        self._ui.copy(key)
        self._new.setText(self.tr("Copied: {key}").format(key=key))
        self._new.show()
        self._look_again()

    def _revoke(self, name: str, _: bool = False) -> None:
        home = self._home

        def revoke() -> None:
            from studio.serving import Keys

            Keys(home).revoke(name)

        self._new.hide()
        self._background.run(revoke, lambda _: self._look_again(), self._failed)

    def _look_again(self) -> None:
        home = self._home

        def rows() -> list[Key]:
            from studio.serving import Keys

            return Keys(home).rows()

        self._background.run(rows, self._show, self._failed)

    def _show(self, keys: list[Key]) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for key in keys:
            row = QWidget()
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            line.addWidget(QLabel(key.name))
            line.addWidget(self._look.label(f"{key.begins}…", "mute"))
            line.addStretch(1)
            button = self._look.button(self.tr("Revoke"), "x", kind="ghost", small=True)
            button.setAccessibleName(self.tr("Revoke the key of {name}").format(name=key.name))
            button.clicked.connect(partial(self._revoke, key.name))
            line.addWidget(button)
            self._rows.addWidget(row)
