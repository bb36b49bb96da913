"""Menu of the queued jobs of a page and the actions on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from studio.api.window.language import tr
from studio.api.window.ui import Ui

_LISTED = 10
_CHARS = 48


class WaitingJob(NamedTuple):
    """A job that waits.

    Attributes:
        put_first, remove: What a person may do with it.
    """

    title: str
    put_first: Callable[[], object]
    remove: Callable[[], object]


def waiting_menu(
    ui: Ui,
    waiting: Sequence[WaitingJob],
    stop: Callable[[], None],
    stop_all: Callable[[], None],
    show_all: Callable[[], None],
) -> QMenu:
    """Return the menu; it goes away with its closing."""
    menu: QMenu = ui.menu()
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for job in waiting[:_LISTED]:
        row = menu.addMenu(_cut(job.title))
        row.addAction(ui.icon("arrow-up-to-line"), tr("Move to front of queue"), job.put_first)
        row.addAction(ui.icon("x"), tr("Remove from queue"), job.remove)
    if len(waiting) > _LISTED:
        menu.addAction(tr("{n} more…").format(n=len(waiting) - _LISTED), show_all)
    menu.addSeparator()
    menu.addAction(ui.icon("circle-stop"), tr("Stop"), stop)
    if waiting:
        menu.addAction(ui.icon("circle-stop"), tr("Stop all of this page"), stop_all)
    menu.addSeparator()
    menu.addAction(ui.icon("activity"), tr("Show all jobs"), show_all)
    return menu


def _cut(title: str) -> str:
    words = title.replace("&", "&&")
    return words if len(words) <= _CHARS else f"{words[: _CHARS - 1]}…"
