"""Brings in conversations of other programs: progress, Stop, all at once at the end, Undo."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, StudioError, outcome
from studio.api.window.language import tr
from studio_chat.imports import archive, formats


class ImportController(QWidget):
    """The row below the list of conversations while something is imported; hidden otherwise.

    What is read waits in the bin until all of it is there: neither a kill nor a file that turns
    out broken leaves half of it among the conversations.

    Signals:
        imported: The list is another one.
    """

    imported = Signal()
    _told = Signal(int, int)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._stopping = threading.Event()
        self._words = ctx.ui.label("", Role.SMALL)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Importing conversations"))
        stop = ctx.ui.icon_button("circle-stop", tr("Stop importing"))
        stop.clicked.connect(self._stopping.set)
        row = QHBoxLayout()
        row.addWidget(self._words, 1)
        row.addWidget(stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 10, 10)
        column.addLayout(row)
        column.addWidget(self._bar)
        self._told.connect(self._show)
        self.hide()

    @property
    def busy(self) -> bool:
        """Whether something is being imported."""
        return not self.isHidden()

    def ask(self) -> None:
        """Let the user choose a file, and import it."""
        title = tr("Import conversations of ChatGPT, Open WebUI or the studio")
        for path in self._ctx.ui.pick_files(title, archive.SUFFIXES):
            self.take(path)

    def take(self, path: Path) -> None:
        """Import a file."""
        if self.busy:
            words = tr("Another file is being imported.")
            self._ctx.notices.info(words, tr("Wait until it is done."), key="chat.import")
            return
        self._stopping.clear()
        self._words.setText(tr("Reading {name}…").format(name=path.name))
        self._bar.setRange(0, 0)
        self.show()
        self._ctx.run_later(lambda: outcome(lambda: self._work(path)), self._done)

    def stop(self) -> None:
        """End it; nothing of it is left."""
        self._stopping.set()

    def _tell(self, done: int, total: int) -> None:
        if self._stopping.is_set():
            raise _Stopped
        if done % 20 == 0:
            self._told.emit(done, total)

    def _work(self, path: Path) -> list[str] | None:
        """Read, then write, beside the window; return the ids, None if the user ended it."""
        store, ids = self._ctx.library.conversations, list[str]()
        try:
            conversations = formats.read(path, self._tell)
            for number, new in enumerate(conversations):
                self._tell(number, len(conversations))
                ids.append(store.add_whole(new, binned=True).id)
            self._tell(len(conversations), len(conversations))
        except _Stopped:
            return None
        store.bin_all(ids, binned=False)
        return ids

    def _show(self, done: int, total: int) -> None:
        if total:
            self._words.setText(
                tr("{done} of {total} conversations").format(done=f"{done:,}", total=f"{total:,}")
            )
            self._bar.setRange(0, total)
            self._bar.setValue(done)

    def _done(self, result: list[str] | StudioError | None) -> None:
        self.hide()
        notices = self._ctx.notices
        if isinstance(result, StudioError):
            notices.error(result, key="chat.import")
        elif result is None:
            notices.info(tr("Stopped; no conversation was imported."), key="chat.import")
        else:
            words = tr("{count} conversations were imported.").format(count=f"{len(result):,}")
            notices.offer(words, tr("Undo"), lambda: self._undo(result), key="chat.import")
            self.imported.emit()

    def _undo(self, ids: list[str]) -> None:
        store = self._ctx.library.conversations

        def done(result: StudioError | None) -> None:
            if isinstance(result, StudioError):
                self._ctx.notices.error(result, key="chat.import")
            self.imported.emit()

        self._ctx.run_later(lambda: outcome(lambda: store.bin_all(ids)), done)


class _Stopped(Exception):
    """The user ended the import."""
