"""A change over several files beside the editor: planned, edited as a list, written, reviewed.

Each step is a job of its own, taken from the list as it is at that moment. Changes no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidgetItem, QVBoxLayout, QWidget

from studio.api import JobHandle, JobRequest, PluginContext, Role, StudioError, TaskResult
from studio.api.window.language import tr
from studio_code.generation.steps import steps_of
from studio_code.pages.ask.composer import Composer
from studio_code.pages.phrases import count_words
from studio_code.pages.plan.change_list import ChangeList
from studio_code.pages.plan.change_set import ChangeSet
from studio_code.pages.plan.step_list import DONE, FAILED, NOW, UNSURE, StepList
from studio_code.pages.workspace import Workspace

_KEPT_CHARS = 1_000_000
"""Characters of proposed texts that are kept over a restart."""


class PlanTab(QWidget):
    """Request, steps, files.

    Signals:
        ended: A job is over, and none follows.

    Attributes:
        composer: Where the user says what to change.
        steps: The plan.
        changes: What comes of it.
        runner: The job at work.
    """

    ended = Signal()

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self.runner = ctx.kit.run_controller(owner=self)
        self.changes = ChangeSet(workspace)
        words = tr("Say what to change in this folder…")
        self.composer = Composer(ctx, words, tr("Plan"), "list-checks")
        self.steps = StepList(ctx)
        self.files = ChangeList(ctx, self.changes)
        self.progress = ctx.ui.progress_row(stop=False)
        self.trouble = ctx.ui.trouble_row()
        self.note = ctx.ui.label("", Role.SMALL, wrap=True)
        self.write = ctx.ui.button(tr("Write the changes"), "sparkles", primary=True, dense=True)
        self._request = ""
        self._item: QListWidgetItem | None = None
        self._artifact = ""
        self._kept: Mapping[str, Any] = {}
        self._lay_out()
        self._connect()
        self._update()

    def _lay_out(self) -> None:
        icon = self._ctx.ui.icon_button
        self._edit_buttons = [
            (icon("plus", tr("Add a step")), self.steps.add),
            (icon("arrow-up", tr("Move the step up  Alt+Up")), lambda: self.steps.shift(-1)),
            (icon("arrow-down", tr("Move the step down  Alt+Down")), lambda: self.steps.shift(1)),
            (icon("trash-2", tr("Delete the step  Del")), self.steps.remove),
        ]
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self._ctx.ui.label(tr("STEPS"), Role.SECTION))
        head.addStretch(1)
        for button, _call in self._edit_buttons:
            head.addWidget(button)
        go = QHBoxLayout()
        go.addWidget(self.write)
        go.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.composer)
        column.addWidget(self.progress.widget)
        column.addWidget(self.trouble.widget)
        column.addWidget(self.note)
        column.addLayout(head)
        column.addWidget(self.steps, 1)
        column.addLayout(go)
        column.addWidget(self.files)
        self.setFocusProxy(self.composer.field.widget)

    def _connect(self) -> None:
        for button, call in self._edit_buttons:
            button.clicked.connect(lambda _checked=False, call=call: call())
        self.composer.sent.connect(self.plan)
        self.composer.stop_asked.connect(self.progress.stop)
        self.write.clicked.connect(lambda _checked=False: self.write_steps())
        self.steps.edited.connect(self._update)
        self.runner.on_start(self._follow)
        self.runner.on_result(self._on_made)
        self.runner.on_done(self._on_done)
        self.runner.on_failed(self._on_failed)
        self.runner.on_stopped(self._on_stopped)
        self.runner.on_busy(lambda _busy: self._update())
        self._workspace.root_changed.connect(self._on_root)

    # --- starting -----------------------------------------------------------------------------

    def take_words(self, words: str) -> None:
        """Show a request, ready to be planned."""
        self.composer.field.widget.setPlainText(words)
        self.composer.field.widget.setFocus()

    def plan(self) -> None:
        """Have a plan made; the list before it is gone."""
        words = self.composer.text
        if self._workspace.root is None or not words or self.runner.busy:
            return
        self._request = words
        self.trouble.hide()
        self.changes.clear()
        self.steps.show_steps(())
        self._submit("code.plan", {"prompt": words, **self._common()})

    def write_steps(self) -> None:
        """Do the ticked steps that are not done yet, one after the other; failed ones once more."""
        if self._workspace.root is None or self.runner.busy or not self.steps.left():
            return
        self.steps.try_again()
        if not self.changes.open_files:
            self.changes.begin(self._request or self.composer.text)
        self.trouble.hide()
        self.steps.setFocus()  # the button goes grey: the keyboard would go to another field
        self._next()

    def _next(self) -> None:
        waiting = self.steps.waiting()
        if not waiting or self._workspace.root is None:
            self.ended.emit()
            return
        item = waiting[0]
        try:
            line = self.steps.step_of(item).line()
        except StudioError as error:
            self.steps.mark(item, FAILED)
            self.trouble.tell(error)
            return
        self._item = item
        self.steps.mark(item, NOW)
        words = self._request or self.composer.text or line
        others = "\n".join(self.steps.others(item))
        is_last = len(waiting) == 1  # what is half done is not tried
        params = {"prompt": words, "steps": line, "others": others, "run": is_last}
        params |= self._common()
        self._submit("code.edit", params)

    def _common(self) -> dict[str, Any]:
        weights = self.composer.weights.weights
        return {"folder": str(self._workspace.root), "weights": weights}

    def _submit(self, task: str, params: dict[str, Any]) -> None:
        self._artifact = ""
        keep = task == "code.edit"
        inputs = {"context": self._context()}
        title = " ".join(str(params["prompt"]).split())[:120]
        self.runner.start(JobRequest(task, params, title=title, inputs=inputs, keep=keep))

    def _context(self) -> list[dict[str, str]]:
        """Return texts that take precedence over the disk: proposed and unsaved ones."""
        texts = {
            file.path: file.text()
            for file in self._workspace.files
            if file.dirty and not file.path.startswith("/")
        }
        texts |= self.changes.texts()
        return [{"path": path, "text": text} for path, text in texts.items()]

    def _follow(self, job: JobHandle) -> None:
        self.progress.follow(job)

    # --- what comes of it ---------------------------------------------------------------------

    def _on_made(self, result: TaskResult) -> None:
        self._artifact = result.artifact.id if result.artifact is not None else ""

    def _on_done(self, result: Mapping[str, Any]) -> None:
        if self._item is None:
            self._show_plan(result)
            return
        item, self._item = self._item, None
        edits = list(result.get("edits") or ())
        unapplied = list(result.get("unapplied") or ())
        self.changes.take(edits, self._artifact)
        told_of_trial = self._tell_trial(result.get("trial"))
        words = tr("{path} was not changed: {why}")
        messages = [words.format(path=row.get("path"), why=row.get("why")) for row in unapplied]
        if not edits and not messages:
            messages = [tr("The step “{step}” changed nothing.").format(step=item.text())]
        state = FAILED if messages else UNSURE if told_of_trial else DONE
        self.steps.mark(item, state, "\n".join(messages[:4]) or told_of_trial)
        if messages:
            self.trouble.tell("\n".join(messages[:4]))
        self._next()

    def _tell_trial(self, trial: Any) -> str:
        """Show the outcome of the trial program; return its failure. Accepts malformed data."""
        row = trial if isinstance(trial, Mapping) else {}
        words = {
            "passed": tr("Tried in the sandbox by a short program: it works there."),
            "failed": tr("Tried in the sandbox: a short program expected something else. {told}"),
            "crashed": tr("Tried in the sandbox: it fails. {told}"),
        }.get(str(row.get("outcome")), "")
        self.note.setText(words.format(told=str(row.get("told") or "")))
        self.note.setToolTip(str(row.get("program") or "") if words else "")
        self.note.setVisible(bool(words))
        return self.note.text() if row.get("outcome") in ("failed", "crashed") else ""

    def _show_plan(self, result: Mapping[str, Any]) -> None:
        self.steps.show_steps(steps_of(result.get("steps")))
        count = int(result.get("read") or 0)
        messages = [
            count_words(count, tr("Planned from 1 file."), tr("Planned from {count} files.")),
            tr("The folder could be read only, not written.") if result.get("guard") else "",
        ]
        if left := int(result.get("left_out") or 0):
            messages.append(count_words(left, tr("1 was not read."), tr("{count} were not read.")))
        self.note.setText(" ".join(filter(None, messages)))
        self._update()
        self.ended.emit()

    def _on_stopped(self) -> None:
        self._let_go("")

    def _on_failed(self, error: StudioError) -> None:
        planning = self._item is None
        self._let_go(FAILED)
        self.trouble.tell(error, self.plan if planning else None)

    def _let_go(self, state: str) -> None:
        item, self._item = self._item, None
        if item is not None:
            self.steps.mark(item, state)
        self.ended.emit()

    def _on_root(self) -> None:
        self.changes.clear()
        self.steps.show_steps(())
        self.note.setText("")
        self._take_kept()
        self._update()

    def _update(self) -> None:
        busy, root = self.runner.busy, self._workspace.root
        self.composer.set_busy(busy)
        self.composer.setEnabled(root is not None)
        self.composer.weights.refresh()
        self.steps.setEnabled(root is not None)
        waiting = len(self.steps.waiting() if busy else self.steps.left())
        words = count_words(waiting, tr("Write 1 step"), tr("Write {count} steps"))
        self.write.setText(words if waiting else tr("Write the changes"))
        self.write.setEnabled(not busy and waiting > 0 and root is not None)
        for button, _call in self._edit_buttons[1:]:
            button.setEnabled(self.steps.count() > 0)
        if root is None:
            self.note.setText(tr("Open a folder to plan a change over its files."))
        elif not self.note.text() or not self.steps.count():
            self.note.setText(
                tr("Planning only reads the folder. Nothing changes before you accept it.")
            )
        self.note.setVisible(bool(self.note.text()))

    # --- over a restart -----------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return request, steps and proposed texts, as plain data."""
        if self._kept and self._workspace.root is None:
            return dict(self._kept)
        changes = self.changes.state()
        saved = changes if len(str(changes)) < _KEPT_CHARS else {}
        draft = self.composer.field.widget.toPlainText()
        root = str(self._workspace.root or "")
        return {
            "draft": draft,
            "request": self._request,
            "steps": self.steps.rows(),
            "changes": saved,
            "folder": root,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Show what ``state`` returned, once its folder is open; bears anything else."""
        self.composer.field.widget.setPlainText(str(state.get("draft") or ""))
        self._kept = state
        self._take_kept()
        self._update()

    def _take_kept(self) -> None:
        root, saved = self._workspace.root, self._kept
        if root is None or saved.get("folder") != str(root):
            return
        self._kept = {}
        self._request = str(saved.get("request") or "")
        self.steps.restore(saved.get("steps"))
        changes = saved.get("changes")
        if isinstance(changes, Mapping):
            self.changes.restore(changes)
