"""The name of a column of a table that another field names: chosen from those the file has."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from studio.api.params import Field
from studio.desktop.appearance.appearance import Appearance, restyle
from studio.desktop.forms.checks import CheckList
from studio.desktop.forms.editor import Editor
from studio.desktop.forms.text import ListEditor
from studio.desktop.widgets.no_wheel import NoWheelComboBox
from studio.protocol.regular_file import open_regular

_READ = 64 * 1024
_MOST, _LONGEST = 500, 200
"""So many columns are offered, of names of so many characters."""

RunLater = Callable[[Callable[[], Any], Callable[[Any], None]], None]
"""Runs a call beside the window and hands its result on there."""


def at_once(call: Callable[[], Any], then: Callable[[Any], None]) -> None:
    """Run a call here and now: where there is no window to hold up."""
    then(call())


class ColumnsEditor(Editor):
    """What names columns of a file, whose names are read beside the window.

    Attributes:
        columns: Those that the file has; empty where they are not known, and names are typed.
    """

    def __init__(self, widget: QWidget, run: RunLater) -> None:
        super().__init__(widget)
        self._run, self._asked = run, ""
        self.columns: list[str] = []

    def look_into(self, path: str) -> None:
        """Offer the columns of another file."""
        if path == self._asked:
            return
        self._asked = path

        def offer(columns: list[str]) -> None:
            if isValid(self.widget) and path == self._asked:
                self.columns = columns
                if self._offer():
                    self.edited.emit()

        self._run(lambda: columns_of(Path(path)) if path else [], offer)

    def _offer(self) -> bool:
        """Update the offered columns; return whether this dropped part of the previous choice."""
        raise NotImplementedError


class ColumnEditor(ColumnsEditor):
    """One column."""

    def __init__(self, field: Field, run: RunLater) -> None:
        box = QWidget()
        super().__init__(box, run)
        self._wanted = ""
        self.combo = NoWheelComboBox()
        self.combo.setAccessibleName(field.title)
        self.combo.activated.connect(self._on_chosen)
        self.edit = QLineEdit()
        self.edit.setAccessibleName(field.title)
        self.edit.setPlaceholderText(self.tr("Choose a file first, or type a name"))
        self.edit.textEdited.connect(self._on_typed)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.combo)
        layout.addWidget(self.edit)
        self._offer()

    def get(self) -> str:
        return self._wanted

    def set(self, value: Any) -> None:
        self._wanted = "" if value is None else str(value)
        self.edit.setText(self._wanted)
        self._show_choice()

    def mark(self, bad: bool) -> None:
        restyle(self.combo, "bad", bad)
        restyle(self.edit, "bad", bad)

    def _offer(self) -> bool:
        self.combo.setVisible(bool(self.columns))
        self.edit.setVisible(not self.columns)
        is_gone = bool(self.columns and self._wanted) and self._wanted not in self.columns
        self.set("" if is_gone else self._wanted)
        return is_gone

    def _show_choice(self) -> None:
        self.combo.clear()
        self.combo.addItem(self.tr("Choose a column"), "")
        for name in self.columns:
            self.combo.addItem(name, name)
        self.combo.setCurrentIndex(max(0, self.combo.findData(self._wanted)))

    def _on_chosen(self, at: int) -> None:
        self._wanted = str(self.combo.itemData(at))
        self.edited.emit()

    def _on_typed(self, text: str) -> None:
        self._wanted = text
        self.edited.emit()


class ColumnListEditor(ColumnsEditor):
    """Several columns, in the order of the file."""

    def __init__(self, look: Appearance, field: Field, run: RunLater) -> None:
        box = QWidget()
        super().__init__(box, run)
        self._wanted: list[str] = []
        self._list = ListEditor(look, field)
        self._list.edited.connect(self._on_typed)
        self.checks = CheckList(self._on_checked)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.checks)
        layout.addWidget(self._list.widget)
        self._offer()

    def get(self) -> list[str]:
        return list(self._wanted)

    def set(self, value: Any) -> None:
        self._wanted = [str(name) for name in value or ()]
        self._list.set(self._wanted)
        self.checks.choose(self._wanted)

    def mark(self, bad: bool) -> None:
        self._list.mark(bad)

    def _offer(self) -> bool:
        self.checks.offer([(name, name) for name in self.columns])
        self._list.widget.setVisible(not self.columns)
        remaining = [name for name in self._wanted if name in self.columns or not self.columns]
        is_gone = remaining != self._wanted
        self.set(remaining)
        return is_gone

    def _on_checked(self) -> None:
        self._wanted = self.checks.chosen()
        self._list.set(self._wanted)
        self.edited.emit()

    def _on_typed(self) -> None:
        self._wanted = [str(name) for name in self._list.get()]
        self.edited.emit()


def columns_of(path: Path) -> list[str]:
    """Return the names in the first row of a table of text, however it is separated; none of what
    is no such table. Takes as long as the disk."""
    try:
        with open_regular(path.expanduser()) as file:
            start = file.read(_READ)
    except (OSError, ValueError, RuntimeError):  # ValueError: no path at all
        return []
    if b"\0" in start:
        return []
    text = start.decode("utf-8-sig", "replace")
    try:
        how: Any = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        how = csv.excel  # of one column
    try:
        first = next(csv.reader(text.splitlines(), how), [])
    except csv.Error:
        return []
    names = [name.strip()[:_LONGEST] for name in first]
    return list(dict.fromkeys(filter(None, names)))[:_MOST]
