"""Changes in the folder's git repository: tick to stage, click to see, commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
)

from studio.api import PluginContext, StudioError, outcome
from studio.api.window.language import tr
from studio_code.pages.git import status as git
from studio_code.pages.git.status import Row, Status
from studio_code.pages.navigation.folder_pane import FolderPane
from studio_code.pages.phrases import count_words
from studio_code.pages.workspace import Workspace

_ROW = Qt.ItemDataRole.UserRole
_MOST_MESSAGE = 500


class GitPane(FolderPane):
    """Branch, files, message.

    Signals:
        difference_made: A difference is to be shown: path, text.
        committed: What was staged is in git now.

    Attributes:
        files: The files, ticked where they are staged.
        message: Of the commit.
        commit: The button.
    """

    difference_made = Signal(str, str)
    committed = Signal()

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__(ctx, workspace, tr("Look again"))
        self.files = QListWidget()
        self.files.setAccessibleName(tr("Changed files"))
        self.files.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self.files.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.message = QLineEdit()
        self.message.setMaxLength(_MOST_MESSAGE)
        self.message.setPlaceholderText(tr("Message of the commit"))
        self.message.setAccessibleName(tr("Message of the commit"))
        self.commit = ctx.ui.button(tr("Commit"), "check", dense=True)
        self.commit.setToolTip(tr("Commits what is ticked. Hooks are not run."))
        foot = QHBoxLayout()
        foot.addWidget(self.commit)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 6, 6)
        column.setSpacing(6)
        column.addLayout(self.head)
        column.addWidget(self.files, 1)
        column.addWidget(self.message)
        column.addLayout(foot)
        self._connect()

    def _connect(self) -> None:
        self.files.itemChanged.connect(self._on_tick)
        self.files.itemClicked.connect(self._show_difference)
        self.files.itemActivated.connect(lambda item: self._workspace.open(item.data(_ROW).path))
        self.message.textChanged.connect(lambda _text: self._update())
        self.message.returnPressed.connect(self._commit)
        self.commit.clicked.connect(lambda _checked=False: self._commit())
        self._update()

    # --- showing ------------------------------------------------------------------------------

    def look(self) -> None:
        """Query git for changes."""
        root = self._workspace.root
        if root is None:
            self.words.setText(tr("Open a folder to see its git repository."))
            return
        self._do(lambda: git.status(root), self._show)

    def _show(self, status: Status) -> None:
        self.files.blockSignals(True)
        self.files.clear()
        for row in status.rows:
            item = QListWidgetItem(f"{_letter(row)}  {row.path}")
            item.setData(_ROW, row)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            staged = row.staged not in (".", "?") and not row.conflict
            part = staged and row.unstaged != "."
            ticks = Qt.CheckState
            item.setCheckState(
                ticks.PartiallyChecked if part else ticks.Checked if staged else ticks.Unchecked
            )
            item.setToolTip(f"{row.path}: {_words(row)}")
            self.files.addItem(item)
        self.files.blockSignals(False)
        self.words.setText(_told(status))
        self._update()

    def _update(self) -> None:
        self.commit.setEnabled(bool(self.message.text().strip()))

    # --- doing --------------------------------------------------------------------------------

    def _on_tick(self, item: QListWidgetItem) -> None:
        root, row = self._workspace.root, item.data(_ROW)
        if root is not None:
            change = git.unstage if item.checkState() == Qt.CheckState.Unchecked else git.stage
            self._do(lambda: change(root, [row.path]), lambda _nothing: self.look())

    def _show_difference(self, item: QListWidgetItem) -> None:
        root, row = self._workspace.root, item.data(_ROW)
        if root is None:
            return
        if row.unstaged == "?" or row.conflict:
            self._workspace.open(row.path)
            return
        self._do(
            lambda: git.difference(root, row),
            lambda text: self.difference_made.emit(row.path, text),
        )

    def _commit(self) -> None:
        root, message = self._workspace.root, self.message.text()
        if root is None or not message.strip():
            return

        def done(name: str) -> None:
            self.message.clear()
            self.committed.emit()
            self._ctx.notices.info(tr("Committed as {name}.").format(name=name), key="code.commit")
            self.look()

        self._do(lambda: git.commit(root, message), done)

    def _do(self, call: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Run git beside the window, in the order of the saves."""
        root = self._workspace.root

        def arrived(result: Any) -> None:
            if root != self._workspace.root:
                return
            if isinstance(result, StudioError):
                self.words.setText(f"{result.message} {result.hint}")
            else:
                then(result)

        self._workspace.work_queue.do(lambda: outcome(call), arrived)


def _letter(row: Row) -> str:
    if row.conflict:
        return "!"
    return "+" if row.unstaged == "?" else (row.unstaged if row.staged == "." else row.staged)


def _words(row: Row) -> str:
    if row.conflict:
        return tr("in conflict: open it, resolve it, then tick it")
    kinds = {
        "M": tr("changed"), "A": tr("new"), "D": tr("deleted"), "R": tr("renamed"),
        "?": tr("new, not yet in git"),
    }  # fmt: skip
    letter = row.unstaged if row.staged == "." else row.staged
    return kinds.get(letter, letter)


def _told(status: Status) -> str:
    branch = status.branch or tr("no branch")
    count = len(status.rows) + status.left_out
    parts = [branch, count_words(count, tr("1 file changed"), tr("{count} files changed"))]
    if not count:
        parts[1] = tr("nothing has changed")
    words = " · ".join(parts)
    if status.conflicts:
        one, many = tr("1 file is in conflict."), tr("{count} files are in conflict.")
        under_way = tr("A {what} is under way: {files} Resolve and tick them, then commit.")
        files = count_words(status.conflicts, one, many)
        return f"{words}\n{under_way.format(what=status.unfinished or 'merge', files=files)}"
    if status.unfinished:
        under_way = tr("A {what} is under way; commit to finish it.")
        return f"{words}\n{under_way.format(what=status.unfinished)}"
    return words
