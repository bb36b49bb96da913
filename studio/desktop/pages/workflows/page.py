"""The Workflows page: what there is, or one workflow with its steps, its inputs and its rows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.api.errors import BadInput
from studio.api.params import File, Label, Params
from studio.api.window.context import Page
from studio.api.window.language import tr_filled
from studio.automation.workflows import check, document, edit, family, toml_text
from studio.automation.workflows.document import FreeParam, InputEntry, Workflow
from studio.automation.workflows.results import Results, read_back
from studio.desktop.appearance.language import declared
from studio.desktop.forms.form import ParamsFormWidget
from studio.desktop.pages.page_frame import Column, PageFrame, card
from studio.desktop.pages.page_services import PageServices
from studio.desktop.pages.workflows.inputs_card import InputsCard
from studio.desktop.pages.workflows.run_panel import RunPanel
from studio.desktop.pages.workflows.start import StartView
from studio.desktop.pages.workflows.step_card import StepCard
from studio.desktop.widgets.contents import clear
from studio.library.workflow_runs import Run
from studio.protocol.errors import StudioError

_LEFT, _LEAST = 460, 408


def build(parts: PageServices) -> Page:
    """Return the Workflows page."""
    return Page(WorkflowsPage(parts))


class WorkflowsPage(QWidget):
    """List of saved workflows and runs; or one workflow, with its steps left and its runs right."""

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._studio, self._ui = parts, parts.studio, parts.ui
        self._workflow: Workflow | None = None
        self._cards: list[StepCard] = []
        self._free: ParamsFormWidget | None = None
        self._untouched: dict[str, Any] = {}
        self._build()
        self._selected: Results | None = None
        self._studio.workflows.on_draft = self.show_workflow
        self._studio.workflows.on_results = self.run_on
        self.destroyed.connect(self._studio.jobs.on_change(lambda job: self._count_recorded()))
        self.show_start()

    # --- building -----------------------------------------------------------------------------

    def _build(self) -> None:
        ui = self._ui
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._frame = PageFrame(ui.look, self.tr("Workflows"), " ")
        layout.addWidget(self._frame)
        self.back = self._control(self.tr("All workflows"), "arrow-left", self.show_start)
        self.record = self._control(self.tr("Record"), "circle-dot", self._on_record)
        self.open = self._control(self.tr("Open…"), "folder-open", self._on_open)
        self.save = self._control(self.tr("Save…"), "save", self._on_save)
        self._stack = QStackedWidget()
        self._frame.body.addWidget(self._stack, 1)
        self._start = StartView(self._parts)
        self._start.opened.connect(self.open_file)
        self._start.run_chosen.connect(self.show_run)
        self._stack.addWidget(self._start)
        editor = QWidget()
        row = QHBoxLayout(editor)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(20)
        self._left = Column(_LEFT)
        self._left.setMinimumWidth(_LEAST)
        self._left.setMaximumWidth(_LEFT + 8)
        self.inputs = InputsCard(self._parts)
        self.inputs.renamed.connect(self._rename)
        self.inputs.entry_changed.connect(self._set_entry)
        self._left.cards.addWidget(self.inputs)
        self._below = QVBoxLayout()
        self._below.setSpacing(12)
        self._left.cards.addLayout(self._below)
        self._left.cards.addStretch(1)
        row.addWidget(self._left, 1)
        self.panel = RunPanel(self._parts)
        self.panel.run_pressed.connect(self.run)
        row.addWidget(self.panel, 1)
        self._stack.addWidget(editor)
        self._count_recorded()

    def _control(self, words: str, icon: str, call: Callable[[], object]) -> Any:
        button = self._ui.button(words, icon)
        button.clicked.connect(lambda: call())
        self._frame.controls.addWidget(button)
        return button

    # --- what there is --------------------------------------------------------------------------

    def show_start(self) -> None:
        """Show the examples, the saved workflows and the last runs."""
        self._workflow = self._selected = None
        self._frame.title.setText(self.tr("Workflows"))
        self._frame.say(self.tr("Several steps over many inputs, with a row for each."))
        self.back.hide()
        self.save.hide()
        self._start.refresh()
        self._stack.setCurrentIndex(0)

    def open_file(self, file: Path) -> None:
        """Open a workflow file, or report its errors."""
        try:
            self.show_workflow(document.read(file))
        except StudioError as error:
            self._studio.notices.error(error, key="workflow")

    def show_run(self, run: Run) -> None:
        """Show a run, and the workflow as it was then."""
        try:
            workflow = document.parse(run.document)
        except StudioError as error:
            self._studio.notices.error(error, key="workflow")
            return
        self.show_workflow(workflow)
        if source := read_back(run.source, run.id):
            self.inputs.take(source)
        if self._free is not None:
            self._free.set_values(run.params)
        self.panel.show_run(run)

    def run_on(self, ids: tuple[str, ...]) -> None:
        """Take results of the library as inputs: of the workflow in view, or of the next one."""
        if self._workflow is not None:
            self.inputs.take(Results(ids))
            return
        self._selected = Results(ids)
        words = self.tr("Open the workflow that is to run on the {count} selected results.")
        self._frame.say(words.format(count=f"{len(ids):,}"))

    # --- one workflow ---------------------------------------------------------------------------

    @property
    def workflow(self) -> Workflow | None:
        """The workflow that is shown."""
        return self._workflow

    def show_workflow(self, workflow: Workflow) -> None:
        """Show the steps of a workflow, to be changed and run."""
        collection, selected = workflow.input.collection, self._selected
        self._selected = None
        self.inputs.lines.clear()
        self.inputs.take(selected or (Results(collection=collection) if collection else None))
        self.panel.show_run(None)
        self.back.show()
        self.save.show()
        self._frame.say(workflow.about or self.tr("Change the steps, choose inputs, and run."))
        self._stack.setCurrentIndex(1)
        self._workflow = None
        self._draw(workflow)

    def _draw(self, workflow: Workflow) -> None:
        """Rebuild the left side; for the same workflow, preserve the inputs of the next run."""
        unfolded = {card.step.id for card in self._cards if card.is_unfolded}
        bar = self._left.verticalScrollBar().value()
        is_same = self._workflow is not None
        self._workflow = workflow
        self._frame.title.setText(declared(workflow.name))
        self.inputs.show_workflow(workflow)
        chosen = self._free.values() if self._free and is_same else {}
        clear(self._below)
        self._cards = []
        self._free = None
        if workflow.params:
            self._below.addWidget(self._free_card(workflow, chosen))
        self._below.addWidget(self._ui.look.label(self.tr("Steps"), "section"))
        for step in workflow.step:
            try:
                _, entry = self._studio.plugins.task(step.task)
                params = self._studio.plugins.params_class(step.task)
            except StudioError as error:
                self._below.addWidget(
                    self._ui.look.label(f"{step.id}: {tr_filled(error.message)}", "bad", wrap=True)
                )
                continue
            shown = StepCard(self._ui, workflow, step, entry, params)
            shown.edited.connect(self._on_edited)
            shown.unfold(step.id in unfolded)
            self._cards.append(shown)
            self._below.addWidget(shown)
        add = self._ui.button(self.tr("Add step"), "plus")
        add.clicked.connect(lambda: self._on_add(add))
        self._below.addWidget(add, 0, Qt.AlignmentFlag.AlignLeft)
        self._left.verticalScrollBar().setValue(bar)
        self._judge()

    def _free_card(self, workflow: Workflow, chosen: dict[str, Any]) -> QWidget:
        frame, column = card()
        column.addWidget(self._ui.look.label(self.tr("Chosen for each run"), "section"))
        self._free = self._ui.form(as_params(workflow.params))
        self._free.drop_margins()
        self._free.set_values({name: chosen[name] for name in workflow.params if name in chosen})
        self._untouched = self._free.values()
        column.addWidget(self._free)
        return frame

    # --- changes --------------------------------------------------------------------------------

    def _on_edited(self, workflow: Workflow, anew: bool) -> None:
        if anew:
            self._draw(workflow)
            return
        self._workflow = workflow
        for step_card in self._cards:
            step_card.take(workflow)
        self._judge()

    def _rename(self, name: str) -> None:
        if self._workflow and name.strip() and name != self._workflow.name:
            self._on_edited(msgspec.structs.replace(self._workflow, name=name.strip()), False)
            self._frame.title.setText(name.strip())

    def _set_entry(self, entry: InputEntry) -> None:
        if self._workflow is not None:
            self._draw(msgspec.structs.replace(self._workflow, input=entry))

    def _on_add(self, below: QWidget) -> None:
        menu = self._ui.menu(below)
        for plugin in self._studio.plugins.usable():
            tasks = (
                [task for task in plugin.manifest.tasks if task.produces] if plugin.manifest else []
            )
            if tasks:
                inner = menu.addMenu(declared(plugin.title))
                for task in tasks:
                    inner.addAction(declared(task.title), partial(self.add_step, task.id))
        menu.popup(below.mapToGlobal(below.rect().bottomLeft()))

    def add_step(self, task: str) -> None:
        """Add a task as the last step."""
        assert self._workflow is not None
        plugins = self._studio.plugins
        steps = self._workflow.step
        try:
            produced = plugins.task(steps[-1].task)[1].produces if steps else ()
            _, entry = plugins.task(task)
            fields = plugins.params_class(task).fields()
        except StudioError as error:
            self._studio.notices.error(error, key="workflow")
            return
        self._draw(edit.added(self._workflow, entry, fields, produced[0] if produced else ""))

    def _judge(self) -> None:
        """Say the first thing that keeps the workflow from running."""
        assert self._workflow is not None
        text = toml_text.to_toml(self._workflow)
        try:
            check.checked(text, self._studio.plugins)
        except BadInput as error:
            # The line is of a file that is not there.
            message = re.sub(
                r"^Line \d+(, s|: )", lambda m: "S" if "s" in m[1] else "", error.message
            )
            self.panel.say(BadInput(message, error.hint))
        else:
            self.panel.say(None)

    # --- files, inputs, runs ----------------------------------------------------------------------

    def _on_open(self) -> None:
        for file in self._ui.pick_files(self.tr("Open a workflow"), [document.SUFFIX]):
            self.open_file(file)

    def _on_save(self) -> None:
        assert self._workflow is not None
        folder = self._studio.paths.workflows
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w-]+", "-", self._workflow.name.lower()).strip("-") or "workflow"
        title, suffix = self.tr("Save the workflow"), document.SUFFIX
        path = self._ui.save_file(title, str(folder / f"{name}{suffix}"), [suffix])
        if path is None:
            return
        workflow = self._workflow

        def saved(_: object) -> None:
            self._studio.notices.info(self.tr("Saved as {name}.").format(name=path.name))

        self._parts.background.run(lambda: toml_text.write(path, workflow), saved, self._tell)

    def run(self) -> None:
        """Run the workflow on the inputs that were chosen."""
        workflow = self._workflow
        assert workflow is not None
        free = self._free.values() if self._free else {}
        typed = [str(value) for name, value in free.items() if value != self._untouched.get(name)]
        self._studio.picked.grant(value for value in typed if os.sep in value)  # it may be a file
        try:
            runner = self._studio.workflows.start(
                toml_text.to_toml(workflow),
                self.inputs.chosen(),
                params=free,
                on=self.panel.on.chosen(),
            )
        except StudioError as error:
            self.panel.say(error)
            return
        self.panel.say(None)
        self.panel.begin(runner)

    # --- recording --------------------------------------------------------------------------------

    def _on_record(self) -> None:
        recorder = self._studio.workflows.recorder
        if not recorder.is_recording:
            recorder.start()
            self._studio.notices.info(
                self.tr("Recording. Use the other pages, then come back here and stop."),
                key="recording",
            )
            self._count_recorded()
            return
        ids = recorder.stop()
        self._studio.notices.dismiss("recording")
        self._count_recorded()
        library, plugins = self._studio.library, self._studio.plugins
        if not ids:
            self._studio.notices.info(self.tr("Nothing was made while recording."))
            return
        title = self.tr("Recorded workflow")
        self._parts.background.run(
            lambda: family.workflow_of(library, plugins, map(library.artifact, ids), title),
            self.show_workflow,
            self._tell,
        )

    def _count_recorded(self) -> None:
        recorder = self._studio.workflows.recorder
        words = self.tr("Record")
        if recorder.is_recording:
            words = self.tr("Stop recording ({n})").format(n=recorder.steps)
        self.record.setText(words)
        self.record.setAccessibleName(words)
        self.record.setToolTip(self.tr("Make a workflow of what you do on the pages"))

    def _tell(self, error: Exception) -> None:
        self._studio.notices.error(error, key="workflow")


def as_params(free: dict[str, FreeParam]) -> type[Params]:
    """Return a form's parameters for the free ones of a workflow."""
    types: dict[str, Any] = {
        "text": str,
        "integer": int,
        "number": float,
        "switch": bool,
        "file": Annotated[str, File()],
    }
    fields: list[Any] = []
    for name, parameter in free.items():
        kind = (
            Literal.__getitem__(parameter.choices)
            if parameter.type == "choice"
            else types[parameter.type]
        )
        hint: Any = Annotated[kind, Label(parameter.label or name)]
        fields.append(
            (name, hint) if parameter.default is None else (name, hint, parameter.default)
        )
    bases: Any = (Params,)
    params: Any = msgspec.defstruct("Free", fields, bases=bases, kw_only=True, frozen=True)
    return cast(type[Params], params)
