"""Asks for one name: of a collection, of a tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QCompleter, QHBoxLayout, QLineEdit, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.sheet import Sheet


def ask_name(
    look: Appearance,
    over: QWidget,
    title: str,
    done: str,
    then: Callable[[str], None],
    *,
    name: str = "",
    known: Sequence[str] = (),
) -> Sheet:
    """Ask for a name over a window, and call ``then`` with it.

    Args:
        done: What the button says.
        known: Names that are there already; they complete what is typed.
    """
    sheet = Sheet(look, over.window(), title, 420)
    field = QLineEdit(name)
    field.setAccessibleName(title)
    field.setMaxLength(120)
    if known:
        completer = QCompleter(list(known), field)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        field.setCompleter(completer)
    sheet.body.addWidget(field)
    row = QHBoxLayout()
    row.addStretch()
    cancel = look.button(QCoreApplication.translate("Gallery", "Cancel"))
    cancel.clicked.connect(sheet.dismiss)
    go = look.button(done, kind="primary")

    def finish() -> None:
        name = " ".join(field.text().split())
        if name:
            sheet.dismiss()
            then(name)

    go.clicked.connect(finish)
    field.returnPressed.connect(finish)
    for button in (cancel, go):
        row.addWidget(button)
    sheet.body.addLayout(row)
    sheet.closed.connect(sheet.deleteLater)
    sheet.show_sheet(field)
    return sheet
