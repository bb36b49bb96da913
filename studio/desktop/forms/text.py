"""Text, one line or many, and lists of values. Knows its own field only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QCompleter, QLineEdit, QPlainTextEdit, QSizePolicy

from studio.api.params import Field, FieldKind
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.forms.editor import Editor

_BETWEEN = " · "
_OFFERED = 12


class TextEditor(Editor):
    """Text, one line or several."""

    def __init__(self, look: Appearance, field: Field) -> None:
        self._lines = field.text.lines
        edit = QPlainTextEdit() if self._lines > 1 else QLineEdit()
        if field.text.code:
            edit.setFont(look.fonts.mono())
        if isinstance(edit, QPlainTextEdit):
            edit.setTabChangesFocus(True)
            edit.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            edit.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            edit.setFixedHeight(self._lines * edit.fontMetrics().lineSpacing() + 18)
        edit.setPlaceholderText(field.text.placeholder)
        edit.setAccessibleName(field.title)
        super().__init__(edit)
        self._edit = edit
        if field.choices and isinstance(edit, QLineEdit):
            _offer(look, edit, field)
        edit.textChanged.connect(self._on_changed)
        self._quiet = False

    def get(self) -> str:
        edit = self._edit
        return edit.toPlainText() if isinstance(edit, QPlainTextEdit) else edit.text()

    def set(self, value: Any) -> None:
        self._quiet = True
        text = "" if value is None else str(value)
        if isinstance(self._edit, QPlainTextEdit):
            self._edit.setPlainText(text)
        else:
            self._edit.setText(text)
        self._quiet = False

    def _on_changed(self) -> None:
        if not self._quiet:
            self.edited.emit()


def _offer(look: Appearance, edit: QLineEdit, field: Field) -> None:
    """Attach a completer that matches substrings; other values stay allowed."""
    shown = [
        f"{value}{_BETWEEN}{declared(title)}" if title else str(value)
        for value, title in zip(field.choices, field.choice_titles, strict=True)
    ]
    completer = QCompleter(shown, edit)
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    completer.setMaxVisibleItems(_OFFERED)
    edit.setCompleter(completer)
    completer.activated.connect(lambda line: edit.setText(line.partition(_BETWEEN)[0]))
    all_of_them = edit.addAction(
        look.icons.icon("chevron-down"), QLineEdit.ActionPosition.TrailingPosition
    )
    all_of_them.setText(field.title)

    def show_all() -> None:
        completer.setCompletionPrefix("")
        completer.complete()

    all_of_them.triggered.connect(show_all)


class ListEditor(TextEditor):
    """Several values, one a line; ``\\n`` stands for a line break inside one."""

    def __init__(self, look: Appearance, field: Field) -> None:
        lines = max(3, field.text.lines)
        hint = field.text.placeholder or self.tr("One per line")
        super().__init__(
            look, replace(field, text=replace(field.text, lines=lines, placeholder=hint))
        )
        self._item = field.item

    def get(self) -> list[Any]:  # type: ignore[override]
        lines = [line for line in super().get().splitlines() if line]
        return [self._parse(line) for line in lines]

    def set(self, value: Any) -> None:
        super().set(
            "\n".join(str(v).replace("\\", "\\\\").replace("\n", "\\n") for v in value or ())
        )

    def _parse(self, line: str) -> Any:
        number = {FieldKind.INTEGER: int, FieldKind.NUMBER: float}.get(self._item)  # type: ignore[arg-type]
        if number is None:
            return line.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
        try:
            return number(line.strip())
        except ValueError:
            return line  # the schema says what is wrong with it
