"""The strip of results below the canvas: thumbnails to pick, to star and to drag out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QPoint, QRect, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem

from studio.api import PluginContext
from studio_image.pages.phrases import tr
from studio_image.pages.results import Result

THUMB, SMALL = 64, 44
_ROOM = 12
_ID = Qt.ItemDataRole.UserRole
_PATH = Qt.ItemDataRole.UserRole + 1


class Strip(QListWidget):
    """Thumbnails in a row.

    Signals:
        picked: The user moved to a result; carries its id.
        menu_asked: The user wants what can be done with the current one; carries where.
        removed: The user wants the current one out of the strip.
    """

    picked = Signal(str)
    menu_asked = Signal(QPoint)
    removed = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setStyleSheet("QListWidget::item { padding: 3px; min-height: 0; }")
        self.setAccessibleName(tr("Results"))
        self.customContextMenuRequested.connect(
            lambda at: self.menu_asked.emit(self.viewport().mapToGlobal(at))
        )
        self.currentItemChanged.connect(self._on_current)
        self.set_small(False)

    def set_small(self, small: bool) -> None:
        """Take less room, or as much as there is."""
        side = SMALL if small else THUMB
        self.setIconSize(QSize(side, side))
        self.setGridSize(QSize(side + _ROOM, side + _ROOM))
        self.setFixedHeight(side + _ROOM + 10)

    def ids(self) -> list[str]:
        """Return the ids in view, from the left."""
        return [self.item(row).data(_ID) for row in range(self.count())]

    def add(self, place: int, result: Result) -> None:
        """Put a result at ``place``; its thumbnail comes with ``show_thumbnail``."""
        item = QListWidgetItem()
        item.setData(_ID, result.artifact.id)
        item.setData(_PATH, str(result.artifact.path))
        blank = QPixmap(THUMB, THUMB)
        blank.fill(Qt.GlobalColor.transparent)
        item.setIcon(QIcon(blank))
        self.insertItem(place, item)
        self.describe(result)

    def describe(self, result: Result) -> None:
        """Say anew what a result is."""
        item = self._item(result.artifact.id)
        if item is not None:
            title = result.artifact.title or tr("Picture")
            words = tr("{title}, starred").format(title=title) if result.star else title
            item.setToolTip(words)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, words)

    def show_thumbnail(self, result: Result, image: QImage) -> None:
        """Draw a result; a null image shows that it cannot be read."""
        item = self._item(result.artifact.id)
        if item is not None:
            pixmap = self._drawn(image, result.star)
            icon = QIcon(pixmap)
            icon.addPixmap(pixmap, QIcon.Mode.Selected)  # or Qt tints it
            item.setIcon(icon)

    def take(self, artifact: str) -> None:
        """Take a result out."""
        item = self._item(artifact)
        if item is not None:
            self.takeItem(self.row(item))

    def set_current(self, artifact: str) -> None:
        """Mark a result without telling anybody; none with an empty id."""
        self.blockSignals(True)
        item = self._item(artifact)
        if item is None:
            self.setCurrentRow(-1)
            self.clearSelection()
        else:
            self.setCurrentItem(item)
            self.scrollToItem(item)
        self.blockSignals(False)

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        """Hand out the files themselves, as a file manager does."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(item.data(_PATH)) for item in items])
        return data

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes out; the menu key opens the menu."""
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Delete:
            self.removed.emit()
        elif key == Qt.Key.Key_Menu and self.currentItem() is not None:
            below = self.visualItemRect(self.currentItem()).bottomLeft()
            self.menu_asked.emit(self.viewport().mapToGlobal(below))
        else:
            super().keyPressEvent(event)

    def _on_current(self, item: QListWidgetItem | None, _before: object) -> None:
        if item is not None:
            self.picked.emit(item.data(_ID))

    def _item(self, artifact: str) -> QListWidgetItem | None:
        ids = self.ids()
        return self.item(ids.index(artifact)) if artifact in ids else None

    def _drawn(self, image: QImage, star: bool) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(round(THUMB * ratio), round(THUMB * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if image.isNull():
            self._ui.icon("image-off", "faint").paint(painter, QRect(20, 20, 24, 24))
        else:
            size = image.size().scaled(THUMB, THUMB, Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (THUMB - size.width()) // 2, (THUMB - size.height()) // 2
            painter.drawImage(QRect(QPoint(left, top), size), image)
        if star:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._ui.tokens.colors["panel"]))
            painter.drawEllipse(THUMB - 23, 3, 20, 20)
            self._ui.icon("star", "warn").paint(painter, QRect(THUMB - 20, 6, 14, 14))
        painter.end()
        return pixmap
