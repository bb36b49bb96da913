"""Finds controls a screen reader could not name."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QLineEdit, QScrollBar, QWidget

_QTS_OWN = ("qt_", "QComboBoxPrivate")


def nameless(root: QWidget) -> list[str]:
    """Return class and place of each visible control of ``root`` that takes keys without a name."""
    found = []
    for widget in [root, *root.findChildren(QWidget)]:
        takes_keys = widget.focusPolicy() != Qt.FocusPolicy.NoFocus or isinstance(
            widget, QAbstractButton
        )
        in_a_field = isinstance(widget.parentWidget(), QLineEdit)  # its own little buttons
        own = widget.objectName().startswith(_QTS_OWN) or isinstance(widget, QScrollBar)
        if (
            not takes_keys
            or own
            or in_a_field
            or widget.focusProxy()
            or not widget.isVisibleTo(root)
        ):
            continue
        if type(widget) is QWidget or type(widget) is QAbstractScrollArea:
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        name = interface.text(QAccessible.Text.Name) if interface else widget.accessibleName()
        if not name.strip():
            found.append(f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}")
    return found
