"""The widgets in a layout, taken out."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QLayout, QWidget


def taken(layout: QLayout) -> Iterator[QWidget]:
    """Take out all that is in ``layout``; yields the widgets, which keep their parent."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            yield widget


def clear(layout: QLayout) -> None:
    """Take out all that is in ``layout``, and delete the widgets."""
    for widget in taken(layout):
        widget.hide()
        widget.deleteLater()
