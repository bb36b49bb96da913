"""The collections as a row of pills: click to open one, drop items to add them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QWidget

from studio.desktop.pages.gallery.shelves.name_sheet import ask_name
from studio.desktop.pages.page_services import PageServices
from studio.desktop.widgets.contents import clear
from studio.library import Collection
from studio.library.search_line import has

KEYS = "application/x-offline-studio-rows"
"""What is dragged within the window: the numbers of the rows, as JSON."""
_HEIGHT = 34


class CollectionBar(QScrollArea):
    """The pills.

    Signals:
        chosen: The title of a collection, and whether it is to be shown.
        dropped: The id of a collection, and the numbers of the rows that go into it.
        changed: There are other collections, or others in them.
    """

    chosen = Signal(str, bool)
    dropped = Signal(str, list)
    changed = Signal()

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._look = parts, parts.ui.look
        self._line = ""
        self._pills: dict[str, Pill] = {}
        self.setWidgetResizable(True)
        self.setFixedHeight(_HEIGHT)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Collections"))
        inner = QWidget()
        self._row = QHBoxLayout(inner)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self._row.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.setWidget(inner)
        self.hide()

    def show_collections(self, collections: list[Collection], line: str) -> None:
        """Show these; those that the search line asks for look pressed."""
        self.setVisible(bool(collections))
        if [(collection.id, collection.title) for collection in collections] != [
            (pill.collection.id, pill.collection.title) for pill in self._pills.values()
        ]:
            clear(self._row)
            self._pills = {collection.id: self._pill(collection) for collection in collections}
        self.follow(line)

    def follow(self, line: str) -> None:
        """Highlight the pills that match the search line."""
        self._line = line
        for pill in self._pills.values():
            pill.blockSignals(True)
            pill.setChecked(has(line, "in", pill.collection.title))
            pill.blockSignals(False)

    def pill(self, title: str) -> Pill:
        """Return the pill of a collection."""
        return next(pill for pill in self._pills.values() if pill.collection.title == title)

    def _pill(self, collection: Collection) -> Pill:
        pill = Pill(collection)
        pill.setProperty("density", "small")
        pill.setCursor(Qt.CursorShape.PointingHandCursor)
        pill.setIcon(self._look.icons.icon("folder", "text", on="accent"))
        pill.setAccessibleName(collection.title)
        pill.toggled.connect(lambda on: self.chosen.emit(collection.title, on))
        pill.dropped.connect(lambda keys: self.dropped.emit(collection.id, keys))
        pill.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        pill.customContextMenuRequested.connect(partial(self._menu, pill))
        self._row.addWidget(pill)
        return pill

    def _menu(self, pill: Pill, at: QPoint) -> None:
        menu = self._parts.ui.menu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction(self.tr("Rename…"), lambda: self._ask_rename(pill.collection))
        menu.addAction(self.tr("Delete collection"), lambda: self.delete(pill.collection))
        menu.popup(pill.mapToGlobal(at))

    def _ask_rename(self, collection: Collection) -> None:
        def rename(title: str) -> None:
            if has(self._line, "in", collection.title):
                self.chosen.emit(collection.title, False)
            self._do(lambda library: library.collections.rename(collection.id, title))

        title, done = self.tr("Rename the collection"), self.tr("Rename")
        ask_name(self._look, self, title, done, rename, name=collection.title)

    def delete(self, collection: Collection) -> None:
        """Forget a collection, whose results stay, and offer to undo that."""
        library, notices = self._parts.studio.library, self._parts.studio.notices

        def removed(inside: list[str]) -> None:
            if has(self._line, "in", collection.title):
                self.chosen.emit(collection.title, False)
            self.changed.emit()
            text = self.tr("The collection “{title}” was deleted. Its results stay.")
            again = partial(self._do, lambda lib: _make(lib, collection.title, inside))
            notices.offer(
                text.format(title=collection.title), self.tr("Undo"), again, key="collection"
            )

        def remove() -> list[str]:
            inside = library.collections.inside(collection.id)
            library.collections.remove(collection.id)
            return inside

        self._parts.background.run(remove, removed, self._tell)

    def _do(self, change: Callable[[Any], object]) -> None:
        library = self._parts.studio.library
        self._parts.background.run(
            lambda: change(library), lambda _: self.changed.emit(), self._tell
        )

    def _tell(self, error: Exception) -> None:
        self._parts.studio.notices.error(error, key="gallery")


class Pill(QPushButton):
    """One collection.

    Signals:
        dropped: The numbers of rows that were dropped on it.
    """

    dropped = Signal(list)

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection.title)
        self.collection = collection
        self.setCheckable(True)
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(KEYS):
            event.acceptProposedAction()
            self.setDown(True)

    def dragLeaveEvent(self, event: Any) -> None:
        self.setDown(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.setDown(False)
        event.acceptProposedAction()
        self.dropped.emit(json.loads(bytes(event.mimeData().data(KEYS).data())))


def _make(library: Any, title: str, inside: list[str]) -> None:
    library.collections.put(library.collections.create(title).id, inside)
