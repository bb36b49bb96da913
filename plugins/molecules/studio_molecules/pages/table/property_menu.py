"""Menus of figures: those of networks in groups one level down, all others in the menu itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu

from studio.api.window.language import tr
from studio_molecules.admet.endpoints import GROUPS
from studio_molecules.pages.phrases import group_name


def figure_menus(menu: QMenu, columns: Sequence[str]) -> Iterator[tuple[str, QMenu]]:
    """Yield each column with the menu that it belongs into."""
    below: dict[str, QMenu] = {}
    for column in columns:
        group = GROUPS.get(column)
        if group is None:
            yield column, menu
            continue
        if group not in below:
            below[group] = menu.addMenu(tr("ADMET: {group}").format(group=group_name(group)))
        yield column, below[group]


class Staying(QObject):
    """Keeps a menu of switches open while they are switched, so that several need one visit."""

    def __init__(self, menu: QMenu) -> None:
        super().__init__(menu)
        menu.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Toggle the clicked action without closing the menu."""
        if not isinstance(watched, QMenu) or not _is_choice(event):
            return False
        action = watched.activeAction()
        if action is None or not action.isCheckable() or not action.isEnabled():
            return False
        action.trigger()
        return True


def _is_choice(event: QEvent) -> bool:
    if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
        return event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
    return event.type() == QEvent.Type.MouseButtonRelease
