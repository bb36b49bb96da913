"""What every control of a form has in common. Knows no kind of field."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from studio.desktop.appearance.appearance import restyle


class Editor(QObject):
    """A control and its value, as plain data.

    Attributes:
        widget: The control, without label.
        inline: Whether it stands beside its label instead of below it.

    Signals:
        edited: The user changed the value.
    """

    edited = Signal()
    inline = False

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.widget = widget

    def get(self) -> Any:
        """Return the value."""
        raise NotImplementedError

    def set(self, value: Any) -> None:
        """Show a value without telling anybody."""
        raise NotImplementedError

    def mark(self, bad: bool) -> None:
        """Show that the value cannot be used."""
        restyle(self.widget, "bad", bad)
