"""Places by file, each of which leads to its line. Looks for none itself."""

from __future__ import annotations

from html import escape
from itertools import groupby

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_code.pages.navigation.places import Place

_PLACE = Qt.ItemDataRole.UserRole
_OPEN_FILES = 30
"""Of more files the places are folded away."""


class PlaceList(QTreeWidget):
    """Files, and below them their lines.

    Signals:
        asked: The user wants to see a place: path, line.
    """

    asked = Signal(str, int)

    def __init__(self, ctx: PluginContext, name: str, icon: tuple[str, str] | None = None) -> None:
        super().__init__()
        self._ctx, self._icon = ctx, icon
        self.setAccessibleName(name)
        self.setHeaderHidden(True)
        self.setIndentation(12)
        self.setIconSize(QSize(14, 14))
        self.setUniformRowHeights(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemClicked.connect(self._go)
        self.itemActivated.connect(self._go)

    def show_places(self, places: tuple[Place, ...]) -> None:
        """Show other places; those of one file together, in the order they came."""
        self.clear()
        order = {path: at for at, path in enumerate(dict.fromkeys(p.path for p in places))}
        together = sorted(places, key=lambda place: order[place.path])
        files = []
        for path, rows in groupby(together, key=lambda place: place.path):
            file = QTreeWidgetItem([path])
            file.setToolTip(0, path)
            file.setIcon(0, self._ctx.ui.icon("file-code", "mute"))
            for place in rows:
                row = QTreeWidgetItem([f"{place.line}  {place.words}"])
                where = tr("{path}, line {line}").format(path=path, line=place.line)
                row.setToolTip(0, f"<span>{escape(place.words)}<br>{escape(where)}</span>")
                row.setData(0, _PLACE, (place.path, place.line))
                if self._icon is not None:
                    row.setIcon(0, self._ctx.ui.icon(*self._icon))
                file.addChild(row)
            file.setText(0, f"{path}  {file.childCount()}")
            files.append(file)
        self.addTopLevelItems(files)
        if len(files) <= _OPEN_FILES:
            self.expandAll()

    def _go(self, item: QTreeWidgetItem) -> None:
        place = item.data(0, _PLACE)
        if place:
            self.asked.emit(str(place[0]), int(place[1]))
        else:
            item.setExpanded(not item.isExpanded())
