"""The servers in Settings: what each does, may reach and offers; add, check, change, remove."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.automation.tools.servers.entry import ServerEntry
from studio.automation.tools.servers.servers import Servers
from studio.automation.tools.servers.status import ServerState, ServerStatus
from studio.desktop.pages.servers import phrases
from studio.desktop.pages.servers.import_sheet import ImportSheet
from studio.desktop.pages.servers.server_sheet import ServerSheet
from studio.desktop.ui import WindowUi
from studio.desktop.widgets.contents import clear
from studio.desktop.widgets.entry_row import EntryRow, RowAction
from studio.desktop.widgets.switch import Switch
from studio.protocol.errors import StudioError

_SHOWN_LINES = 4


class ServerList(QWidget):
    """A card row for each server, and buttons for more."""

    def __init__(self, ui: WindowUi, servers: Servers, failed: Callable[[Exception], None]) -> None:
        super().__init__()
        self._ui, self._look, self._servers, self._failed = ui, ui.look, servers, failed
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._look.label(self.tr("MCP servers"), "strong"))
        about = self.tr(
            "Programs that offer tools to Chat. Each runs in a sandbox: it reads the folders you "
            "choose, and uses no network unless you allow it. Chat asks before it calls a tool."
        )
        layout.addWidget(self._look.label(about, "small", wrap=True))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(14)
        layout.addLayout(self._rows)
        line = QHBoxLayout()
        line.setSpacing(8)
        add = self._look.button(self.tr("Add server…"), "plus")
        add.clicked.connect(lambda _: self._edit(None))
        line.addWidget(add)
        block = self._look.button(self.tr("Import…"), "clipboard")
        block.setToolTip(self.tr("Servers that another program has"))
        block.clicked.connect(lambda _: self._import())
        line.addWidget(block)
        line.addStretch(1)
        layout.addLayout(line)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._show)
        end = servers.on_change(self._later.start)  # not within the click of a row
        self.destroyed.connect(lambda: end())
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        """Ask again: a terminal may have changed them meanwhile."""
        super().showEvent(event)
        self._later.start()

    def _show(self) -> None:
        clear(self._rows)
        entries = self._servers.entries()
        for entry in entries:
            self._rows.addWidget(self._row(entry, self._servers.status(entry.name)))
        if not entries:
            self._rows.addWidget(self._look.label(self.tr("No servers yet."), "mute"))

    # --- a row --------------------------------------------------------------------------------

    def _row(self, entry: ServerEntry, status: ServerStatus) -> QWidget:
        state = phrases.state(status)
        row = EntryRow(self._look, entry.name, state, self._actions(entry, status))
        row.say_code(" ".join((entry.command, *entry.arguments)))
        row.say(phrases.reach(entry))
        row.say(phrases.tools(status))
        for words in filter(None, (phrases.sandbox(status), *status.notes)):
            row.say(words, "warn")
        if status.state is ServerState.FAILED:
            row.say(status.reason, "bad")
            for words in status.lines[-_SHOWN_LINES:]:
                row.say_code(words)
        on = Switch(self._look, self.tr("Offer the tools of {name}").format(name=entry.name))
        on.setChecked(entry.is_on)
        on.toggled.connect(partial(self._switch, entry))
        row.end_with(on)
        return row

    def _actions(self, entry: ServerEntry, status: ServerStatus) -> Iterator[RowAction]:
        if status.state in (ServerState.RUNNING, ServerState.STARTING):
            yield RowAction("circle-stop", self.tr("Stop"), partial(self._stop, entry))
        again = status.state is ServerState.FAILED
        check = self.tr("Restart") if again else self.tr("Check")
        yield RowAction("refresh-cw", check, partial(self._check, entry))
        yield RowAction("pencil", self.tr("Edit"), partial(self._edit, entry))
        yield RowAction("trash-2", self.tr("Remove"), partial(self._ask_remove, entry))

    # --- what the buttons do ------------------------------------------------------------------

    def _check(self, entry: ServerEntry) -> None:
        def check() -> None:
            self._servers.check(entry.name, lambda _: None, lambda _: None)  # the row says it

        if self._servers.status(entry.name).state is ServerState.RUNNING:
            self._servers.stop(entry.name, check)
        else:
            check()

    def _stop(self, entry: ServerEntry) -> None:
        self._servers.stop(entry.name)

    def _switch(self, entry: ServerEntry, on: bool) -> None:
        self._put(replace(entry, is_on=on))
        if on and not self._servers.status(entry.name).identity:
            self._check(entry)

    def _put(self, entry: ServerEntry) -> None:
        try:
            self._servers.put(entry)
        except StudioError as error:
            self._failed(error)
            self._later.start()

    def _edit(self, entry: ServerEntry | None) -> None:
        sheet = ServerSheet(self._ui, self.window(), self._servers, entry, self._check)
        sheet.show_sheet(sheet.name if entry is None else sheet.command)

    def _import(self) -> None:
        sheet = ImportSheet(self._ui, self.window(), self._servers)
        sheet.show_sheet(sheet.block)

    def _ask_remove(self, entry: ServerEntry) -> None:
        self._ui.confirm(
            self.tr("Remove this server?"),
            self.tr("“{name}” and its tools are gone. The program itself stays.").format(
                name=entry.name
            ),
            self.tr("Remove"),
            partial(self._servers.remove, entry.name),
            danger=True,
        )
