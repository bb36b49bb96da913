"""The list of shortcuts, on F1 or ?. Shows what it is given."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.sheet import Sheet

Group = tuple[str, Sequence[tuple[str, str]]]
"""A heading, and its (what it does, keys)."""


def show_shortcuts(look: Appearance, window: QWidget, groups: Sequence[Group]) -> None:
    """Open the sheet."""
    sheet = Sheet(look, window, QCoreApplication.translate("shortcuts", "Keyboard shortcuts"), 560)
    inside = QWidget()
    grid = QGridLayout(inside)
    grid.setContentsMargins(0, 0, 8, 0)
    grid.setVerticalSpacing(9)
    grid.setColumnStretch(0, 1)
    for heading, rows in groups:
        if not rows:
            continue
        label = look.label(heading, "section")
        label.setContentsMargins(0, 8 if grid.rowCount() > 1 else 0, 0, 2)
        grid.addWidget(label, grid.rowCount(), 0, 1, 2)
        for what, keys in rows:
            row = grid.rowCount()
            grid.addWidget(look.label(what), row, 0)
            grid.addWidget(_keys(look, keys), row, 1, Qt.AlignmentFlag.AlignRight)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    area.setMinimumHeight(min(440, inside.sizeHint().height() + 4))
    sheet.body.addWidget(area)
    sheet.show_sheet()


def _keys(look: Appearance, keys: str) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(4)
    for key in keys.split("+") if keys != "+" else [keys]:
        row.addWidget(look.label(key, "key"))
    return box
