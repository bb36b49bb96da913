"""A row of thumbnails of results: to choose one, to star it, to drag it out as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QGuiApplication, QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem
from shiboken6 import isValid

_ROOM = 12
"""Pixels around each thumbnail."""
_SMALL = 2 / 3
_ID = Qt.ItemDataRole.UserRole


class ResultStrip(QListWidget):
    """Knows ids and pictures only.

    Signals:
        picked: The user moved to a result; carries its id.
        menu_asked: The user wants what can be done with the current one; carries where.
        removed: The user wants the current one out of the strip.
        starred: The user wants the current one starred, or no longer.
    """

    picked = Signal(str)
    menu_asked = Signal(QPoint)
    removed = Signal()
    starred = Signal()

    def __init__(
        self,
        name: str,
        size: QSize,
        files_of: Callable[[str], list[Path]],
        prepare: Callable[[Sequence[str], Callable[[], None]], None],
    ) -> None:
        """Make an empty strip.

        Args:
            files_of: Returns what is dragged out for an id: its file, and what lies beside it.
            prepare: Makes those of some ids, beside the window, then calls what it is given.
        """
        super().__init__()
        self._size, self._files_of, self._prepare = size, files_of, prepare
        self.has_star_key = False
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setStyleSheet("QListWidget::item { padding: 3px; min-height: 0; }")
        self.setAccessibleName(name)
        self.customContextMenuRequested.connect(
            lambda at: self.menu_asked.emit(self.viewport().mapToGlobal(at))
        )
        self.currentItemChanged.connect(self._on_current)
        self.set_small(False)

    def stand_at_edge(self) -> None:
        """Align the first item with the page edge; the drawn content marks the current one."""
        self.setViewportMargins(-_ROOM // 2, 0, 0, 0)
        self.setStyleSheet(
            "QListWidget::item { padding: 3px; min-height: 0; }"
            "QListWidget::item:selected { background: transparent; }"
        )

    def set_small(self, small: bool) -> None:
        """Take less room, or as much as there is."""
        size = self._size * (_SMALL if small else 1)
        self.setIconSize(size)
        self.setGridSize(size + QSize(_ROOM, _ROOM))
        self.setFixedHeight(size.height() + _ROOM + 10)

    # --- what is in it ------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """Return the ids in view, from the left."""
        return [self.item(row).data(_ID) for row in range(self.count())]

    def add(self, place: int, id: str) -> None:
        """Put one in; its picture comes with ``show_picture``."""
        item = QListWidgetItem()
        item.setData(_ID, id)
        blank = QPixmap(self._size)
        blank.fill(Qt.GlobalColor.transparent)
        item.setIcon(QIcon(blank))
        self.insertItem(place, item)

    def take_out(self, id: str) -> None:
        """Take one out."""
        item = self._item(id)
        if item is not None:
            self.takeItem(self.row(item))

    def describe(self, id: str, words: str) -> None:
        """Set the description of an item."""
        item = self._item(id)
        if item is not None:
            item.setToolTip(words)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, words)

    def show_picture(self, id: str, picture: QPixmap, chosen: QPixmap) -> None:
        """Set the picture of an item, and the one for when it is current."""
        item = self._item(id)
        if item is not None:
            icon = QIcon(picture)
            icon.addPixmap(chosen, QIcon.Mode.Selected)  # or Qt tints it
            item.setIcon(icon)

    @property
    def current(self) -> str:
        """The id of the current one; empty if none is."""
        item = self.currentItem()
        return str(item.data(_ID)) if item is not None else ""

    def set_current(self, id: str) -> None:
        """Mark one without telling anybody; none with an empty id."""
        self.blockSignals(True)
        item = self._item(id)
        if item is None:
            self.setCurrentRow(-1)
            self.clearSelection()
        else:
            self.setCurrentItem(item)
            self.scrollToItem(item)
        self.blockSignals(False)

    def _item(self, id: str) -> QListWidgetItem | None:
        ids = self.ids()
        return self.item(ids.index(id)) if id in ids else None

    # --- hands --------------------------------------------------------------------------------

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Begin when the files are there, if the button is still held."""

        def drag() -> None:
            if isValid(self) and QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
                QListWidget.startDrag(self, actions)

        self._prepare([item.data(_ID) for item in self.selectedItems()], drag)

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        """Hand out files, as a file manager does."""
        data = QMimeData()
        files = [file for item in items for file in self._files_of(item.data(_ID))]
        data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
        return data

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes out, S stars; the menu key opens the menu; what types is the page's."""
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Delete:
            self.removed.emit()
        elif key == Qt.Key.Key_S and self.has_star_key and not event.modifiers():
            self.starred.emit()
        elif event.text() and event.text().isprintable():
            event.ignore()  # pictures have no names that could be searched by typing
        elif key == Qt.Key.Key_Menu and self.currentItem() is not None:
            below = self.visualItemRect(self.currentItem()).bottomLeft()
            self.menu_asked.emit(self.viewport().mapToGlobal(below))
        else:
            super().keyPressEvent(event)

    def _on_current(self, item: QListWidgetItem | None, _before: object) -> None:
        if item is not None:
            self.picked.emit(item.data(_ID))
