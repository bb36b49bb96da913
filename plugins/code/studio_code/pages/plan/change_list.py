"""List of the file changes of a run, with the user's decision on each. Decides nothing itself."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.phrases import count_words
from studio_code.pages.plan.change_set import ACCEPTED, DECLINED, OPEN, ChangeSet

_ICONS = {
    OPEN: ("file-code", "accent"), ACCEPTED: ("circle-check", "good"),
    DECLINED: ("circle-x", "mute"),
}  # fmt: skip
_ROW, _MOST_ROWS = 26, 8


class ChangeList(QWidget):
    """Hidden while nothing is proposed.

    Attributes:
        files: The rows.
        review, accept, decline: The buttons.
    """

    def __init__(self, ctx: PluginContext, changes: ChangeSet) -> None:
        super().__init__()
        self._ctx, self._changes = ctx, changes
        self._title = ctx.ui.label("", Role.SECTION)
        self.files = QTreeWidget()
        self.files.setAccessibleName(tr("Files that would change"))
        self.files.setColumnCount(2)
        self.files.setHeaderHidden(True)
        self.files.setRootIsDecorated(False)
        self.files.setUniformRowHeights(True)
        self.files.setIconSize(QSize(14, 14))
        self.files.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.files.header().setStretchLastSection(False)
        self.files.itemClicked.connect(lambda item: changes.review(item.data(0, _PATH)))
        self.files.itemActivated.connect(lambda item: changes.review(item.data(0, _PATH)))
        button = ctx.ui.button
        self.review = button(tr("Review"), "git-compare", primary=True, dense=True)
        self.accept = button(tr("Accept all"), "check-check", dense=True)
        self.decline = button(tr("Reject all"), "x", dense=True)
        self.review.clicked.connect(self._review_first)
        self.accept.clicked.connect(changes.accept_all)
        self.decline.clicked.connect(changes.decline_all)
        row = QHBoxLayout()
        row.setSpacing(6)
        for choice in (self.review, self.accept, self.decline):
            row.addWidget(choice)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._title)
        column.addWidget(self.files)
        column.addLayout(row)
        changes.changed.connect(self.show_files)
        end_theme = ctx.ui.on_theme(lambda _tokens: self.show_files())
        self.destroyed.connect(lambda: end_theme())
        self.show_files()

    def show_files(self) -> None:
        """Show the files there are."""
        files = self._changes.files
        self.setVisible(bool(files))
        self.files.clear()
        for change in files:
            counts = (
                f"+{change.added} −{change.removed}"
                if change.state == OPEN
                else _words(change.state)
            )
            item = QTreeWidgetItem([change.path, counts])
            item.setIcon(0, self._ctx.ui.icon(*_ICONS[change.state]))
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setData(0, _PATH, change.path)
            item.setToolTip(0, change.path)
            self.files.addTopLevelItem(item)
        header = self.files.header()
        header.setSectionResizeMode(0, header.ResizeMode.Stretch)
        header.setSectionResizeMode(1, header.ResizeMode.ResizeToContents)
        self.files.setFixedHeight(_ROW * min(len(files), _MOST_ROWS) + 8)
        count = len(self._changes.open_files)
        one, many = tr("1 FILE TO REVIEW"), tr("{count} FILES TO REVIEW")
        self._title.setText(count_words(count, one, many) if count else tr("REVIEWED"))
        for change in (self.review, self.accept, self.decline):
            change.setVisible(count > 0)

    def _review_first(self) -> None:
        if self._changes.open_files:
            self._changes.review(self._changes.open_files[0].path)


_PATH = Qt.ItemDataRole.UserRole


def _words(state: str) -> str:
    return tr("accepted") if state == ACCEPTED else tr("rejected")
