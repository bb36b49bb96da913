"""The name of a column of a table that another field names: chosen from those the file has."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from studio.api.params import Field
from studio.desktop.appearance.appearance import restyle
from studio.desktop.forms.editor import Editor
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


class ColumnEditor(Editor):
    """A choice of the columns of a file; a text field where they are not known."""

    def __init__(self, field: Field, run: RunLater) -> None:
        box = QWidget()
        super().__init__(box)
        self._run, self._asked, self._wanted = run, "", ""
        self.columns: list[str] = []
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
        self._offer([])

    def look_into(self, path: str) -> None:
        """Offer the columns of another file, read beside the window."""
        if path == self._asked:
            return
        self._asked = path

        def offer(found: list[str]) -> None:
            if isValid(self.widget) and path == self._asked:
                self._offer(found)

        self._run(lambda: columns_of(Path(path)) if path else [], offer)

    def get(self) -> str:
        return self._wanted

    def set(self, value: Any) -> None:
        self._wanted = "" if value is None else str(value)
        self.edit.setText(self._wanted)
        self._show_choice()

    def mark(self, bad: bool) -> None:
        restyle(self.combo, "bad", bad)
        restyle(self.edit, "bad", bad)

    def _offer(self, found: list[str]) -> None:
        self.columns = found
        self.combo.setVisible(bool(found))
        self.edit.setVisible(not found)
        if found and self._wanted not in found:  # of the file before
            self._wanted = ""
            self.edit.clear()
            self.edited.emit()
        self._show_choice()

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
