"""Base of panes over the whole folder: refresh when shown and after a save."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio_code.pages.workspace import Workspace

_SETTLE_MS = 500
"""After a save: more may follow."""


class FolderPane(QWidget):
    """Words about the folder and a button that looks again; what else is shown is its subclass's.

    Attributes:
        words: What is to be known.
        again: The button.
    """

    def __init__(self, ctx: PluginContext, workspace: Workspace, again: str) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self.words = ctx.ui.label("", Role.SMALL, wrap=True)
        self.again = ctx.ui.icon_button("refresh-cw", again)
        self.head = QHBoxLayout()
        self.head.addWidget(self.words, 1)
        self.head.addWidget(self.again)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.look)
        self.again.clicked.connect(lambda _checked=False: self.look())
        workspace.disk_changed.connect(self._on_disk)
        workspace.root_changed.connect(self._on_root)

    def look(self) -> None:
        """Look at the folder now."""
        raise NotImplementedError

    def showEvent(self, event: QShowEvent) -> None:
        """Look at it anew."""
        super().showEvent(event)
        self._soon()

    def _on_disk(self, _path: str) -> None:
        self._soon()

    def _on_root(self) -> None:
        self._soon()

    def _soon(self) -> None:
        if self.isVisible():
            self._settle.start()
