"""The right-hand side of the page of code: ask and run. Holds its parts together, does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from studio.api import PluginContext
from studio_code.pages.ask.tab import AskTab
from studio_code.pages.phrases import tr
from studio_code.pages.run.failure import RunFailure
from studio_code.pages.run.tab import RunTab
from studio_code.pages.workspace import Workspace


class Dock(QWidget):
    """Two tabs.

    Attributes:
        ask: The conversation.
        run: Running and testing.
    """

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self.setAccessibleName(tr("Ask and run"))
        self.ask, self.run = AskTab(ctx, workspace), RunTab(ctx, workspace)
        self.tabs = QTabWidget()
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setStyleSheet("QTabWidget::tab-bar { left: 12px; }")
        self.tabs.addTab(self.ask, ctx.ui.icon("sparkles", "mute"), tr("Ask"))
        self.tabs.addTab(self.run, ctx.ui.icon("play", "mute"), tr("Run"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tabs)
        self.run.fix_asked.connect(self._fix)
        self.setMinimumWidth(300)

    def show_ask(self) -> None:
        """Bring the conversation into view, ready to write."""
        self.tabs.setCurrentWidget(self.ask)
        self.ask.composer.field.widget.setFocus()

    def start_run(self, mode: str = "run") -> None:
        """Run the file in view, or its tests (``test``), in view."""
        self.tabs.setCurrentWidget(self.run)
        self.run.start(mode)

    def stop(self) -> None:
        """Stop what is at work in the tab in view."""
        runner = self.run.runner if self.tabs.currentWidget() is self.run else self.ask.runner
        runner.stop()

    def state(self) -> dict[str, Any]:
        """Return what outlives a restart, as plain data."""
        return {"tab": self.tabs.currentIndex(), "ask": self.ask.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Show what ``state`` returned; bears anything else."""
        tab, ask = state.get("tab"), state.get("ask")
        if tab in (0, 1):
            self.tabs.setCurrentIndex(tab)
        if isinstance(ask, Mapping):
            self.ask.restore(ask)

    def _fix(self, fault: RunFailure) -> None:
        self.tabs.setCurrentWidget(self.ask)
        self.ask.fix(fault)
