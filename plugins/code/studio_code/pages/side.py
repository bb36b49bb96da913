"""The left column: the files of the folder, find in it, its problems, its git repository."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_code.pages.files.tree import Tree
from studio_code.pages.git.pane import GitPane
from studio_code.pages.navigation.problem_pane import ProblemPane
from studio_code.pages.navigation.search_pane import SearchPane
from studio_code.pages.workspace import Workspace


class Side(QWidget):
    """Four panes, one of them in view.

    Attributes:
        tree, search, problems, git: The panes.
    """

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self.tree = Tree(ctx, workspace)
        self.search = SearchPane(ctx, workspace)
        self.problems = ProblemPane(ctx, workspace)
        self.git = GitPane(ctx, workspace)
        self._panes: dict[str, QWidget] = {
            "files": self.tree, "search": self.search, "problems": self.problems, "git": self.git,
        }  # fmt: skip
        choices = [
            ("files", "files", tr("Files")),
            ("search", "search", tr("Find in the folder  Ctrl+Shift+F")),
            ("problems", "circle-alert", tr("Problems")),
            ("git", "git-branch", tr("Git")),
        ]
        self.bar = ctx.ui.switch_bar(tr("What the left column shows"), choices, words=False)
        self._stack = QStackedWidget()
        for pane in self._panes.values():
            self._stack.addWidget(pane)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(0)
        head = QVBoxLayout()
        head.setContentsMargins(10, 0, 10, 0)
        head.addWidget(self.bar.widget)
        column.addLayout(head)
        column.addWidget(self._stack, 1)
        self.bar.on_choose(self._choose)
        self.search.shown.connect(lambda: self.show_pane("search"))
        self.show_pane("files")

    def show_pane(self, name: str) -> None:
        """Bring a pane into view."""
        self._stack.setCurrentWidget(self._panes[name])
        self.bar.choose(name)

    def _choose(self, name: str) -> None:
        """Show the chosen pane; in a search pane focus the field."""
        self.show_pane(name)
        if name == "search":
            self.search.begin()
