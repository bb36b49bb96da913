"""The widgets of the chat's page and their places: list, title, thread, composer.

Knows no conversation; the page tells it what to show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role, WorkQueue
from studio_chat.pages.actions.panel import ActionPanel
from studio_chat.pages.composer import Composer
from studio_chat.pages.conversations.list_view import ConversationList
from studio_chat.pages.conversations.title_bar import TitleBar
from studio_chat.pages.documents.pane import PassagePane
from studio_chat.pages.projects.project import Projects
from studio_chat.pages.thread.thread_view import COLUMN, ThreadView
from studio_chat.pages.thread.turns import Turn, tokens_in
from studio_chat.pages.welcome import NoWeights, Welcome

_NARROW = 720
"""Below this width of the page the list of conversations gives way to the thread."""


class PageFrame(QWidget):
    """Everything between the rail and the parameter panel, laid out.

    ``start`` is called with the text of an example that was clicked.
    """

    def __init__(
        self,
        ctx: PluginContext,
        work_queue: WorkQueue,
        projects: Projects,
        start: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._ctx, self._work_queue = ctx, work_queue
        self._list_wanted: bool | None = None
        self.list = ConversationList(ctx, work_queue, projects)
        self.title = TitleBar(ctx.ui)
        self.thread_view = ThreadView(ctx)
        self.welcome = Welcome(ctx, start)
        self.no_weights = NoWeights(ctx)
        self.composer = Composer(ctx)
        self.composer.send_with_ctrl = lambda: ctx.settings.get("send_with_ctrl", False) is True
        self.offer = ctx.kit.model_offer()
        self.action_panel = ActionPanel(ctx)
        self.passage_pane = PassagePane(ctx)
        self.passage_pane.moved.connect(self._fit)
        self._lay_out()
        self.title.list_asked.connect(self.toggle_list)

    def _lay_out(self) -> None:
        self.middle = QStackedWidget()
        for widget in (self.thread_view, self.welcome, self.no_weights):
            self.middle.addWidget(widget)
        box = QHBoxLayout()
        box.setContentsMargins(28, 6, 28, 18)
        below = QWidget()
        below.setMaximumWidth(COLUMN)
        below.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.composer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        lower = QVBoxLayout(below)
        lower.setContentsMargins(0, 0, 0, 0)
        lower.setSpacing(8)
        lower.addWidget(self.action_panel)
        lower.addWidget(self.offer.widget)
        lower.addWidget(self.composer)
        box.addStretch(1)
        box.addWidget(below, 1000)
        box.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(self.middle, 1)
        column.addLayout(box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        line = QFrame()
        self._ctx.ui.wear(line, Role.LINE_DOWN)
        row.addWidget(self.list)
        row.addWidget(line)
        row.addLayout(column, 1)
        row.addWidget(self.passage_pane)
        self._line = line

    # --- what is in view ----------------------------------------------------------------------

    def show_middle(self, *, said: bool, weights: str) -> None:
        """Show the thread where something was ``said``, else what ``weights`` could be asked."""
        is_weak = self.offer.show_for(weights)
        if said:
            self.middle.setCurrentWidget(self.thread_view)
        elif self._ctx.weights.for_capability("text"):
            self.welcome.refresh("" if is_weak else weights)
            self.middle.setCurrentWidget(self.welcome)
        else:
            self.middle.setCurrentWidget(self.no_weights)

    def learn_context(self, turn: Turn, then: Callable[[], None]) -> None:
        """Keep how much the weights of a reply read, for the meter of the next one."""
        length = turn.extra.get("context_length")
        key = f"context.{turn.extra.get('weights', '')}"
        if isinstance(length, int) and self._ctx.settings.get(key, 0) != length:
            self._work_queue.do(lambda: self._ctx.settings.set(key, length), lambda _none: then())

    def show_use(self, turns: Sequence[Turn]) -> None:
        """Show the used share of the model's context."""
        weights = self.composer.weights
        measured = self._ctx.settings.get(f"context.{weights}", 0)
        limit = self._ctx.weights.defaults(weights).get("context_limit", 0)
        lengths = [length for length in (measured, limit) if isinstance(length, int) and length]
        used = tokens_in(turns) + len(self.composer.text) // 4
        self.composer.meter.show_use(used, min(lengths, default=0))

    def search(self) -> None:
        """Put the keyboard into the search of the list."""
        self._show_list(True)
        self.list.search.setFocus()
        self.list.search.selectAll()

    def toggle_list(self) -> None:
        """Show or hide the list of conversations."""
        self._show_list(not self.list.isVisible())

    def _show_list(self, shown: bool) -> None:
        self._list_wanted = shown
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room for the thread first."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        pane = self.passage_pane.width_in(self.width())
        self.passage_pane.setFixedWidth(max(pane, 1))
        room = self.width() - pane
        shown = room >= _NARROW if self._list_wanted is None else self._list_wanted
        self.list.setVisible(shown)
        self._line.setVisible(shown)
        self.title.show_list_button(not shown)

    def restore_list(self, wanted: Any) -> None:
        """Show or hide the list as it was; anything but a truth value leaves it to the width."""
        self._list_wanted = wanted if isinstance(wanted, bool) else None
        self._fit()

    @property
    def list_wanted(self) -> bool | None:
        """Whether the user wants the list; None leaves it to the width."""
        return self._list_wanted
