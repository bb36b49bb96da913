"""The sheet that restores a backup: choose, restore, start again. Works without an open library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QListWidget, QListWidgetItem, QWidget

from studio.api.window.language import tr_filled
from studio.base.background import Post
from studio.base.paths import StudioPaths
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.main_thread.bridge import Background
from studio.desktop.pages.backups import phrases
from studio.desktop.widgets.meter import Meter
from studio.desktop.widgets.sheet import Sheet
from studio.library.backups import catalogue
from studio.library.backups.catalogue import Backup
from studio.library.backups.copier import Copier
from studio.library.backups.process import Request
from studio.protocol.errors import StudioError

_ROW = 34
_MOST_ROWS = 7


class RestoreSheet(Sheet):
    """All backups, newest first and preselected; closing the sheet cancels a running restore.

    Attributes:
        backups: The list.
        restore_button: Restores the selected backup.
    """

    def __init__(
        self,
        look: Appearance,
        window: QWidget,
        paths: StudioPaths,
        folder: Path,
        background: Background,
        post: Post,
        restored: Callable[[], None],
    ) -> None:
        """``restored`` is called once the backup is in the home: the next start puts it in place.

        Args:
            folder: Where backups are looked for first.
            post: Runs a function on the window's thread.
        """
        super().__init__(look, window, self.tr("Restore a backup"), 620)
        self._look, self._paths, self._folder = look, paths, folder
        self._background, self._post, self._restored = background, post, restored
        self._copier: Copier | None = None
        self._said = look.label(self.tr("Looking for backups…"), "mute", wrap=True)
        self.body.addWidget(self._said)
        self.backups = QListWidget()
        self.backups.setAccessibleName(self.tr("Backups"))
        self.backups.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.backups.currentRowChanged.connect(lambda _: self._show_button())
        self.backups.itemDoubleClicked.connect(lambda _: self._on_restore())
        self.backups.setIconSize(QSize(16, 16))
        self.backups.hide()
        self.body.addWidget(self.backups)
        self._meter = Meter(look, self.tr("Progress"))
        self._meter.hide()
        self.body.addWidget(self._meter)
        row = QHBoxLayout()
        self._other = look.button(self.tr("Another folder…"), "folder-open")
        self._other.clicked.connect(self._on_other)
        self.restore_button = look.button(self.tr("Restore"), "archive-restore", kind="primary")
        self.restore_button.setEnabled(False)
        self.restore_button.clicked.connect(self._on_restore)
        row.addWidget(self._other)
        row.addStretch()
        row.addWidget(self.restore_button)
        self.body.addLayout(row)
        self.closed.connect(self._stop)
        self._look_for()

    def _look_for(self) -> None:
        folder = self._folder
        self._background.run(
            lambda: catalogue.listed(folder, self._paths.home), self._show, self._fail
        )

    def _show(self, backups: Sequence[Backup]) -> None:
        self.backups.clear()
        for backup in backups:
            parts = (phrases.when(backup.made), phrases.contents(backup), phrases.state(backup))
            item = QListWidgetItem(self._icon(backup), "   ".join(parts))
            item.setToolTip(str(backup.folder))
            item.setData(Qt.ItemDataRole.UserRole, backup)
            self.backups.addItem(item)
        self.backups.setVisible(bool(backups))
        self.backups.setFixedHeight(min(len(backups), _MOST_ROWS) * _ROW + 8)
        if not backups:
            words = self.tr("There is no backup in {folder}.")
            self._said.setText(words.format(folder=self._folder))
            return
        self._said.setText(
            self.tr(
                "The backup takes the place of the library. The present library is kept in the "
                "data folder and can be restored in the same way. Offline Studio then restarts."
            )
        )
        self.backups.setCurrentRow(0)
        self.backups.setFocus()

    def _icon(self, backup: Backup) -> QIcon:
        if backup.set_aside:
            return self._look.icons.icon("history", "mute")
        how = ("shield-check", "good") if backup.is_whole else ("triangle-alert", "warn")
        return self._look.icons.icon(*how)

    def _show_button(self) -> None:
        self.restore_button.setEnabled(self.backups.currentItem() is not None and not self._copier)

    def _on_other(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, self.tr("Choose a backup folder"), str(self._folder)
        )
        if chosen:
            self._folder = Path(chosen)
            self._look_for()

    def _on_restore(self) -> None:
        item = self.backups.currentItem()
        if item is None or self._copier is not None:
            return
        backup = cast(Backup, item.data(Qt.ItemDataRole.UserRole))
        request = Request(home=str(self._paths.home), folder=str(backup.folder), restore=True)
        try:
            self._copier = Copier(request, self._post, self._moved, self._over)
        except OSError as error:
            self._said.setText(tr_filled(error))
            return
        for widget in (self.backups, self._other, self.restore_button):
            widget.setEnabled(False)
        self._meter.show()
        self._moved()

    def _moved(self) -> None:
        if (copier := self._copier) is None:
            return
        self._said.setText(
            self.tr("Copying and verifying: {done} of {total} files").format(
                done=copier.done, total=copier.total
            )
        )
        self._meter.set_parts([(copier.done / max(1, copier.total), "accent")])

    def _over(self, backup: Path | None, error: StudioError | None) -> None:
        stopped, self._copier = self._copier, None
        if stopped is not None and stopped.is_stopping:  # the sheet is gone
            return
        self._meter.hide()
        if error is None and backup is not None:
            # Nothing can be pressed any more: a second restore would take this one back.
            self._said.setText(self.tr("The backup was verified. Offline Studio restarts now."))
            self._restored()
            return
        for widget in (self.backups, self._other, self.restore_button):
            widget.setEnabled(True)
        if error is not None:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._said.setText(tr_filled(error))

    def _stop(self) -> None:
        if self._copier is not None:
            self._copier.stop()
