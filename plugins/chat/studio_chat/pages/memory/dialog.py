"""The window of memory: read, change, add and erase facts; approve those the model proposes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.api import ErrorCode, JobHandle, JobRequest, PluginContext, Role, StudioError, WorkQueue
from studio.api.window.language import tr, tr_filled
from studio_chat.pages.memory.facts import MAX_TEXT, Fact, Memory, short
from studio_chat.pages.reply_work import TASK
from studio_chat.pages.session import Session

_SIZE = QSize(680, 540)
_READ = 6_000
"""Characters of what the user said that are read for proposals: the latest."""
_MOST = 5
_SCHEMA = (
    '{"type": "object", "properties": {"facts": {"type": "array", "maxItems": 5, "items": '
    '{"type": "string", "maxLength": 160}}}, "required": ["facts"], "additionalProperties": false}'
)
_WISH = (
    "Below is what a user wrote. List up to five short, lasting facts about the user that would "
    "help in later conversations: name, work, tastes, circumstances. Only what the user says of "
    "themselves; an empty list if there is nothing.\n\n{said}"
)


class MemoryDialog(QDialog):
    """Facts with their origin; a tick saves a proposed one."""

    def __init__(
        self,
        ctx: PluginContext,
        memory: Memory,
        session: Session,
        work_queue: WorkQueue,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._ctx, self._memory, self._session = ctx, memory, session
        self._job: JobHandle | None = None
        self._titles: dict[str, str] = {}
        self.setWindowTitle(tr("Chat memory"))
        self.resize(_SIZE.boundedTo(parent.size()).expandedTo(QSize(520, 400)))
        self.on = QCheckBox(tr("Tell new conversations these facts"))
        self.on.setChecked(memory.on)
        self.on.toggled.connect(memory.turn)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels([tr("Fact"), tr("From")])
        self.tree.setRootIsDecorated(False)
        self.tree.setAccessibleName(tr("Facts"))
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setStretchLastSection(False)
        self.tree.itemChanged.connect(self._on_edited)
        self.field = QLineEdit()
        self.field.setMaxLength(MAX_TEXT)
        self.field.setPlaceholderText(tr("Add a fact, such as “I write British English.”"))
        self.field.setAccessibleName(tr("New fact"))
        self.field.returnPressed.connect(self.add)
        self._words = ctx.ui.label("", Role.SMALL, wrap=True)
        self._lay_out()
        self.show_facts()
        work_queue.do(self._find_titles, lambda _none: self.show_facts())

    def _lay_out(self) -> None:
        ui = self._ctx.ui
        self.propose_button = ui.button(tr("Propose from this conversation"), "sparkles")
        self.propose_button.clicked.connect(self.propose)
        is_kept = self._session.private is None
        self.propose_button.setEnabled(is_kept and bool(self._said()))
        forget = ui.button(tr("Delete"), "trash-2")
        forget.clicked.connect(self.forget)
        self.erase_button = ui.button(tr("Erase all"), "eraser")
        self.erase_button.clicked.connect(self.erase)
        close = ui.button(tr("Close"), primary=True)
        close.clicked.connect(self.accept)
        for button in (self.propose_button, forget, self.erase_button, close):
            button.setAutoDefault(False)
        foot = QHBoxLayout()
        foot.addWidget(self.propose_button)
        foot.addWidget(forget)
        foot.addWidget(self.erase_button)
        foot.addStretch(1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(ui.label(tr("Chat memory"), Role.HEADING))
        hint = tr("Kept on this machine. Double-click or press F2 to change a fact.")
        column.addWidget(ui.label(hint, Role.MUTE, wrap=True))
        column.addWidget(self.on)
        column.addWidget(self.tree, 1)
        column.addWidget(self._words)
        column.addWidget(self.field)
        column.addLayout(foot)

    def show_facts(self, proposed: Sequence[str] = ()) -> None:
        """Show all facts, and below them the proposed ones, each with a box to tick."""
        self.tree.blockSignals(True)
        self.tree.clear()
        for fact in self._memory.facts:
            item = QTreeWidgetItem(self.tree, [fact.text, self._source(fact)])
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(0, fact.text)
        for text in proposed:
            item = QTreeWidgetItem(self.tree, [text, tr("Proposed: tick to keep")])
            item.setCheckState(0, Qt.CheckState.Unchecked)
        self.tree.resizeColumnToContents(1)
        self.tree.blockSignals(False)
        self.erase_button.setEnabled(bool(self._memory.facts))
        self.erase_button.setText(tr("Erase all"))

    def _source(self, fact: Fact) -> str:
        day = datetime.fromtimestamp(fact.created).date().isoformat() if fact.created else ""
        where = self._titles.get(fact.source, "…") if fact.source else tr("written by you")
        return " · ".join(filter(None, (where, day)))

    def _find_titles(self) -> None:
        for source in {fact.source for fact in self._memory.facts if fact.source}:
            try:
                self._titles[source] = self._ctx.library.conversations.get(source).title
            except StudioError as error:
                if error.code is not ErrorCode.NOT_FOUND:
                    raise
                self._titles[source] = tr("an erased conversation")

    # --- what the user does -------------------------------------------------------------------

    def add(self) -> None:
        """Keep the fact that was written."""
        self._memory.add([self.field.text()])
        self.field.clear()
        self.show_facts()

    def forget(self) -> None:
        """Delete the fact that is chosen."""
        item = self.tree.currentItem()
        place = self.tree.indexOfTopLevelItem(item) if item is not None else -1
        if 0 <= place < len(self._memory.facts):
            self._memory.change(place, "")
            self.show_facts()

    def erase(self) -> None:
        """Erase all facts, at the second click."""
        sure = tr("Erase all {count}? Click again").format(count=len(self._memory.facts))
        if self.erase_button.text() != sure:
            self.erase_button.setText(sure)
            return
        self._memory.forget_all()
        self.show_facts()

    def _on_edited(self, item: QTreeWidgetItem, _column: int) -> None:
        place = self.tree.indexOfTopLevelItem(item)
        if place < len(self._memory.facts):
            self._memory.change(place, item.text(0))
        elif item.checkState(0) == Qt.CheckState.Checked:
            here = self._session.id
            self._titles[here] = self._session.title
            self._memory.add([item.text(0)], here)
        else:
            return
        rest = [
            row.text(0)
            for n in range(place + 1, self.tree.topLevelItemCount())
            if (row := self.tree.topLevelItem(n))
            and row.data(0, Qt.ItemDataRole.CheckStateRole) is not None
        ]
        self.show_facts(rest)

    # --- proposals ----------------------------------------------------------------------------

    def _said(self) -> str:
        return "\n\n".join(turn.content for turn in self._session.turns if turn.mine)[-_READ:]

    def propose(self) -> None:
        """Ask the model for facts; none is saved before the user ticks it."""
        params = {
            "prompt": _WISH.format(said=self._said()),
            "schema": _SCHEMA,
            "weights": self._session.answering(),
            "temperature": 0.0,
            "max_tokens": 300,
            "encoder": None,
        }
        try:
            job = self._ctx.tasks.submit(
                JobRequest(TASK, params, keep=False, private=True, whole=True)
            )
        except StudioError as error:
            self._failed(error)
            return
        self._job = job
        self.propose_button.setEnabled(False)
        self._words.setText(tr("Reading what you wrote…"))
        job.on_done(self._proposed)
        job.on_failed(self._failed)

    def _proposed(self, result: Mapping[str, Any]) -> None:
        self._job = None
        self.propose_button.setEnabled(True)
        try:
            facts = msgspec.json.decode(str(result.get("text", "")), type=dict[str, list[str]])
        except msgspec.DecodeError:  # it was cut off
            facts = {}
        texts = {fact.text for fact in self._memory.facts}
        proposed = [t for t in map(short, facts.get("facts", [])[:_MOST]) if t and t not in texts]
        self._words.setText("" if proposed else tr("The model found nothing to keep."))
        self.show_facts(proposed)

    def _failed(self, error: StudioError) -> None:
        self._job = None
        self.propose_button.setEnabled(True)
        self._words.setText(tr_filled(error))

    def done(self, result: int) -> None:
        """Stop pending requests."""
        if self._job is not None:
            self._job.cancel()
        super().done(result)
