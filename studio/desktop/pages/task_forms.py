"""The forms of a page that is drawn from tasks: one in view, filled by hand or from the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api.artifacts import SavedArtifact
from studio.api.errors import BadInput
from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.api.params import Params
from studio.api.window.context import PluginContext, UsedSettings
from studio.api.window.work_queue import outcome
from studio.desktop.appearance.language import declared
from studio.desktop.forms.form import ParamsFormWidget
from studio.desktop.ui import WindowUi
from studio.desktop.widgets.elided import ElidedLabel
from studio.jobs.accepted_artifact import AcceptedArtifact, accepted
from studio.protocol.errors import StudioError


@dataclass
class _Task:
    """A task, its form, and what of the library fills it.

    Attributes:
        files: Path in the library → id and title of the artifact it is of.
        inputs: Name of an input → what was sent for it.
    """

    entry: TaskEntry
    params: type[Params]
    form: ParamsFormWidget
    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    inputs: dict[str, AcceptedArtifact] = field(default_factory=dict)


class TaskForms(QWidget):
    """The forms, and a choice between them where there are several."""

    def __init__(
        self,
        ctx: PluginContext,
        tasks: Sequence[tuple[TaskEntry, type[Params]]],
        tell: Callable[[StudioError], None],
    ) -> None:
        super().__init__()
        assert isinstance(ctx.ui, WindowUi)
        self._ctx, self._look, self._tell = ctx, ctx.ui.look, tell
        self._observers: list[Callable[[TaskEntry], None]] = []
        self._tasks = [_Task(entry, params, ctx.ui.form(params)) for entry, params in tasks]
        self._now = self._tasks[0]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._choice = ctx.ui.combo_box()
        self._choice.setAccessibleName(self.tr("Task"))
        self._choice.addItems([declared(task_form.entry.title) for task_form in self._tasks])
        self._choice.activated.connect(lambda at: self._turn_to(self._tasks[at]))
        above = QVBoxLayout()
        above.setContentsMargins(20, 12, 16, 0)
        above.setSpacing(8)
        above.addWidget(self._choice)
        self._sent = QVBoxLayout()
        self._sent.setSpacing(4)
        above.addLayout(self._sent)
        column.addLayout(above)
        self._choice.setVisible(len(self._tasks) > 1)
        for task_form in self._tasks:
            column.addWidget(task_form.form, 1)
        self._turn_to(self._now)

    @property
    def task(self) -> TaskEntry:
        """The task whose form is in view."""
        return self._now.entry

    @property
    def form(self) -> ParamsFormWidget:
        """The form in view."""
        return self._now.form

    def on_task(self, call: Callable[[TaskEntry], None]) -> None:
        """Call with the task whose form comes into view, and now."""
        self._observers.append(call)
        call(self.task)

    def request(self) -> JobRequest:
        """Return the job request described by the form.

        Raises:
            BadInput: A value is invalid, or an input is missing.
        """
        now = self._now
        params = now.params.parse(now.form.values())
        missing = [name for name in now.entry.accepts.values() if self._lacks(name)]
        if missing:
            raise BadInput(
                self.tr("“{task}” has nothing to work on.").format(task=declared(now.entry.title)),
                self.tr("Open a result in the library and send it to this page."),
            )
        sent = [given.artifact.id for given in now.inputs.values()]
        files = [now.files[v][0] for v in params.to_dict().values() if _text(v) in now.files]
        inputs = {name: given.inputs[name] for name, given in now.inputs.items()}
        return JobRequest(
            now.entry.id, params, title=now.entry.title, inputs=inputs, parents=[*sent, *files]
        )

    def take(self, artifact: SavedArtifact, task: str, params: Mapping[str, Any]) -> None:
        """Fill a form with an artifact: that of ``task``, of the task in view, or the first."""
        able = [candidate for candidate in self._tasks if artifact.kind in candidate.entry.accepts]
        wanted = [
            candidate for candidate in able if candidate.entry.id == (task or self.task.id)
        ] or able
        if not wanted:
            return
        chosen = wanted[0]
        self._turn_to(chosen)
        chosen.form.set_values(params)
        self._ctx.run_later(
            lambda: outcome(lambda: accepted(chosen.entry, chosen.params, artifact)),
            lambda accepted_artifact: self._filled(chosen, accepted_artifact),
        )

    def reuse(self, used: UsedSettings) -> None:
        """Fill in the settings of a result, and pass on its inputs if available."""
        chosen = next(
            (candidate for candidate in self._tasks if candidate.entry.id == used.task), None
        )
        if chosen is None:
            return
        self._turn_to(chosen)
        chosen.form.set_values(used.params)
        for id in used.parents:
            with suppress(StudioError):  # it was erased, or is a message
                artifact = self._ctx.library.artifact(id)
                if artifact.kind in chosen.entry.accepts:
                    self.take(artifact, used.task, used.params)

    def save_state(self) -> dict[str, Any]:
        """Return the values of the forms as plain data."""
        values = {task.entry.id: task.form.values() for task in self._tasks}
        files = {path: list(task.files[path]) for task in self._tasks for path in task.files}
        return {"task": self.task.id, "forms": values, "files": files}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Restore saved form values; ignores invalid data."""
        saved, files = state.get("forms"), state.get("files")
        for path, reference in files.items() if isinstance(files, Mapping) else ():
            match reference:
                case [str(id), str(title)]:
                    for task in self._tasks:
                        self._call_file(task, str(path), id, title)
        for task in self._tasks:
            values = saved.get(task.entry.id) if isinstance(saved, Mapping) else state.get("values")
            if isinstance(values, Mapping):
                task.form.set_values(values)
            if task.entry.id == state.get("task"):
                self._turn_to(task)

    # --- inside -------------------------------------------------------------------------------

    def _lacks(self, name: str) -> bool:
        return name in self.task.inputs and name not in self._now.inputs

    def _turn_to(self, task: _Task) -> None:
        self._now = task
        self._choice.setCurrentIndex(self._tasks.index(task))
        for other in self._tasks:
            other.form.setVisible(other is task)
        self._show_sent()
        for call in self._observers:
            call(task.entry)

    def _filled(self, task: _Task, artifact: AcceptedArtifact | StudioError) -> None:
        if isinstance(artifact, StudioError):
            self._tell(artifact)
            return
        title = artifact.artifact.title or artifact.artifact.kind
        self._call_file(task, str(artifact.artifact.path), artifact.artifact.id, title)
        task.form.set_values(artifact.params)
        task.inputs.update(dict.fromkeys(artifact.inputs, artifact))
        self._show_sent()

    def _call_file(self, task: _Task, path: str, id: str, title: str) -> None:
        """Show a path of the library by the title of its artifact: such a file has no name."""
        task.files[path] = (id, title)
        task.form.name_file(path, title)

    def _show_sent(self) -> None:
        while (item := self._sent.takeAt(0)) is not None:
            if widget := item.widget():
                widget.deleteLater()
        for name, given in self._now.inputs.items():
            self._sent.addWidget(self._sent_row(name, given.artifact))

    def _sent_row(self, name: str, artifact: SavedArtifact) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._look.icon_label(*self._look.kinds.icon(artifact.kind)))
        title = artifact.title or artifact.kind
        line.addWidget(ElidedLabel(title), 1)
        away = self._look.icon_button("x", self.tr("Remove {title}").format(title=title))
        away.clicked.connect(lambda: self._remove(name))
        line.addWidget(away)
        return row

    def _remove(self, name: str) -> None:
        self._now.inputs.pop(name, None)
        self._show_sent()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
