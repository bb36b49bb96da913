"""Problems in the folder, by file. Refreshes when shown, and after a save while visible."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QVBoxLayout

from studio.api import PluginContext, StudioError, outcome
from studio.api.window.language import tr
from studio_code.pages.navigation.folder_pane import FolderPane
from studio_code.pages.navigation.place_list import PlaceList
from studio_code.pages.navigation.problems import problems
from studio_code.pages.navigation.search_pane import opened_texts
from studio_code.pages.phrases import count_words
from studio_code.pages.workspace import Workspace


class ProblemPane(FolderPane):
    """A count, and the places.

    Attributes:
        list: The problems.
    """

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__(ctx, workspace, tr("Check the folder again"))
        self._busy = self._once_more = False
        self.list = PlaceList(ctx, tr("Problems"), ("circle-alert", "warn"))
        self.head.setContentsMargins(12, 8, 6, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self.head)
        column.addWidget(self.list, 1)
        self.list.asked.connect(workspace.goto)

    def look(self) -> None:
        """Look for problems; once more afterwards if it is asked for meanwhile."""
        root = self._workspace.root
        if root is None:
            self.words.setText(tr("Open a folder to see its problems."))
            return
        if self._busy:
            self._once_more = True
            return
        self._busy, opened = True, opened_texts(self._workspace)
        self.words.setText(tr("Checking…"))

        def arrived(result: Any) -> None:
            self._busy = False
            if root != self._workspace.root or self._once_more:
                self._once_more = False
                self.look()
            elif isinstance(result, StudioError):
                self.words.setText(f"{result.message} {result.hint}")
            else:
                self.list.show_places(result.places)
                count = len(result.places)
                words = count_words(count, tr("1 problem"), tr("{count} problems"))
                more = tr("There are more.") if result.cut else ""
                self.words.setText(f"{words if count else tr('No problems found.')} {more}".strip())

        self._ctx.run_later(lambda: outcome(lambda: problems(root, opened)), arrived)

    def _on_root(self) -> None:
        self.list.clear()
        super()._on_root()
