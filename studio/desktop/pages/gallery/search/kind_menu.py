"""The filter for rarer kinds of artifacts, and for those of plugins: one button, a menu."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from studio.api.artifacts import Kind
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.kinds import own_titles

MENU = (Kind.PLOT, Kind.VIDEO, Kind.WEIGHTS)
"""Kinds of the studio's own that have no button: there is no room for more than the usual ones."""


class KindMenu(QObject):
    """Shown as soon as there is such a kind.

    Attributes:
        button: Looks pressed while some of them are chosen.

    Signals:
        toggled: A kind, and whether it is chosen now.
    """

    toggled = Signal(str, bool)

    def __init__(self, look: Appearance, menu: QMenu) -> None:
        super().__init__()
        self._look, self._menu = look, menu
        self._entries: dict[str, QAction] = {}
        self.button = look.button(self.tr("More"), "chevron-down", small=True)
        self.button.clicked.connect(self._open)
        self.button.hide()

    def offer(self, kinds: Iterable[str]) -> None:
        """Have an entry for each of ``kinds`` that has no chip, and for those that are chosen."""
        chosen = [kind for kind, entry in self._entries.items() if entry.isChecked()]
        own_kinds = {*own_titles(), Kind.CONVERSATION} - {*MENU}
        wanted = [kind for kind in dict.fromkeys([*kinds, *chosen]) if kind not in own_kinds]
        if wanted == list(self._entries):
            return  # the menu may be open
        self._menu.clear()
        self._entries = {kind: self._entry(kind, kind in chosen) for kind in wanted}
        self._show()

    def choose(self, kinds: Iterable[str]) -> None:
        """Choose exactly these."""
        wanted = set(kinds)
        self.offer([*self._entries, *sorted(wanted)])
        for kind, entry in self._entries.items():
            entry.setChecked(kind in wanted)

    def _entry(self, kind: str, on: bool) -> QAction:
        entry = self._menu.addAction(self._look.kinds.title(kind))
        entry.setCheckable(True)
        entry.setChecked(on)
        entry.toggled.connect(lambda on: self._on_toggled(kind, on))
        return entry

    def _on_toggled(self, kind: str, on: bool) -> None:
        self._show()
        self.toggled.emit(kind, on)

    def _show(self) -> None:
        chosen = ", ".join(entry.text() for entry in self._entries.values() if entry.isChecked())
        self.button.setToolTip(chosen)
        self.button.setAccessibleName(chosen or self.button.text())
        self.button.setCheckable(bool(chosen))
        self.button.setChecked(bool(chosen))
        self.button.setVisible(bool(self._entries))

    def _open(self) -> None:
        self._show()  # a click must not switch it
        self._menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))
