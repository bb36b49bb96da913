"""What Settings shows of backups: the last, the one under way, where, how often and how many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QWidget

from studio.desktop.pages.backups import phrases
from studio.desktop.pages.backups.restore_sheet import RestoreSheet
from studio.desktop.pages.page_services import PageServices
from studio.desktop.widgets.meter import Meter
from studio.desktop.widgets.switch_bar import SwitchBar
from studio.library.backups import settings
from studio.library.backups.settings import Every

_KEPT = (1, 2, 4, 8, 16)


class BackupControls(QObject):
    """Rows for the Settings page, and the words on them."""

    def __init__(self, parts: PageServices, page: QWidget) -> None:
        super().__init__(page)
        self._page, self._look = page, parts.ui.look
        self._studio, self._background = parts.studio, parts.background
        self._restart = parts.activity.start_again
        self._state: QLabel | None = None
        self._folder: QLabel | None = None
        self._meter = Meter(self._look, self.tr("Progress"), width=96)
        self._now = self._look.button(self.tr("Back up now"), "archive")
        self._now.clicked.connect(self._studio.backups.make)
        self._stop = self._look.button(self.tr("Stop"), "circle-stop")
        self._stop.clicked.connect(self._studio.backups.stop)
        end = self._studio.backups.on_change(self._show)
        page.destroyed.connect(lambda: end())

    def add_to(self, row: Callable[[str, str, QWidget], QLabel]) -> None:
        """Make the rows; ``row`` takes a title, words and a control, and returns the words."""
        self._state = row(self.tr("Back up"), "", _beside(self._meter, self._stop, self._now))
        choose = self._look.button(self.tr("Choose…"), "folder-open")
        choose.clicked.connect(self._on_choose)
        self._folder = row(self.tr("Backup folder"), "", choose)
        row(
            self.tr("Schedule"),
            self.tr("Backups are made in the background and wait while a reply is generated."),
            self._every(),
        )
        row(
            self.tr("Backups to keep"),
            self.tr(
                "Older ones are deleted once a new one is verified. What you erase stays in "
                "backups until they are deleted, or until you erase it there with "
                "`studio library erase ID --backups`."
            ),
            self._kept(),
        )
        restore = self._look.button(self.tr("Restore…"), "archive-restore")
        restore.clicked.connect(self._on_restore)
        row(
            self.tr("Restore"),
            self.tr("Puts a backup in the place of the library. The present library is kept."),
            restore,
        )
        self._show()

    def _every(self) -> QWidget:
        choices = (
            (Every.DAILY.value, "", self.tr("Daily")),
            (Every.WEEKLY.value, "", self.tr("Weekly")),
            (Every.OFF.value, "", self.tr("Off")),
        )
        bar = SwitchBar(self._look, self.tr("Schedule"), choices)
        bar.choose(settings.every(self._studio.settings).value)
        bar.on_choose(lambda how: self._studio.settings.set(settings.EVERY, how))
        return bar

    def _kept(self) -> QWidget:
        choices = tuple((str(n), "", str(n)) for n in _KEPT)
        bar = SwitchBar(self._look, self.tr("Backups to keep"), choices)
        setting = settings.kept(self._studio.settings)
        if setting in _KEPT:
            bar.choose(str(setting))
        bar.on_choose(lambda n: self._studio.settings.set(settings.KEPT, int(n)))
        return bar

    def _on_choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self._page, self.tr("Choose a backup folder"), str(self._studio.backups.folder)
        )
        if chosen:
            self._studio.settings.set(settings.FOLDER, chosen)
            self._show()
            self._studio.backups.refresh()

    def _on_restore(self) -> None:
        RestoreSheet(
            self._look,
            self._page.window(),
            self._studio.paths,
            Path(self._studio.backups.folder),
            self._background,
            self._studio.post,
            self._restart,
        ).show_sheet()

    def _show(self) -> None:
        if self._state is None or self._folder is None:
            return
        folder = self._studio.backups.folder
        words = str(folder)
        if folder.is_relative_to(self._studio.paths.home):
            safer = self.tr("Choose a folder on another disk to be safe if this one fails.")
            words = f"{words}\n{safer}"
        self._folder.setText(words)
        copier = self._studio.backups.copier
        self._now.setVisible(copier is None)
        for widget in (self._meter, self._stop):
            widget.setVisible(copier is not None)
        self._state.setText(self._words())
        if copier is not None:
            self._meter.set_parts([(copier.done / max(1, copier.total), "accent")])
            self._stop.setEnabled(not copier.is_stopping)

    def _words(self) -> str:
        backups = self._studio.backups
        if (copier := backups.copier) is not None:
            if copier.is_stopping:
                return self.tr("Stopping…")
            if copier.is_paused:
                return self.tr("Waiting until the reply is finished.")
            if not copier.total:
                return self.tr("Copying the database…")
            return self.tr("Copying and verifying: {done} of {total} files").format(
                done=copier.done, total=copier.total
            )
        if backups.error is not None:
            return str(backups.error)
        if backups.last is None:
            return self.tr("No backup yet. Each one is verified after it is written.")
        return self.tr("Last backup {when}: {contents}; {state}.").format(
            when=phrases.when(backups.last.made),
            contents=phrases.contents(backups.last),
            state=phrases.state(backups.last),
        )


def _beside(*widgets: QWidget) -> QWidget:
    """Return a widget that has ``widgets`` in a line."""
    container = QWidget()
    line = QHBoxLayout(container)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    for widget in widgets:
        line.addWidget(widget)
    return container
