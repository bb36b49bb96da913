"""The right-hand side of the page of code: ask, plan, run. Holds its parts together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_code.pages.ask.tab import AskTab
from studio_code.pages.plan.tab import PlanTab
from studio_code.pages.run.failure import RunFailure
from studio_code.pages.run.tab import RunTab
from studio_code.pages.workspace import Workspace


class Dock(QWidget):
    """Three tabs.

    Attributes:
        ask: The conversation.
        plan: A change over several files.
        run: Running and testing.
    """

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self.setAccessibleName(tr("Ask, plan and run"))
        self.ask, self.run = AskTab(ctx, workspace), RunTab(ctx, workspace)
        self.plan = PlanTab(ctx, workspace)
        self._named = {"ask": self.ask, "plan": self.plan, "run": self.run}
        self.tabs = QTabWidget()
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setStyleSheet("QTabWidget::tab-bar { left: 12px; }")
        self.tabs.addTab(self.ask, ctx.ui.icon("sparkles", "mute"), tr("Ask"))
        self.tabs.addTab(self.plan, ctx.ui.icon("list-checks", "mute"), tr("Plan"))
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

    def show_plan(self) -> None:
        """Show the plan with the focus in its request field."""
        self.tabs.setCurrentWidget(self.plan)
        self.plan.composer.field.widget.setFocus()

    def start_run(self, mode: str = "run") -> None:
        """Run the file in view, or its tests (``test``), in view."""
        self.tabs.setCurrentWidget(self.run)
        self.run.start(mode)

    def send(self) -> bool:
        """Send the text of the focused field; return whether it is in the dock."""
        here = self.window().focusWidget()
        for composer in (self.ask.composer, self.plan.composer):
            if composer.field.widget is here:
                composer.send_words()
                return True
        return False

    def stop(self) -> None:
        """Stop the task of the current tab."""
        shown = self.tabs.currentWidget()
        next(tab for tab in (self.run, self.plan, self.ask) if tab is shown).runner.stop()

    def state(self) -> dict[str, Any]:
        """Return what outlives a restart, as plain data."""
        shown = self.tabs.currentWidget()
        name = next(name for name, tab in self._named.items() if tab is shown)
        return {"shown": name, "ask": self.ask.state(), "plan": self.plan.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Show what ``state`` returned; bears anything else."""
        shown, ask, plan = state.get("shown"), state.get("ask"), state.get("plan")
        if isinstance(shown, str) and shown in self._named:
            self.tabs.setCurrentWidget(self._named[shown])
        if isinstance(ask, Mapping):
            self.ask.restore(ask)
        if isinstance(plan, Mapping):
            self.plan.restore(plan)

    def _fix(self, fault: RunFailure) -> None:
        self.tabs.setCurrentWidget(self.ask)
        self.ask.fix(fault)
