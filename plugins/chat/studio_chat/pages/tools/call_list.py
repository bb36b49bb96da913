"""The steps of a reply: each call with its status and artifacts; the plan; Undo run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role, SavedArtifact, StudioError, outcome
from studio.api.window.language import tr
from studio.api.window.tools import STUDIO, Tool
from studio_chat.pages.thread.turns import Deeds, Reply, Turn
from studio_chat.pages.tools.approval import Approval
from studio_chat.pages.tools.offer import tool_of
from studio_chat.pages.tools.phrases import arguments_of, icon_of, state_of
from studio_chat.tools import own
from studio_chat.tools.calls import ASKED, DONE, RUNNING, Call, Made


class CallList(QWidget):
    """All calls of one reply; hidden while there are none."""

    def __init__(self, ctx: PluginContext, deeds: Deeds) -> None:
        super().__init__()
        self._ctx, self._deeds = ctx, deeds
        self._turn: Turn | None = None
        self.cards: list[CallCard] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self.plan: PlanCard | None = None
        self._note = ctx.ui.label("", Role.MUTE, wrap=True)
        self.undo = ctx.ui.button("", "undo-2", dense=True)
        self.undo.clicked.connect(self._undo)
        self._foot = QWidget()
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.addWidget(self._note, 1)
        foot.addWidget(self.undo)
        self._column.addWidget(self._foot)
        self.hide()

    def show_run(self, turn: Turn, reply: Reply | None) -> None:
        """Show the calls of a turn, as they are now if its reply is being written."""
        self._turn = turn
        calls = reply.calls if reply is not None else turn.calls
        while len(self.cards) > len(calls):
            card = self.cards.pop()
            self._column.removeWidget(card)
            card.deleteLater()
        for number, call in enumerate(calls):
            if number == len(self.cards):
                card = CallCard(self._ctx, self._deeds)
                self.cards.append(card)
                self._column.insertWidget(number, card)
            asks = reply is not None and reply.asks and number == len(calls) - 1
            live = reply is not None
            self.cards[number].show_call(turn, call, live=live, asks=asks, gone=turn.undone)
        self._show_plan(turn, reply)
        note = reply.note if reply is not None else str(turn.extra.get("run_note") or "")
        self._note.setText(note)
        can_undo = reply is None and bool(turn.made)
        self.undo.setVisible(can_undo)
        self.undo.setText(tr("Restore results") if turn.undone else tr("Undo run"))
        self.undo.setToolTip(
            tr("Take all results of this run out of the bin")
            if turn.undone
            else tr("Put all results of this run in the bin")
        )
        self.undo.setEnabled(not self._deeds.busy)
        self._foot.setVisible(bool(note) or can_undo)
        self.setVisible(bool(calls) or self.plan is not None or bool(note))

    def _show_plan(self, turn: Turn, reply: Reply | None) -> None:
        wanted = reply is not None and reply.waits_for_plan
        if wanted and self.plan is None and reply is not None:
            begin = partial(self._deeds.begin_plan, turn)
            self.plan = PlanCard(self._ctx, reply.plan, begin)
            self._column.insertWidget(len(self.cards), self.plan)
        elif not wanted and self.plan is not None:
            self._column.removeWidget(self.plan)
            self.plan.deleteLater()
            self.plan = None

    def _undo(self) -> None:
        if self._turn is not None:
            self._deeds.undo_run(self._turn)


class PlanCard(QFrame):
    """The steps that are to follow; each can be left out before the first begins."""

    def __init__(self, ctx: PluginContext, plan: list[str], begin: partial[None]) -> None:
        super().__init__()
        ctx.ui.wear(self, Role.CARD)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        column.addWidget(ctx.ui.label(tr("The plan"), Role.STRONG))
        self.boxes: list[QCheckBox] = []
        for number, name in enumerate(plan, 1):
            box = QCheckBox(f"{number}. {_title(ctx, tool_of(ctx, name), name)}")
            box.setChecked(True)
            self.boxes.append(box)
            column.addWidget(box)
        self.start = ctx.ui.button(tr("Start"), "play", primary=True)
        self.start.clicked.connect(
            lambda: begin([n for n, box in zip(plan, self.boxes, strict=True) if box.isChecked()])
        )
        row = QHBoxLayout()
        row.addWidget(self.start)
        row.addStretch(1)
        column.addLayout(row)


class CallCard(QFrame):
    """One call."""

    def __init__(self, ctx: PluginContext, deeds: Deeds) -> None:
        super().__init__()
        self._ctx, self._deeds = ctx, deeds
        ctx.ui.wear(self, Role.CARD)
        self._icon, self._title = QLabel(), ctx.ui.label("", Role.STRONG)
        self._icon.setFixedSize(16, 18)
        self._arguments = ctx.ui.elided_label("", Role.SMALL)
        self._words = ctx.ui.label("", Role.MUTE, wrap=True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setMaximum(1000)
        self.approval: Approval | None = None
        self._known: Tool | None = None
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._icon)
        head.addWidget(self._title)
        head.addWidget(self._arguments.widget, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 9, 12, 10)
        self._column.setSpacing(6)
        self._column.addLayout(head)
        self._column.addWidget(self._words)
        self._column.addWidget(self._bar)
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        self._column.addLayout(self._grid)
        self.results: list[ResultView] = []

    @property
    def words(self) -> str:
        """The shown status of the call."""
        return self._words.text()

    def show_call(self, turn: Turn, call: Call, *, live: bool, asks: bool, gone: bool) -> None:
        """Show how ``call`` stands.

        Args:
            live: Its reply is being written.
            asks: The user is to say whether it may be made.
            gone: What it made is in the bin.
        """
        icon, color = icon_of(call)
        self._icon.setPixmap(self._ctx.ui.icon(icon, color).pixmap(QSize(16, 16)))
        tool = self._tool(call.name)
        title = _title(self._ctx, tool, call.title)
        self._title.setText(title)
        is_asked = asks and call.state == ASKED
        arguments = arguments_of(call, tool)
        self._arguments.set_text("" if is_asked else arguments)
        text = state_of(call, live=live)
        if call.state == DONE and not call.results:
            text = call.told[:600]
        self._words.setText(text)
        self._words.setVisible(bool(text))
        running = live and call.state == RUNNING and call.total > 0
        self._bar.setVisible(running)
        if running:
            self._bar.setValue(round(1000 * min(1.0, call.done / call.total)))
        self.setAccessibleName(f"{title}: {text or arguments}")
        self._show_approval(turn, call, is_asked)
        self._show_results(call.results, gone=gone)

    def _tool(self, name: str) -> Tool | None:
        if self._known is None or self._known.name != name:
            self._known = tool_of(self._ctx, name)
        return self._known

    def _show_approval(self, turn: Turn, call: Call, is_asked: bool) -> None:
        if is_asked and self.approval is None:
            self.approval = Approval(
                self._ctx,
                call,
                self._tool(call.name),
                allow=lambda values, always: self._deeds.allow(turn, values, always=always),
                refuse=lambda never: self._deeds.refuse(turn, never=never),
            )
            self._column.insertWidget(2, self.approval)
        elif not is_asked and self.approval is not None:
            self.approval.hide()
            self._column.removeWidget(self.approval)
            self.approval.deleteLater()
            self.approval = None

    def _show_results(self, results: tuple[Made, ...], *, gone: bool) -> None:
        shown = [view.made for view in self.results]
        if shown != list(results):
            for view in self.results:
                self._grid.removeWidget(view)
                view.deleteLater()
            self.results = [ResultView(self._ctx, result) for result in results]
            across = columns(results)
            for number, view in enumerate(self.results):
                self._grid.addWidget(view, number // across, number % across)
        for view in self.results:
            view.set_gone(gone and not view.made.found)


def columns(results: Sequence[Made]) -> int:
    """Return how many results lie side by side: pictures do, where one call made several."""
    pictures = len(results) > 1 and all(result.kind == "image" for result in results)
    return (2 if len(results) in (2, 4) else 3) if pictures else 1


class ResultView(QFrame):
    """A result in the thread: its word and title, what shows or plays it, and the way to it."""

    def __init__(self, ctx: PluginContext, result: Made) -> None:
        super().__init__()
        self._ctx, self.made = ctx, result
        self._artifact: SavedArtifact | None = None
        self.viewer: QWidget | None = None
        name = ctx.ui.elided_label(
            f"{result.word} · {result.title}" if result.title else result.word
        )
        self._gone = ctx.ui.label(tr("In the bin"), Role.SMALL)
        self._gone.hide()
        self.open = ctx.ui.button(tr("Show in Gallery"), "images", dense=True)
        self.open.setToolTip(tr("Its record, its family tree, and what can be done with it"))
        self.open.setEnabled(False)
        self.open.clicked.connect(self._open)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(name.widget, 1)
        head.addWidget(self._gone)
        head.addWidget(self.open)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 2, 0, 2)
        self._column.setSpacing(6)
        self._column.addLayout(head)
        self._alive = True
        self.destroyed.connect(self._ended)
        ctx.run_later(lambda: outcome(lambda: ctx.library.artifact(result.id)), self._found)

    def set_gone(self, gone: bool) -> None:
        """Say that the result is in the bin."""
        self._gone.setVisible(gone)
        if self.viewer is not None:
            self.viewer.setVisible(not gone)

    def _ended(self) -> None:
        self._alive = False

    def _found(self, artifact: SavedArtifact | StudioError) -> None:
        if not self._alive or isinstance(artifact, StudioError):
            return
        self._artifact = artifact
        self.open.setEnabled(True)
        if not self.made.found:
            self._ctx.ui.view_artifact(artifact, self._show)

    def _show(self, viewer: QWidget) -> None:
        if not self._alive:
            viewer.deleteLater()
            return
        viewer.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.viewer = viewer
        self._column.addWidget(viewer)
        viewer.setVisible(self._gone.isHidden())

    def _open(self) -> None:
        if self._artifact is not None:
            self._ctx.ui.show_artifact(self._artifact)


def _title(ctx: PluginContext, tool: Tool | None, title: str) -> str:
    """Return the title of a call; of a task with that of its plugin: “Pictures: Generate”."""
    if tool is None:
        return title
    is_task = tool.source == STUDIO and tool.name not in own.BY_NAME
    maker = dict(ctx.tools.groups()).get(tool.group) if is_task else None
    return f"{maker}: {tool.title}" if maker else tool.title
