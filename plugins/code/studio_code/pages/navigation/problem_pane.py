"""What is wrong in the folder, by file. Looks when it is shown, and after a save while it is."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, StudioError, outcome
from studio_code.pages.navigation.place_list import PlaceList
from studio_code.pages.navigation.problems import problems
from studio_code.pages.navigation.search_pane import opened_texts
from studio_code.pages.phrases import count_words, tr
from studio_code.pages.workspace import Workspace

_SETTLE_MS = 600
"""After a save: more may follow."""


class ProblemPane(QWidget):
    """A count, and the places.

    Attributes:
        list: The problems.
        words: How many there are.
    """

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self._busy = self._again = False
        self.words = ctx.ui.label("", Role.SMALL, wrap=True)
        self.look = ctx.ui.icon_button("refresh-cw", tr("Check the folder again"))
        self.list = PlaceList(ctx, tr("Problems"), ("circle-alert", "warn"))
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 6, 0)
        head.addWidget(self.words, 1)
        head.addWidget(self.look)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.check)
        self.list.asked.connect(workspace.goto)
        self.look.clicked.connect(lambda _checked=False: self.check())
        workspace.disk_changed.connect(self._on_disk)
        workspace.root_changed.connect(self._on_root)

    def check(self) -> None:
        """Look for problems; once more afterwards if it is asked for meanwhile."""
        root = self._workspace.root
        if root is None:
            self.words.setText(tr("Open a folder to see its problems."))
            return
        if self._busy:
            self._again = True
            return
        self._busy, opened = True, opened_texts(self._workspace)
        self.words.setText(tr("Checking…"))

        def arrived(found: Any) -> None:
            self._busy = False
            if root != self._workspace.root or self._again:
                self._again = False
                self.check()
            elif isinstance(found, StudioError):
                self.words.setText(f"{found.message} {found.hint}")
            else:
                self.list.show_places(found.places)
                count = len(found.places)
                words = count_words(count, tr("1 problem"), tr("{count} problems"))
                more = tr("There are more.") if found.cut else ""
                self.words.setText(f"{words if count else tr('No problems found.')} {more}".strip())

        self._ctx.run_later(lambda: outcome(lambda: problems(root, opened)), arrived)

    def showEvent(self, event: QShowEvent) -> None:
        """Look what is wrong now."""
        super().showEvent(event)
        self._soon()

    def _on_disk(self, _path: str) -> None:
        self._soon()

    def _soon(self) -> None:
        if self.isVisible():
            self._settle.start()

    def _on_root(self) -> None:
        self.list.clear()
        self._soon()
