"""The parameter form, drawn from a ``Params`` class: sections, resets, messages. Runs no task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from studio.api.errors import BadInput
from studio.api.params import Field, FieldKind, Group, Params, encode
from studio.api.weights import WeightsView
from studio.api.window.language import tr_filled
from studio.desktop import forms
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.forms import Chosen, Editor, PickFiles, RunLater, at_once, unwatched
from studio.desktop.widgets.switch import Switch


@dataclass(frozen=True)
class FormServices:
    """What some fields need from outside the form."""

    weights: WeightsView
    pick: PickFiles
    open_models: Callable[[], None]
    run: RunLater = at_once
    chosen: Chosen = unwatched


class ParamsFormWidget(QWidget):
    """A form for ``params``; implements :class:`studio.api.window.ui.ParamsForm`.

    Attributes:
        widget: Itself.
        params: The class that it was drawn from.
    """

    def __init__(
        self,
        look: Appearance,
        params: type[Params],
        services: FormServices,
        only: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.widget = self
        self._look, self._services, self.params = look, services, params
        self._rows: dict[str, FieldRow] = {}
        self._listeners: list[Callable[[], None]] = []
        self._sections: dict[str, Section] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(20, 4, 16, 20)
        self._layout.setSpacing(18)
        for field in params.fields():
            if (
                not field.hidden
                and field.kind is not FieldKind.DATA
                and (not only or field.name in only)
            ):
                self._add(field)
        self._layout.addStretch()
        self._follow()

    def drop_margins(self) -> None:
        """Remove the outer margins, for use inside a container with its own."""
        self._layout.setContentsMargins(0, 0, 0, 0)

    # --- values -------------------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """Return the current values as input for ``Params.parse``."""
        return {
            name: row.value() if self._is_asked(row.field) else row.default
            for name, row in self._rows.items()
        }

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show ``values``; unknown names, and values of another type, are ignored."""
        for name, value in values.items():
            if name in self._rows:
                self._rows[name].show_value(value)
        self._follow()
        self._count()

    def name_file(self, path: str, title: str) -> None:
        """Show ``path`` as ``title`` wherever it is picked: files of the library have no names."""
        for row in self._rows.values():
            if isinstance(row.editor, forms.FileEditor):
                row.editor.call_file(path, title)

    def set_defaults(self, values: Mapping[str, Any]) -> None:
        """Count ``values`` as the defaults, beside those of the parameters; show them unless a
        value was changed.
        """
        for name, row in self._rows.items():
            row.set_default(values.get(name, row.field.default))
        self._follow()
        self._count()

    def reset(self) -> None:
        """Show the defaults."""
        for row in self._rows.values():
            row.reset()
        self._follow()
        self._count()
        self._tell()

    def on_change(self, call: Callable[[], None]) -> None:
        """Call after each change by the user."""
        self._listeners.append(call)

    def problems(self) -> dict[str, str]:
        """Return field name → error message for each invalid value."""
        rows = {name: row for name, row in self._rows.items() if self._is_asked(row.field)}
        problems = {name: row.problem() for name, row in rows.items()}
        return {name: words for name, words in problems.items() if words}

    def rows(self) -> list[FieldRow]:
        """Return the rows of all fields."""
        return list(self._rows.values())

    def row(self, name: str) -> FieldRow:
        """Return the row of one field."""
        return self._rows[name]

    # --- inside -------------------------------------------------------------------------------

    def _add(self, field: Field) -> None:
        field = _in_words(field)
        row = FieldRow(self._look, field, self._editor(field))
        row.changed.append(self._on_changed)
        self._rows[field.name] = row
        self._section(field.group).add(row)

    def _section(self, group: Group) -> Section:
        if group.title not in self._sections:
            section = Section(self._look, group)
            self._sections[group.title] = section
            if group.inside:
                self._section(Group(group.inside)).nest(section)
            else:
                self._layout.addWidget(section)
        return self._sections[group.title]

    def _editor(self, field: Field) -> Editor:
        look, services = self._look, self._services
        match field.kind:
            case FieldKind.INTEGER | FieldKind.NUMBER:
                return forms.NumberEditor(look, field)
            case FieldKind.SWITCH:
                return forms.SwitchEditor(look, field)
            case FieldKind.CHOICE:
                return forms.ChoiceEditor(look, field)
            case FieldKind.SEED:
                return forms.SeedEditor(look, field)
            case FieldKind.WEIGHTS:
                return forms.WeightsEditor(look, field, services.weights, services.open_models)
            case FieldKind.FILE:
                return forms.FileEditor(look, field, services.pick, services.chosen)
            case FieldKind.LIST if field.columns_of:
                return forms.ColumnListEditor(look, field, services.run)
            case FieldKind.LIST if field.item is FieldKind.WEIGHTS:
                return forms.WeightsListEditor(look, field, services.weights, services.open_models)
            case FieldKind.LIST:
                return forms.ListEditor(look, field)
            case _ if field.columns_of:
                return forms.ColumnEditor(field, services.run)
            case _:
                return forms.TextEditor(look, field)

    def _is_asked(self, field: Field) -> bool:
        """Whether the field is active: its dependency is active and has the required value."""
        condition = field.shown_if
        if condition is None or condition.field not in self._rows:
            return True
        other = self._rows[condition.field]
        return self._is_asked(other.field) and other.value() in condition.values

    def _follow(self) -> None:
        """Show the fields that depend on others as these are set."""
        for row in self._rows.values():
            row.setVisible(self._is_asked(row.field))
            file = self._rows.get(row.field.columns_of)
            if isinstance(row.editor, forms.ColumnsEditor) and file is not None:
                row.editor.look_into(str(self._rows[file.field.name].value() or ""))
        for section in self._sections.values():
            section.fit()

    def _on_changed(self) -> None:
        self._follow()
        self._count()
        self._tell()

    def _count(self) -> None:
        for section in self._sections.values():
            section.count_changes()

    def _tell(self) -> None:
        for call in list(self._listeners):
            call()


class Section(QWidget):
    """Fields under one heading that folds; without a heading for fields of no group."""

    def __init__(self, look: Appearance, group: Group) -> None:
        super().__init__()
        self._look, self._group = look, group
        self._rows: list[FieldRow] = []
        self._inner: list[Section] = []
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(12)
        self._head: QToolButton | None = None
        self._body = QWidget()
        self._fields = QVBoxLayout(self._body)
        self._fields.setContentsMargins(0, 0, 0, 0)
        self._fields.setSpacing(16)
        if group.title:
            self._head = self._heading()
            outer.addWidget(self._head)
        outer.addWidget(self._body)
        self.fold(bool(group.title) and group.advanced)

    def add(self, row: FieldRow) -> None:
        """Take one more field."""
        self._rows.append(row)
        self._fields.addWidget(row)

    def nest(self, section: Section) -> None:
        """Hold another section, below the fields."""
        self._inner.append(section)
        self._fields.addWidget(section)
        section.setContentsMargins(10, 0, 0, 0)

    def fit(self) -> bool:
        """Go out of sight while none of its fields is asked for; return whether it is in sight."""
        inner = [section.fit() for section in self._inner]
        is_used = any(inner) or any(not row.isHidden() for row in self._rows)
        self.setVisible(is_used)
        return is_used

    def fold(self, folded: bool) -> None:
        """Hide the fields, or show them."""
        self._body.setVisible(not folded)
        if self._head is not None:
            icon = "chevron-right" if folded else "chevron-down"
            self._head.setIcon(self._look.icons.icon(icon, "mute"))
            state = self.tr("folded") if folded else self.tr("unfolded")
            self._head.setAccessibleName(f"{self._group.title}, {state}")

    def _changed(self) -> int:
        own = sum(row.is_changed and not row.isHidden() for row in self._rows)
        return own + sum(section._changed() for section in self._inner)

    def count_changes(self) -> None:
        """Say in the heading how many fields are not at their default."""
        if self._head is not None:
            changed = self._changed()
            extra = f"  ·  {changed}" if changed else ""
            self._head.setText(self._group.title.upper() + extra)
            words = self.tr("{n} changed").format(n=changed) if changed else ""
            self._head.setToolTip(words)

    def _heading(self) -> QToolButton:
        head = QToolButton()
        head.setProperty("kind", "fold")
        head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        head.setText(self._group.title.upper())
        head.setIconSize(QSize(14, 14))
        head.setCursor(Qt.CursorShape.PointingHandCursor)
        head.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        head.clicked.connect(lambda: self.fold(not self._body.isHidden()))
        return head


class FieldRow(QWidget):
    """Label, control, reset button and error message of one field.

    Attributes:
        changed: Called after each change by the user.
    """

    def __init__(self, look: Appearance, field: Field, editor: Editor) -> None:
        super().__init__()
        self._look, self.field, self.editor = look, field, editor
        self.changed: list[Callable[[], None]] = []
        self._label = look.label(field.title)
        self._label.setFont(look.fonts.body(12.5, 500))
        self._label.setBuddy(editor.widget)
        for target in (self._label, editor.widget):
            target.setToolTip(field.help)
        editor.widget.setAccessibleDescription(field.help)
        reset = self.tr("Reset to default")
        self._reset = look.icon_button("rotate-ccw", reset, size=13)
        self._reset.setProperty("kind", "tiny")
        self._reset.setAccessibleName(f"{field.title}: {reset}")
        self._default = field.default
        self._reset.clicked.connect(self._on_reset)
        self._on = Switch(look, self.tr("Use {title}").format(title=field.title))
        if not (field.optional and field.kind in (FieldKind.INTEGER, FieldKind.NUMBER)):
            self._on.hide()
        self._on.toggled.connect(self._on_switched)
        self._problem = look.label("", "bad", wrap=True)
        self._problem.hide()
        self._lay_out()
        editor.edited.connect(self._on_edited)
        self.reset()

    @property
    def default(self) -> Any:
        """The value while the field is inactive, as plain data."""
        return msgspec.to_builtins(self._default, enc_hook=encode)

    @property
    def is_changed(self) -> bool:
        """Whether the value is not the default."""
        default, value = self._default, self.value()
        if isinstance(default, tuple | list):
            return list(default) != list(value or ())
        if default is None and value in ("", []):
            return False
        if isinstance(default, int) and default < 0 and self.field.kind is FieldKind.SEED:
            return bool(value != -1)
        return bool(value != default) and str(value) != str(default)

    def value(self) -> Any:
        """Return the value as ``Params.parse`` takes it."""
        if self._on.isVisibleTo(self) and not self._on.isChecked():
            return None
        value = self.editor.get()
        if self.field.optional and value == "" and self.field.kind is not FieldKind.WEIGHTS:
            return None
        return value

    def show_value(self, value: Any) -> None:
        """Show a value; one of the wrong type is ignored."""
        try:
            self.editor.set(value)
        except (TypeError, ValueError):
            return
        if self._on.isVisibleTo(self):
            self._on.blockSignals(True)
            self._on.setChecked(value is not None)
            self._on.blockSignals(False)
            self._on.update()
            self.editor.widget.setEnabled(value is not None)
        self._settle()

    def reset(self) -> None:
        """Show the default."""
        self.show_value(self._default)
        self.say("")

    def set_default(self, value: Any) -> None:
        """Take another default, and show it unless the value was changed."""
        changed, self._default = self.is_changed, value
        if changed:
            self._settle()
        else:
            self.show_value(value)

    def problem(self) -> str:
        """Return the error message of the current value; empty if valid."""
        try:
            value = self.value()
            if self.field.required and value in (None, ""):
                return self.tr("{title} is missing.").format(title=self.field.title)
            self.field.check(value)
        except BadInput as error:
            return tr_filled(error)
        except TypeError:
            return self.tr("{title} is not valid.").format(title=self.field.title)
        return ""

    def add_beside(self, widget: QWidget) -> None:
        """Put something more beside the label."""
        self._beside.insertWidget(self._beside.indexOf(self._reset) + 1, widget)

    def say(self, problem: str) -> None:
        """Show an error message below the control."""
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self.editor.mark(bool(problem))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(6)
        head.addWidget(self._label)
        if self.field.range is not None and self.field.range.unit:
            head.addWidget(self._look.label(self.field.range.unit, "small"))
        keep = self._reset.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self._reset.setSizePolicy(keep)
        head.addWidget(self._reset)
        self._beside = head
        head.addStretch()
        head.addWidget(self._on)
        if self.editor.inline:
            head.addWidget(self.editor.widget)
        column.addLayout(head)
        if not self.editor.inline:
            column.addWidget(self.editor.widget)
        column.addWidget(self._problem)

    def _settle(self) -> None:
        self._reset.setVisible(self.is_changed)

    def _on_edited(self) -> None:
        # An empty required field is no mistake while somebody is still filling in the form.
        empty = self.value() in (None, "")
        self.say("" if empty else self.problem())
        self._settle()
        for call in self.changed:
            call()

    def _on_reset(self) -> None:
        self.reset()
        self._on_edited()

    def _on_switched(self, on: bool) -> None:
        self.editor.widget.setEnabled(on)
        self._on_edited()


def _in_words(field: Field) -> Field:
    """Return a field whose words are in the language of the window."""
    return replace(
        field,
        title=declared(field.title),
        help=declared(field.help),
        text=replace(field.text, placeholder=declared(field.text.placeholder)),
        range=field.range
        and replace(
            field.range, unit=declared(field.range.unit), lowest=declared(field.range.lowest)
        ),
        group=replace(
            field.group, title=declared(field.group.title), inside=declared(field.group.inside)
        ),
    )
