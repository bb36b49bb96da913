"""The conversation beside the editor: ask, explain, fix, test, document. Changes no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from studio.api import (
    JobHandle,
    JobRequest,
    PluginContext,
    Role,
    SavedArtifact,
    StudioError,
    TaskResult,
)
from studio.api.window.language import tr
from studio_code.execution.toolchains import all_missing
from studio_code.languages import DOCUMENTED, RUN
from studio_code.pages.ask import task_requests
from studio_code.pages.ask.composer import Composer
from studio_code.pages.ask.task_requests import Request
from studio_code.pages.ask.task_results import Answer, Offer, answer_of, answer_of_stopped
from studio_code.pages.ask.thread import Thread
from studio_code.pages.ask.turn import Turn
from studio_code.pages.dock_layout import is_low
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.run.failure import RunFailure
from studio_code.pages.workspace import Workspace

_LOOK_MS = 400
"""How often it is looked what is selected, while this is in view."""
_BESIDE = 320
"""Pixels of the composer where it stands beside the turns."""
_KEPT_TURNS = 30
_KEPT_CHARS = 20_000
_KEPT_TOGETHER = 1_000_000
"""Characters of proposed texts and of what was shown, those of the latest turns first."""


class AskTab(QWidget):
    """Turns, quick actions, composer.

    Signals:
        ended: A request is over.

    Attributes:
        thread_view: The turns.
        task_buttons: What may be done with the file, by the task's name.
        composer: Where the user writes.
        runner: The request at work.
    """

    ended = Signal()

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self.runner = ctx.kit.run_controller(owner=self)
        self._turn: Turn | None = None
        self._artifact: SavedArtifact | None = None
        self.thread_view = Thread(ctx, self._examples())
        words = tr("Ask about the open files, or say what to change…")
        self.composer = Composer(ctx, words, tr("Send"), "send")
        self.subject = ctx.ui.label("", Role.SMALL, wrap=True)
        self.task_buttons = {
            "explain": self._action(
                tr("Explain"), tr("Explains what the file or the selection does")
            ),
            "fix": self._action(tr("Fix"), tr("Run the file and fix what fails")),
            "tests": self._action(tr("Write tests"), tr("Tests for the file, run and evaluated")),
            "document": self._action(
                tr("Document"), tr("Docstrings or comments, and no other change")
            ),
        }
        self._tips = {name: button.toolTip() for name, button in self.task_buttons.items()}
        self.anew = ctx.ui.icon_button("message-square-plus", tr("New conversation"))
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_MS)
        self._missing: dict[str, str] = {}
        """Language → what must be installed before it can be run."""
        self._lay_out()
        self._connect()
        self._update()
        ctx.run_later(all_missing, self._take_missing)

    def _action(self, words: str, tip: str) -> Any:
        return self._ctx.ui.button(words, tip=tip, dense=True)

    def _lay_out(self) -> None:
        quick = QHBoxLayout()
        quick.setSpacing(6)
        quick.addWidget(self._ctx.ui.flow_row(list(self.task_buttons.values())), 1)
        quick.addWidget(self.anew)
        self._controls = QWidget()
        controls = QVBoxLayout(self._controls)
        controls.setContentsMargins(0, 0, 0, 0)
        controls.setSpacing(8)
        controls.addStretch(1)
        controls.addWidget(self.subject)
        controls.addLayout(quick)
        controls.addWidget(self.composer)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(12, 12, 12, 12)
        self._box.setSpacing(8)
        self._box.addWidget(self.thread_view, 1)
        self._box.addWidget(self._controls)
        self.setFocusProxy(self.composer.field.widget)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is low and wide the composer stands beside the turns, not below."""
        super().resizeEvent(event)
        beside = is_low(self.size())
        ways = QBoxLayout.Direction
        self._box.setDirection(ways.LeftToRight if beside else ways.TopToBottom)
        self._box.setSpacing(16 if beside else 8)
        self._controls.setMaximumWidth(_BESIDE if beside else 16_777_215)
        self._controls.setMinimumWidth(_BESIDE if beside else 0)

    def _connect(self) -> None:
        for name, button in self.task_buttons.items():
            button.clicked.connect(lambda _on=False, name=name: self.act(name))
        self.anew.clicked.connect(self.begin_anew)
        self.composer.sent.connect(self._send)
        self.composer.stop_asked.connect(self._stop)
        self.runner.on_start(self._on_start)
        self.runner.on_text(self._on_text)
        self.runner.on_result(self._on_made)
        self.runner.on_done(self._on_done)
        self.runner.on_failed(self._on_failed)
        self.runner.on_stopped(self._on_stopped)
        self.runner.on_busy(lambda _busy: self._update())
        self._workspace.current_changed.connect(self._update)
        self._look.timeout.connect(self._show_subject)

    def _examples(self) -> list[tuple[str, str, Any]]:
        questions = (tr("What could go wrong here?"), tr("Make this simpler."))
        return [
            ("message-square", words, lambda words=words: self._prepare(words))
            for words in questions
        ]

    # --- starting -----------------------------------------------------------------------------

    def fix(self, fault: RunFailure) -> None:
        """Fix the fault found by a run; open the file if it is closed."""
        self._workspace.bring(
            fault.path, lambda _file: self._start(task_requests.fix(self._workspace, fault))
        )

    def act(self, name: str) -> bool:
        """Do ``explain``, ``fix``, ``tests`` or ``document`` on the file in view, if it can be."""
        make = {
            "explain": task_requests.explain,
            "fix": task_requests.fix,
            "tests": task_requests.tests,
            "document": task_requests.document,
        }[name]
        if name == "fix" and not self._can_run():
            return self._fix_told()
        return self._start(make(self._workspace))

    def _can_run(self) -> bool:
        file = self._workspace.current
        return file is None or (file.language in RUN and file.language not in self._missing)

    def _fix_told(self) -> bool:
        """Correct a file that cannot be run here by the error that the user has written."""
        file, error = self._workspace.current, self.composer.text
        if file is None:
            return False
        if not error:
            words = tr("Paste the error or describe the problem, then press Fix again.")
            self.composer.field.widget.setPlaceholderText(words)
            self.composer.field.widget.setFocus()
            return False
        failure = RunFailure(file.path, error)
        started = self._start(task_requests.fix(self._workspace, failure))
        if started:
            self.composer.clear()
        return started

    def begin_anew(self) -> None:
        """Discard the turns; their results stay in the library."""
        if not self.runner.busy:
            self.thread_view.clear()
            self._update()

    def take_weights(self, weights: str) -> None:
        """Show the model that answers next; an empty one is the best there is."""
        self.composer.weights.choose(weights)

    def take_words(self, words: str) -> None:
        """Insert words into the field before its text."""
        written = self.composer.text
        self._prepare("\n\n".join(filter(None, (words, written))))

    def _prepare(self, words: str) -> None:
        self.composer.field.widget.setPlainText(words)
        self.composer.field.widget.setFocus()

    def _send(self) -> None:
        past = self.thread_view.conversation()
        if self._start(task_requests.ask(self._workspace, self.composer.text, past)):
            self.composer.clear()

    def _start(self, request: Request | None) -> bool:
        if request is None or self.runner.busy:
            return False
        turn = self._add(request)
        self._submit(turn)
        return True

    def _add(self, request: Request) -> Turn:
        turn = Turn(self._ctx, request, self._workspace.goto)
        turn.offered.connect(self._review)
        turn.put_asked.connect(self._put)
        self.thread_view.add(turn)
        self._update()
        return turn

    def _submit(self, turn: Turn) -> None:
        if self.runner.busy:
            return
        self._turn, self._artifact = turn, None
        request = turn.request
        params = {**request.params, "weights": self.composer.weights.weights}
        keep = request.task not in ("code.ask", "code.explain")
        self.runner.start(
            JobRequest(request.task, params, title=request.words, inputs=request.inputs, keep=keep)
        )

    def _on_start(self, job: JobHandle) -> None:
        if self._turn is not None:
            self._turn.follow(job)

    def _stop(self) -> None:
        if self._turn is not None:
            self._turn.progress.stop()

    # --- what comes of it ---------------------------------------------------------------------

    def _on_text(self, text: str, _tokens: int, channel: str) -> None:
        if self._turn is not None:
            self._turn.write(text, channel)

    def _on_made(self, result: TaskResult) -> None:
        self._artifact = result.artifact

    def _on_done(self, result: Mapping[str, Any]) -> None:
        if self._turn is not None:
            self._finish(answer_of(self._turn.request, result, self._artifact))

    def _on_stopped(self) -> None:
        turn = self._turn
        if turn is not None:
            self._finish(answer_of_stopped(turn.request, turn.text, self._artifact))

    def _finish(self, answer: Answer) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.show_answer(answer)
            self.thread_view.settle()
        self.ended.emit()

    def _on_failed(self, error: StudioError) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.show_trouble(error, lambda: self._submit(turn))
            self.thread_view.settle()
        self.ended.emit()

    def _review(self, offer: Offer, artifact_id: str) -> None:
        self._workspace.propose(
            offer.path, offer.text, self._why(offer), artifact_id, base=offer.base
        )

    def _put(self, code: str) -> None:
        """Have code reviewed in the place of the selected lines, or after that of the cursor."""
        file = self._workspace.current
        if file is None:
            self._workspace.new(code)
            return
        selected, first, last = file.selection()
        place = (first, last) if selected.strip() else (last + 1, last)
        text = task_requests.with_code(file.text(), code, *place)
        self._workspace.propose(file.path, text, tr("Code from an answer"))

    def _why(self, offer: Offer) -> str:
        sender = self.sender()
        words = sender.request.words if isinstance(sender, Turn) else offer.words
        return " ".join(words.split())[:120]

    # --- what it is about ---------------------------------------------------------------------

    def _update(self) -> None:
        busy = self.runner.busy
        self.composer.set_busy(busy)
        self.anew.setVisible(bool(self.thread_view.turns))
        self.anew.setEnabled(not busy)
        self.composer.weights.refresh()
        file = self._workspace.current
        for name, button in self.task_buttons.items():
            why = self._why_not(name, file) if file is not None else ""
            button.setEnabled(file is not None and not why and not busy)
            button.setToolTip(why or self._tips[name])
        self._show_subject()

    def _why_not(self, name: str, file: OpenFile) -> str:
        """Return why something cannot be done with a file; empty if it can."""
        title = file.kind.title
        if name == "document" and file.language not in DOCUMENTED:
            return tr("There is nothing to document in {language}.").format(language=title)
        if name == "tests" and file.language not in RUN:
            return tr("No tests are written in {language}.").format(language=title)
        if name == "tests" and (needed := self._missing.get(file.language)):
            words = tr("{language} needs {tool}, which is not installed.")
            return words.format(language=title, tool=needed)
        return ""

    def _take_missing(self, missing: dict[str, str]) -> None:
        self._missing = missing
        self._update()

    def _show_subject(self) -> None:
        file = self._workspace.current
        if file is None:
            self.subject.setText(tr("No file is open"))
            return
        selected, first, last = file.selection()
        if selected.strip():
            words = tr("{path} · lines {first}–{last}")
            self.subject.setText(words.format(path=file.path, first=first, last=last))
        else:
            self.subject.setText(file.path)

    def showEvent(self, event: QShowEvent) -> None:
        """Track the selection while the tab is visible."""
        super().showEvent(event)
        self._look.start()
        self._show_subject()

    def hideEvent(self, event: QHideEvent) -> None:
        """Look no longer."""
        super().hideEvent(event)
        self._look.stop()

    # --- over a restart -----------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the conversation and the draft as plain data."""
        turns, room = [], _KEPT_TOGETHER
        for turn in reversed(self.thread_view.turns[-_KEPT_TURNS:]):
            entry = {
                "task": turn.request.task,
                "words": turn.request.words[:_KEPT_CHARS],
                "path": turn.request.path,
                "text": turn.text[:_KEPT_CHARS],
            }
            if turn.answer is not None:
                answer = msgspec.to_builtins(replace(turn.answer, text=""))
                room -= len(str(answer))
                entry |= {"answer": answer} if room > 0 else {}
            turns.append(entry)
        return {"turns": turns[::-1], "draft": self.composer.field.widget.toPlainText()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Show what ``state`` returned; bears anything else."""
        for entry in state.get("turns") or ():
            if isinstance(entry, Mapping):
                parts = {key: str(entry.get(key, "")) for key in ("task", "words", "path", "text")}
                turn = self._add(Request(parts["task"], words=parts["words"], path=parts["path"]))
                turn.show_answer(_kept_answer(entry.get("answer"), parts["text"]))
        self.composer.field.widget.setPlainText(str(state.get("draft") or ""))


def _kept_answer(saved: object, text: str) -> Answer:
    """Return an answer of the last session: its offers and evidence as they were, if they fit."""
    try:
        return replace(msgspec.convert(saved, Answer), text=text)
    except (msgspec.ValidationError, TypeError):
        return Answer(text)  # there is none, or it is of another version
