"""One step of the list: its form, what each field is taken from, its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from studio.api.manifest import TaskEntry
from studio.api.params import Field, FieldKind, Params
from studio.automation.workflows import edit
from studio.automation.workflows.document import Step, Workflow
from studio.automation.workflows.references import Reference, only
from studio.automation.workflows.sources import NONE
from studio.desktop.appearance.language import declared
from studio.desktop.forms.form import FieldRow
from studio.desktop.pages.page_frame import card
from studio.desktop.pages.workflows import conditions
from studio.desktop.ui import WindowUi

_LINKED = (FieldKind.TEXT, FieldKind.FILE, FieldKind.LIST)
"""Fields that the input or a result can be taken for."""


class StepCard(QWidget):
    """A step.

    Signals:
        edited: A workflow in which it is another; the list is drawn anew if the second says so.
    """

    edited = Signal(object, bool)

    def __init__(
        self, ui: WindowUi, workflow: Workflow, step: Step, entry: TaskEntry, params: type[Params]
    ) -> None:
        super().__init__()
        self._ui, self._workflow, self.step = ui, workflow, step
        self._number = [other.id for other in workflow.step].index(step.id)
        self._entry, self._params = entry, params
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        frame, inner = card()
        column.addWidget(frame)
        inner.addLayout(self._head(frame))
        self._words = ui.look.label("", "small", wrap=True)
        inner.addWidget(self._words)
        self._say()
        self._form = ui.form(params)
        self._form.drop_margins()
        self._unlinked: list[QWidget] = []
        for name in entry.inputs:
            row = self._input_row(name)
            inner.addWidget(row)
            if name not in step.inputs:
                self._unlinked.append(row)
        inner.addWidget(self._form)
        shown, self._choices = conditions.form_of(workflow, step)
        self._conditions = ui.form(shown)
        self._conditions.drop_margins()
        self._conditions.set_values(conditions.values_of(step, self._choices))
        self._conditions.on_change(self._on_conditions)
        inner.addWidget(self._conditions)
        self.unfold(False)
        self._fill()
        self._form.on_change(self._on_form)

    @property
    def is_unfolded(self) -> bool:
        """Whether its fields are shown."""
        return not self._form.isHidden()

    def take(self, workflow: Workflow) -> None:
        """Belong to a workflow that was changed elsewhere."""
        self._workflow = workflow

    def unfold(self, shown: bool = True) -> None:
        """Show the fields, or hide them."""
        for widget in (self._form, self._conditions, *self._unlinked):
            widget.setVisible(shown)
        icon = "chevron-down" if shown else "chevron-right"
        self._fold.setIcon(self._ui.icon(icon, "mute"))

    # --- the head -----------------------------------------------------------------------------

    def _head(self, frame: QFrame) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self._fold = self._ui.icon_button("chevron-right", self.tr("Show the parameters"))
        self._fold.clicked.connect(lambda: self.unfold(self._form.isHidden()))
        row.addWidget(self._fold)
        title = f"{self._number + 1}. {declared(self._entry.title)}"
        row.addWidget(self._ui.look.label(title, "strong"))
        row.addWidget(self._ui.look.label(self.step.id, "small"), 1)
        up = self._ui.icon_button("arrow-up", self.tr("Move up"))
        up.setEnabled(self._number > 0)
        up.clicked.connect(lambda: self._move(-1))
        down = self._ui.icon_button("arrow-down", self.tr("Move down"))
        down.setEnabled(self._number < len(self._workflow.step) - 1)
        down.clicked.connect(lambda: self._move(1))
        remove = self._ui.icon_button("trash-2", self.tr("Remove step"))
        remove.clicked.connect(lambda: self._edit(edit.removed(self._workflow, self.step.id)))
        for button in (up, down, remove):
            row.addWidget(button)
        return row

    def _say(self) -> None:
        """Show the conditions in words: they may be folded away."""
        text = "  ·  ".join(conditions.told(self._workflow, self.step))
        self._words.setText(text[:1].upper() + text[1:])
        self._words.setVisible(bool(text))

    def _on_conditions(self) -> None:
        changes = conditions.changes(self._conditions.values(), self._choices)
        self._change(edit.changed(self._workflow, self.step.id, **changes))
        self._say()

    def _move(self, by: int) -> None:
        self._edit(edit.moved(self._workflow, self.step.id, by))

    def _change(self, workflow: Workflow) -> None:
        """Take in a change that the card shows already."""
        self._workflow = workflow
        self.step = edit.step_of(workflow, self.step.id)
        self.edited.emit(workflow, False)

    def _edit(self, workflow: Workflow) -> None:
        self.edited.emit(workflow, True)

    # --- fields and what they are taken from ----------------------------------------------------

    def _input_row(self, name: str) -> QWidget:
        shown = QWidget()
        row = QHBoxLayout(shown)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._ui.look.label(self.tr("Input “{name}”").format(name=name), "small"))
        choice = self._ui.combo_box()
        choice.setAccessibleName(self.tr("Input “{name}”").format(name=name))
        value = self.step.inputs.get(name, "")
        choices = [("", self.tr("Nothing")), *self._sources()]
        if value not in [source for source, _ in choices]:
            choices.append((value, " ".join(value.split())[:40]))
        for source, words in choices:
            choice.addItem(words, source)
        choice.setCurrentIndex([source for source, _ in choices].index(value))
        choice.activated.connect(lambda at: self._set_input(name, choices[at][0]))
        row.addWidget(choice, 1)
        return shown

    def _set_input(self, name: str, value: str) -> None:
        inputs = {**self.step.inputs, name: value}
        inputs = {key: source for key, source in inputs.items() if source}
        self._edit(edit.changed(self._workflow, self.step.id, inputs=inputs))

    def _sources(self) -> list[tuple[str, str]]:
        """Return the references that a field of this step can have, and their words."""
        sources = [] if self._workflow.input.kind == NONE else [(edit.INPUT, self.tr("The input"))]
        words = self.tr("Result of step {n}")
        steps = self._workflow.step[: self._number]
        return sources + [
            (str(Reference("step", step.id)), words.format(n=number))
            for number, step in enumerate(steps, start=1)
        ]

    def _fill(self) -> None:
        plain = {name: value for name, value in self.step.params.items() if not only(value)}
        self._form.set_values(plain)
        for row in self._form.rows():
            self._link(row)

    def _link(self, row: FieldRow) -> None:
        """Put a pin beside a field: fixed, free, or taken from elsewhere."""
        field, reference = row.field, only(self.step.params.get(row.field.name))
        if field.kind in (FieldKind.WEIGHTS, FieldKind.DATA):
            return
        pin = self._ui.icon_button("pin", "")
        pin.setProperty("kind", "tiny")
        tip = self.tr("{title}: choose for each run, or take it from another step")
        pin.setToolTip(tip.format(title=field.title))
        pin.setAccessibleName(tip.format(title=field.title))
        pin.clicked.connect(partial(self._ask, pin, field, reference))
        row.add_beside(pin)
        if reference is not None:
            pin.setIcon(self._ui.icon("pin", "accent"))
            row.add_beside(self._ui.look.label(self._taken_from(reference), "small"))
            row.editor.widget.setVisible(False)

    def _taken_from(self, reference: Reference) -> str:
        if reference.source == "param":
            return self.tr("chosen for each run")
        sources = dict(self._sources())
        return sources.get(str(reference), str(reference))

    def _ask(self, pin: QToolButton, field: Field, reference: Reference | None) -> None:
        menu = self._ui.menu(pin)
        id, name = self.step.id, field.name

        def offer(words: str, is_on: bool, make: Callable[[], Workflow]) -> None:
            action = menu.addAction(words, lambda: self._edit(make()))
            action.setCheckable(True)
            action.setChecked(is_on)

        offer(
            self.tr("Fixed value"),
            reference is None,
            lambda: edit.fixed(self._workflow, id, name),
        )
        is_free = reference is not None and reference.source == "param"
        if field.kind is not FieldKind.LIST:
            offer(
                self.tr("Choose for each run"),
                is_free,
                lambda: self._workflow if is_free else edit.freed(self._workflow, id, field),
            )
        if field.kind in _LINKED:
            for source, words in self._sources():
                offer(
                    words,
                    str(reference) == source,
                    partial(edit.with_param, self._workflow, id, name, source),
                )
        _pop_up(menu, pin)

    def _on_form(self) -> None:
        values: dict[str, Any] = {
            name: value for name, value in self.step.params.items() if only(value)
        }
        fields = {field.name: field for field in self._params.fields()}
        for row in self._form.rows():
            name = row.field.name
            if name not in values and (row.is_changed or fields[name].required):
                values[name] = row.value()
        hidden = {name: v for name, v in self.step.params.items() if name not in values}
        shown = {row.field.name for row in self._form.rows()}
        values |= {name: value for name, value in hidden.items() if name not in shown}
        self._change(edit.changed(self._workflow, self.step.id, params=values))


def _pop_up(menu: QMenu, below: QWidget) -> None:
    menu.popup(below.mapToGlobal(below.rect().bottomLeft()))
