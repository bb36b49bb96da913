"""The panel over the composer: what an action makes of a text, and where that goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from studio.api import (
    JobHandle,
    JobRequest,
    PluginContext,
    Priority,
    Role,
    SavedArtifact,
    StudioError,
)
from studio.api.window.language import tr
from studio_chat.pages.actions.changes_view import ChangesView
from studio_chat.pages.actions.menu import TextAction
from studio_chat.schema import Draft
from studio_chat.word_diff import WordChange

_LOWEST, _HIGHEST = 90, 240
_DRAFT_FIELDS = ("about", "kind", "reader", "tone", "words", "language")


@dataclass(frozen=True)
class Source:
    """What an action works on.

    Attributes:
        text: All of it.
        parents: Ids of the message or result it is from.
        replace: Puts another text in its place; None where nothing can stand for it.
    """

    text: str
    parents: Sequence[str] = ()
    replace: Callable[[str], None] | None = None


class ActionPanel(QFrame):
    """One action at a time: its progress, its text or corrections, and the next steps.

    Signals:
        inserted: Text to add to the composer.
    """

    inserted = Signal(str)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._job: JobHandle | None = None
        self._source = Source("")
        self._weights = ""
        self._channel = ""
        self._artifact: SavedArtifact | None = None
        ui = ctx.ui
        ui.wear(self, Role.CARD)
        self._icon = QLabel()
        self.title = ui.label("", Role.STRONG)
        away = ui.icon_button("x", tr("Close"))
        away.clicked.connect(self.close_action)
        self.form = ui.form(Draft, only=_DRAFT_FIELDS)
        self._write = ui.button(tr("Write"), "pencil")
        self._write.clicked.connect(self._on_write)
        self.view = ui.prose_view()
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(self.view.widget)
        self._form_area = QScrollArea()
        self._form_area.setWidgetResizable(True)
        self._form_area.setFrameShape(QFrame.Shape.NoFrame)
        self._form_area.setWidget(self.form.widget)
        self._form_area.setMinimumHeight(_LOWEST)
        self._form_area.setMaximumHeight(_HIGHEST)
        self.changes = ChangesView(ui)
        self.progress, self.trouble = ui.progress_row(), ui.trouble_row()
        self.note = ui.label("", Role.SMALL, wrap=True)
        self._lay_out(away)
        self.hide()

    def _lay_out(self, away: QWidget) -> None:
        ui = self._ctx.ui
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._icon)
        head.addWidget(self.title, 1)
        head.addWidget(away)
        self.replace = ui.button(tr("Replace"), "check")
        self.replace.setToolTip(tr("Put this text in the place of the old one"))
        self.insert = ui.button(tr("Add to message"), "corner-down-left")
        self.copy = ui.button(tr("Copy"), "copy")
        self.send = ui.button(tr("Send to…"), "arrow-right")
        self.replace.clicked.connect(self._on_replace)
        self.insert.clicked.connect(lambda: self.inserted.emit(self.text))
        self.copy.clicked.connect(lambda: ui.copy(self.text))
        self.send.clicked.connect(self._on_send)
        self._buttons = QWidget()
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for button in (self.replace, self.insert, self.copy, self.send):
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 8, 10)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._form_area)
        column.addWidget(self._write, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._area)
        column.addWidget(self.changes)
        column.addWidget(self.progress.widget)
        column.addWidget(self.trouble.widget)
        column.addWidget(self.note)
        column.addWidget(self._buttons)

    # --- what the page asks -------------------------------------------------------------------

    def begin(self, action: TextAction, source: Source, weights: str) -> None:
        """Start an action on a text; stop the previous one."""
        self._open(action.title, action.icon, source, weights)
        self._submit(action, {**action.params, "text": source.text})
        self.replace.setVisible(action.replaces and source.replace is not None)

    def draft(self, source: Source, weights: str) -> None:
        """Ask for the facts of a new text."""
        self._open(tr("Draft a text"), "pencil", source, weights)
        self._form_area.show()
        self._write.show()
        self._form_area.verticalScrollBar().setValue(0)
        self.form.widget.setFocus()

    def close_action(self) -> None:
        """Stop the action and hide the panel; finished texts are in the library."""
        self._let_go()
        self.hide()

    @property
    def text(self) -> str:
        """The text as it is now, with the corrections that are accepted."""
        if self.changes.isVisibleTo(self):
            return self.changes.text
        return self._artifact.text if self._artifact is not None else ""

    # --- the job ------------------------------------------------------------------------------

    def _open(self, title: str, icon: str, source: Source, weights: str) -> None:
        self._let_go()
        self._source, self._weights, self._artifact = source, weights, None
        self.title.setText(title)
        self._icon.setPixmap(self._ctx.ui.icon(icon, "mute").pixmap(QSize(16, 16)))
        self.trouble.hide()
        for part in (self._form_area, self._write, self._area, self.changes, self.note):
            part.hide()
        self._buttons.hide()
        self.show()

    def _let_go(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def _on_write(self) -> None:
        action = TextAction(tr("Draft"), "pencil", "chat.draft", self.form.values())
        self._form_area.hide()
        self._write.hide()
        self._submit(action, dict(action.params))
        self.replace.setVisible(self._source.replace is not None)

    def _submit(self, action: TextAction, params: Mapping[str, Any]) -> None:
        request = JobRequest(
            action.task,
            {**params, "weights": self._weights},
            title=action.title,
            priority=Priority.INTERACTIVE,
            parents=list(self._source.parents),
        )
        self._channel = ""
        self.view.set_text("")
        try:
            self._job = job = self._ctx.tasks.submit(request)
        except StudioError as error:
            self._on_failed(error, lambda: self._again(action, params))
            return
        self.progress.follow(job)

        def mine(call: Callable[..., None]) -> Callable[..., None]:
            return lambda *args: call(*args) if self._job is job else None

        job.on_text(mine(self._on_text))
        job.on_artifact(mine(self._on_artifact))
        job.on_done(mine(self._on_done))
        job.on_cancelled(mine(self._on_stopped))
        job.on_failed(
            mine(lambda error: self._on_failed(error, lambda: self._again(action, params)))
        )

    def _again(self, action: TextAction, params: Mapping[str, Any]) -> None:
        self.trouble.hide()
        self._submit(action, params)

    def _on_text(self, text: str, _tokens: int, channel: str) -> None:
        if channel != self._channel:  # summaries of parts give way to the one of all
            self._channel = channel
            self.view.set_text("")
        self._area.show()
        self.view.append(text)
        self._fit()

    def _on_artifact(self, artifact: SavedArtifact) -> None:
        self._artifact = artifact
        self.view.set_text(artifact.text)
        self._area.show()
        self._buttons.show()
        self._fit()

    def _on_done(self, result: Mapping[str, Any]) -> None:
        if "changes" in result:
            changes = msgspec.convert(result["changes"], list[WordChange])
            self.changes.show_changes(str(result["source"]), changes)
            self._area.hide()
            self.changes.show()
        self._tell(_notes(result))

    def _on_stopped(self) -> None:
        message = tr("You stopped it here. What was written is kept.")
        self._tell(
            message if self._artifact is not None else tr("You stopped it before it started.")
        )

    def _on_failed(self, error: Any, again: Callable[[], None]) -> None:
        self.trouble.tell(error, again)

    def _tell(self, words: str) -> None:
        self.note.setText(words)
        self.note.setVisible(bool(words))

    # --- where it goes ------------------------------------------------------------------------

    def _on_replace(self) -> None:
        if self._source.replace is not None:
            self._source.replace(self.text)
            self.close_action()

    def _on_send(self) -> None:
        if self._artifact is None:
            return
        menu = self._ctx.ui.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for page, send in self._ctx.send_to(self._artifact):
            menu.addAction(tr("Send to {page}").format(page=page), send)
        menu.popup(self.send.mapToGlobal(self.send.rect().bottomLeft()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes the panel."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_action()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.view.flush()
        self._area.setFixedHeight(max(40, min(_HIGHEST, self.view.widget.height() + 4)))


def _notes(result: Mapping[str, Any]) -> str:
    """Return what should be known of a text that was made."""
    notes = []
    if result.get("parts"):
        words = tr("It was read in {count} parts, whose summaries are kept with it.")
        notes.append(words.format(count=len(result["parts"])))
    if lost := result.get("lost"):
        words = tr("These figures of the text are not in it: {figures}.")
        notes.append(words.format(figures=", ".join(lost[:12])))
    if refused := result.get("refused"):
        words = tr("The model did not rewrite {count} of {all} parts; they are as they were.")
        notes.append(words.format(count=len(refused), all=result.get("of_parts", 0)))
    if result.get("cut"):
        notes.append(tr("A part became too long and was cut off."))
    return " ".join(notes)
