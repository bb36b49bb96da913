"""Sheet to add or edit a server: its command and its access."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from studio.automation.tools.servers import imported
from studio.automation.tools.servers.entry import ServerEntry, refusal
from studio.automation.tools.servers.servers import Servers
from studio.desktop.ui import WindowUi
from studio.desktop.widgets.entry_sheet import EntrySheet
from studio.desktop.widgets.no_wheel import NoWheelComboBox


class ServerSheet(EntrySheet):
    """Start command and access rights of a server.

    Attributes:
        name, command: The fields.
    """

    def __init__(
        self,
        ui: WindowUi,
        window: QWidget,
        servers: Servers,
        entry: ServerEntry | None,
        saved: Callable[[ServerEntry], None],
    ) -> None:
        """``saved`` is called with the stored entry."""
        title = self.tr("Edit server") if entry else self.tr("Add server")
        super().__init__(ui.look, window, title, 560)
        self._ui, self._servers, self._saved = ui, servers, saved
        self._edited = entry
        self.name = self._field(self.tr("Name"), self.tr("e.g. notes"))
        self.command = self._field(
            self.tr("Command"), self.tr("The program and its arguments, as in a terminal")
        )
        self.command.setFont(ui.mono())
        self.command.editingFinished.connect(self._suggest)
        self._suggested = QVBoxLayout()
        self._folders: list[tuple[str, NoWheelComboBox]] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        self._add_folders()
        self._network = self._switch(self.tr("May use the network"))
        self.body.addWidget(self._look.label(self.tr("Environment variables"), "strong"))
        self._environment = QPlainTextEdit()
        self._environment.setAccessibleName(self.tr("Environment variables"))
        self._environment.setPlaceholderText("NAME=VALUE")
        self._environment.setTabChangesFocus(True)
        self._environment.setFont(ui.mono())
        self._environment.setFixedHeight(64)
        self.body.addWidget(self._environment)
        self._add_foot()
        if entry is not None:
            self._fill(entry)

    def _store(self) -> None:
        entry = self.entry()
        self._servers.put(entry)
        if self._edited is not None and self._edited.name != entry.name:
            self._servers.remove(self._edited.name)
        self.dismiss()
        self._saved(entry)

    def entry(self) -> ServerEntry:
        """Return the entry described by the fields.

        Raises:
            StudioError: Command or variables cannot be parsed.
        """
        words = self._words()
        if words is None:
            raise refusal(self.tr("a quotation mark of its command is not closed"))
        lines = self._environment.toPlainText().splitlines()
        pairs = [line.partition("=") for line in lines if line.strip()]
        if any(not equals for _, equals, _ in pairs):
            raise refusal(self.tr("write each variable as NAME=VALUE"))
        chosen = [(folder, bool(box.currentIndex())) for folder, box in self._folders]
        return ServerEntry(
            name=self.name.text().strip(),
            command=words[0] if words else "",
            arguments=tuple(words[1:]),
            environment={name.strip(): value for name, _, value in pairs} or None,
            readable=tuple(folder for folder, changes in chosen if not changes),
            writable=tuple(folder for folder, changes in chosen if changes),
            network=self._network.isChecked(),
            is_on=self._edited is None or self._edited.is_on,
        )

    def _fill(self, entry: ServerEntry) -> None:
        self.name.setText(entry.name)
        self.command.setText(shlex.join((entry.command, *entry.arguments)))
        self.command.setCursorPosition(0)
        for folder in entry.readable:
            self._add_folder(folder)
        for folder in entry.writable:
            self._add_folder(folder, changes=True)
        self._network.setChecked(entry.network)
        pairs = (entry.environment or {}).items()
        self._environment.setPlainText("\n".join(f"{name}={value}" for name, value in pairs))
        self._suggest()

    # --- folders ------------------------------------------------------------------------------

    def _add_folders(self) -> None:
        self.body.addWidget(self._look.label(self.tr("Folders"), "strong"))
        about = self.tr("Apart from its own program, it can only see these folders.")
        self.body.addWidget(self._look.label(about, "small", wrap=True))
        self.body.addLayout(self._rows)
        self.body.addLayout(self._suggested)
        add = self._look.button(self.tr("Add folder…"), "folder-plus", small=True)
        add.clicked.connect(lambda _: self._pick())
        line = QHBoxLayout()
        line.addWidget(add)
        line.addStretch(1)
        self.body.addLayout(line)

    def _pick(self) -> None:
        chosen = self._ui.pick_folder(self.tr("Choose a folder for this server"))
        if chosen is not None:
            self._add_folder(str(chosen))

    def _add_folder(self, folder: str, changes: bool = False) -> None:
        if any(folder == existing for existing, _ in self._folders):
            return
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self._ui.elided_label(folder), 1)
        box = self._ui.combo_box()
        box.addItems([self.tr("Read only"), self.tr("May change")])
        box.setCurrentIndex(int(changes))
        box.setAccessibleName(self.tr("Access to {folder}").format(folder=folder))
        line.addWidget(box)
        away = self._ui.icon_button("x", self.tr("Remove"))
        away.clicked.connect(partial(self._drop, folder, row))
        line.addWidget(away)
        self._folders.append((folder, box))
        self._rows.addWidget(row)
        self._suggest()

    def _drop(self, folder: str, row: QWidget, _: bool = False) -> None:
        self._folders = [entry for entry in self._folders if entry[0] != folder]
        row.hide()
        row.deleteLater()
        self._suggest()

    def _suggest(self) -> None:
        """Offer the folders that the command names and that it cannot read yet."""
        while (item := self._suggested.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        words = self._words() or []
        existing = {folder for folder, _ in self._folders}
        for folder in imported.named_folders(tuple(words[1:])):
            if folder not in existing:
                words_ = self.tr("Let it read {folder}").format(folder=folder)
                button = self._look.button(words_, "folder-plus", kind="link", small=True)
                button.clicked.connect(partial(self._take, folder))
                self._suggested.addWidget(button)

    def _take(self, folder: str, _: bool = False) -> None:
        self._add_folder(folder)

    def _words(self) -> list[str] | None:
        try:
            return shlex.split(self.command.text())
        except ValueError:
            return None
