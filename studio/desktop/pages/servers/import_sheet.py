"""The sheet that takes the servers of another program. All are off at first."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from studio.api.window.language import tr_filled
from studio.automation.tools.servers import imported
from studio.automation.tools.servers.servers import Servers
from studio.desktop.ui import WindowUi
from studio.desktop.widgets.sheet import Sheet
from studio.protocol.errors import StudioError
from studio.protocol.regular_file import read_note

_LARGEST = 1 << 20


class ImportSheet(Sheet):
    """Takes pasted text, or a file.

    Attributes:
        block: The field for the text.
    """

    def __init__(self, ui: WindowUi, window: QWidget, servers: Servers) -> None:
        super().__init__(ui.look, window, self.tr("Import servers"), 560)
        self._ui, self._look, self._servers = ui, ui.look, servers
        about = self.tr(
            "Paste the block that begins with “mcpServers” from the settings of another program. "
            "The servers are added switched off: look at what each may reach, then switch it on."
        )
        self.body.addWidget(self._look.label(about, "mute", wrap=True))
        self.block = QPlainTextEdit()
        self.block.setAccessibleName(self.tr("Servers as JSON"))
        self.block.setPlaceholderText('{"mcpServers": {"notes": {"command": "…", "args": []}}}')
        self.block.setTabChangesFocus(True)
        self.block.setFont(ui.mono())
        self.block.setFixedHeight(170)
        self.body.addWidget(self.block)
        self._said = self._look.label("", "bad", wrap=True)
        self._said.hide()
        self.body.addWidget(self._said)
        foot = QHBoxLayout()
        choose = self._look.button(self.tr("Choose file…"), "folder-open")
        choose.clicked.connect(lambda _: self._choose())
        foot.addWidget(choose)
        foot.addStretch(1)
        take = self._look.button(self.tr("Add servers"), "plus", kind="primary")
        take.clicked.connect(lambda _: self.take())
        foot.addWidget(take)
        self.body.addLayout(foot)

    def take(self) -> None:
        """Add the valid servers; report skipped ones, or close if there are none."""
        try:
            entries, notes = imported.read_block(self.block.toPlainText())
        except StudioError as error:
            self._say(tr_filled(error))
            return
        names = {server.name.lower() for server in self._servers.entries()}
        for entry in entries:
            try:
                if entry.name.lower() in names:
                    words = self.tr("“{name}” was left out: there is a server of that name.")
                    notes.append(words.format(name=entry.name))
                else:
                    self._servers.put(entry)
            except StudioError as error:
                notes.append(f"{entry.name}: {tr_filled(error.message)}")
        if notes:
            self._say("\n".join(notes))
        else:
            self.dismiss()

    def _choose(self) -> None:
        chosen = self._ui.pick_files(self.tr("Choose the settings of another program"), (".json",))
        if not chosen:
            return
        try:
            if chosen[0].stat().st_size > _LARGEST:
                raise ValueError
            self.block.setPlainText(read_note(chosen[0]).decode("utf-8"))
        except (OSError, ValueError):
            self._say(self.tr("This file cannot be read as text."))

    def _say(self, words: str) -> None:
        self._said.setText(words)
        self._said.show()
