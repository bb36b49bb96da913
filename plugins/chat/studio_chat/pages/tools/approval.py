"""Approval of a call before it runs: its parameters to edit, and three answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import Params, PluginContext, Role
from studio.api.window.language import tr
from studio.api.window.tools import Tool
from studio.api.window.ui import ParamsForm
from studio_chat.pages.tools.schema_form import form_of
from studio_chat.tools.calls import Call

Allow = Callable[[dict[str, Any], bool], None]
"""Takes the arguments, and whether that holds for the whole conversation."""


class Approval(QWidget):
    """The form of a call and its buttons."""

    def __init__(
        self,
        ctx: PluginContext,
        call: Call,
        tool: Tool | None,
        *,
        allow: Allow,
        refuse: Callable[[bool], None],
    ) -> None:
        """Show the arguments of ``call``.

        Args:
            tool: None for one that is gone: it can only be refused.
            refuse: Takes whether that holds from now on, everywhere.
        """
        super().__init__()
        self._allow = allow
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._editor = _editor(ctx, call, tool)
        column.addWidget(self._editor.widget)
        if tool is not None and (effects := _effects(ctx, tool)):
            column.addWidget(ctx.ui.label(effects, Role.SMALL, wrap=True))
        self._trouble = ctx.ui.label("", Role.BAD, wrap=True)
        self._trouble.hide()
        column.addWidget(self._trouble)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.once = ctx.ui.button(tr("Allow once"), primary=True)
        self.always = ctx.ui.button(tr("Always allow in this conversation"))
        self.skip = ctx.ui.button(tr("Skip"), tip=tr("Do not run this step"))
        self.never = ctx.ui.button(
            tr("Never allow"), tip=tr("Models may not use this tool again, in any conversation")
        )
        self.once.clicked.connect(lambda: self._send(always=False))
        self.always.clicked.connect(lambda: self._send(always=True))
        self.skip.clicked.connect(lambda: refuse(False))
        self.never.clicked.connect(lambda: refuse(True))
        self.once.setEnabled(tool is not None)
        self.always.setEnabled(tool is not None)
        for button in (self.once, self.always, self.skip, self.never):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)

    def values(self) -> dict[str, Any]:
        """Return the arguments as they are now."""
        return self._editor.values()

    def set_value(self, name: str, value: Any) -> None:
        """Change an argument, as a person does in its field."""
        self._editor.set_value(name, value)

    def _send(self, *, always: bool) -> None:
        try:
            values = self._editor.values()
        except ValueError:
            self._trouble.setText(tr("These arguments are not a JSON object. Correct them."))
            self._trouble.show()
            return
        self._allow(values, always)


def _effects(ctx: PluginContext, tool: Tool) -> str:
    parts = []
    if tool.effects.runs_code:
        parts.append(tr("It runs code in the sandbox."))
    if tool.effects.writes_outside:
        parts.append(tr("It can change things outside the library."))
    if tool.source != "studio":
        name = dict(ctx.tools.groups()).get(tool.group, tool.group)
        parts.append(tr("It belongs to your server {name}.").format(name=name))
    return " ".join(parts)


def _editor(ctx: PluginContext, call: Call, tool: Tool | None) -> _Form | _Json:
    params = None
    if tool is not None and tool.source == "studio" and tool.group != "chat":
        params = ctx.tools.params(tool.name)
    elif tool is not None and tool.group != "chat":
        params = form_of(tool.schema, call.arguments)
    if tool is None or params is None:
        return _Json(ctx, call)
    basic = tool.basic if tool.source == "studio" else [field.name for field in params.fields()]
    names = [n for n in basic if n not in tool.files] + [
        n for n in call.arguments if n not in basic and n not in tool.files
    ]
    return _Form(ctx, call, tool, params, names)


class _Form:
    """The form of the task, prefilled with the model's arguments; files by their names."""

    def __init__(
        self, ctx: PluginContext, call: Call, tool: Tool, params: type[Params], names: list[str]
    ) -> None:
        self._ctx, self._params, self._names = ctx, params, names
        self._given = {n: v for n, v in call.arguments.items() if n not in tool.files}
        self._files = {n: v for n, v in call.arguments.items() if n in tool.files and v}
        self.widget = QWidget()
        self._column = QVBoxLayout(self.widget)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        if self._files:
            text = " · ".join(f"{title_of(tool, n)}: {v}" for n, v in self._files.items())
            self._column.addWidget(ctx.ui.label(text, Role.MUTE, wrap=True))
        self._form: ParamsForm | None = None
        self._before: dict[str, Any] = {}
        if self._given:
            self._show([n for n in names if n in self._given], self._given)
        self.more = ctx.ui.button(tr("More settings"), "sliders-horizontal", dense=True)
        self.more.clicked.connect(self._show_all)
        self._column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self.more.setVisible(len(names) > len(self._given))

    def values(self) -> dict[str, Any]:
        """Return the model's arguments with the user's changes."""
        now = self._form.values() if self._form is not None else {}
        changed = {name: value for name, value in now.items() if value != self._before.get(name)}
        return {**self._files, **self._given, **changed}

    def set_value(self, name: str, value: Any) -> None:
        """Change a field."""
        if self._form is None or name not in self._form.values():
            self._show_all()
        if self._form is not None:
            self._form.set_values({**self._form.values(), name: value})

    def _show_all(self) -> None:
        self.more.hide()
        self._given = {n: v for n, v in self.values().items() if n not in self._files}
        self._show(self._names, self._given)

    def _show(self, names: list[str], values: Mapping[str, Any]) -> None:
        old = self._form
        self._form = self._ctx.ui.form(self._params, only=names)
        self._form.set_values(values)
        self._before = self._form.values()
        self._column.insertWidget(1 if self._files else 0, self._form.widget)
        if old is not None:
            old.widget.hide()
            self._column.removeWidget(old.widget)
            old.widget.deleteLater()


class _Json:
    """Arguments as text, for tools without a form."""

    def __init__(self, ctx: PluginContext, call: Call) -> None:
        field = ctx.kit.prompt_field(tr("Arguments"), lines=(1, 12), mono=True, boxed=True)
        self._field = field.widget
        self.widget: QWidget = self._field
        self._code = set(call.arguments) == {"code"}
        text = str(call.arguments["code"]) if self._code else _written(call.arguments)
        self._field.setPlainText(text)

    def values(self) -> dict[str, Any]:
        """Return the arguments parsed from the text.

        Raises:
            ValueError: It is no JSON object.
        """
        text = self._field.toPlainText()
        if self._code:
            return {"code": text}
        parsed = json.loads(text or "{}")
        if not isinstance(parsed, dict):
            raise ValueError(text)
        return parsed

    def set_value(self, name: str, value: Any) -> None:
        """Change an argument."""
        if self._code:
            self._field.setPlainText(str(value))
        else:
            self._field.setPlainText(_written({**self.values(), name: value}))


def _written(arguments: Mapping[str, Any]) -> str:
    return json.dumps(arguments, ensure_ascii=False, indent=1)


def title_of(tool: Tool, name: str) -> str:
    """Return the display title of an argument."""
    field = tool.schema.get("properties", {}).get(name, {})
    return str(field.get("title", name))
