"""The strip of takes below the music: to choose, to star, to drag out as files."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QRect, QRectF, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem

from studio.api import PluginContext
from studio_music.pages.phrases import clock, key_name, tr
from studio_music.pages.roll.colours import Colours
from studio_music.pages.takes.mini_roll import paint_mini_roll
from studio_music.pages.takes.takes import Take

_PICTURE = QSize(132, 52)
_CELL = QSize(144, 64)
_MADE_BY = {
    "music.compose": "sparkles",
    "music.harmonise": "layers",
    "music.back": "drum",
    "music.open": "folder-open",
}
_ID = Qt.ItemDataRole.UserRole


class TakeStrip(QListWidget):
    """Takes in a row.

    Signals:
        picked: The user chose a take; carries its id.
        menu_asked: What can be done with the current one is wanted; carries where.
        removed: The current one should leave the strip.
        starred: The current one should be starred, or no longer.
    """

    picked = Signal(str)
    menu_asked = Signal(QPoint)
    removed = Signal()
    starred = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._takes: dict[str, Take] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setIconSize(_PICTURE)
        self.setGridSize(_CELL)
        gap = (_CELL.width() - _PICTURE.width()) // 2
        self.setViewportMargins(-gap, 0, 0, 0)  # the first take stands at the edge of the page
        self.setUniformItemSizes(True)
        self.setFixedHeight(_CELL.height() + 10)
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setStyleSheet(
            "QListWidget::item { padding: 3px; min-height: 0; }"
            "QListWidget::item:selected { background: transparent; }"
        )
        self.setAccessibleName(tr("Takes"))
        self.customContextMenuRequested.connect(
            lambda at: self.menu_asked.emit(self.viewport().mapToGlobal(at))
        )
        self.currentItemChanged.connect(self._on_current)

    def ids(self) -> list[str]:
        """Return the ids in view, from the left."""
        return [self.item(row).data(_ID) for row in range(self.count())]

    def add(self, place: int, take: Take) -> None:
        """Put a take in."""
        item = QListWidgetItem()
        item.setSizeHint(_CELL)
        item.setData(_ID, take.id)
        self._takes[take.id] = take
        self.insertItem(place, item)
        self.draw(take)

    def take_out(self, artifact: str) -> None:
        """Take one out."""
        item = self._item(artifact)
        if item is not None:
            self.takeItem(self.row(item))
            self._takes.pop(artifact, None)

    def set_current(self, artifact: str) -> None:
        """Mark a take without telling anybody; none with an empty id."""
        self.blockSignals(True)
        item = self._item(artifact)
        self.setCurrentItem(item)
        if item is None:
            self.clearSelection()
        else:
            self.scrollToItem(item)
        self.blockSignals(False)

    def redraw(self) -> None:
        """Draw all anew: the theme is another."""
        for take in self._takes.values():
            self.draw(take)

    def draw(self, take: Take) -> None:
        """Draw a take and say what it is."""
        item = self._item(take.id)
        if item is None:
            return
        words = describe(take)
        item.setToolTip(words)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
        icon = QIcon(self._drawn(take, chosen=False))
        icon.addPixmap(self._drawn(take, chosen=True), QIcon.Mode.Selected)
        item.setIcon(icon)

    def _drawn(self, take: Take, *, chosen: bool) -> QPixmap:
        ratio, shades = self.devicePixelRatioF(), Colours(self._ui.tokens)
        pixmap = QPixmap(_PICTURE * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(shades.accent, 2) if chosen else QPen(shades.line, 1))
        painter.setBrush(shades.paper)
        frame = QRectF(1, 1, _PICTURE.width() - 2, _PICTURE.height() - 2)
        painter.drawRoundedRect(frame, 6, 6)
        if take.piece is None:
            self._ui.icon("file-music", "faint").paint(painter, QRect(54, 6, 24, 24))
        else:
            paint_mini_roll(painter, frame.adjusted(8, 6, -8, -20), take.piece, shades)
        self._draw_foot(painter, take, shades)
        painter.end()
        return pixmap

    def _draw_foot(self, painter: QPainter, take: Take, shades: Colours) -> None:
        font = self.font()
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(shades.mute)
        right = _PICTURE.width() - 8
        verdict = take.artifact.verdict
        if take.star:
            self._ui.icon("star", "warn").paint(painter, QRect(right - 12, 35, 12, 12))
            right -= 16
        elif verdict is not None and verdict.checks and not verdict.passed:
            self._ui.icon("triangle-alert", "warn").paint(painter, QRect(right - 12, 35, 12, 12))
            right -= 16
        icon = _MADE_BY.get(take.task, "pencil")
        self._ui.icon(icon, "mute").paint(painter, QRect(8, 35, 12, 12))
        room = QRectF(24, 33, right - 26, 16)
        title = painter.fontMetrics().elidedText(
            take.artifact.title or tr("Untitled"), Qt.TextElideMode.ElideRight, int(room.width())
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, title)

    # --- user ---------------------------------------------------------------------------------

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        """Hand out copies of the files under names that people read."""
        data = QMimeData()
        takes = [self._takes[item.data(_ID)] for item in items]
        data.setUrls([QUrl.fromLocalFile(str(self._copy(take))) for take in takes])
        return data

    def _copy(self, take: Take) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="offline-studio-takes-")
        folder = Path(self._folder.name) / take.id
        folder.mkdir(exist_ok=True)
        copy = folder / (file_stem(take.artifact.title) + take.artifact.path.suffix)
        if not copy.exists():
            copy.write_bytes(take.artifact.path.read_bytes())
        return copy

    def forget_copies(self) -> None:
        """Delete what was dragged out."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes out, S stars; the menu key opens the menu."""
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Delete:
            self.removed.emit()
        elif key == Qt.Key.Key_S and not event.modifiers():
            self.starred.emit()
        elif key == Qt.Key.Key_Space:
            event.ignore()
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


def describe(take: Take) -> str:
    """Return what a take is, in a line."""
    parts = [take.artifact.title or tr("Untitled")]
    piece = take.piece
    if piece is None:
        parts.append(tr("it cannot be read"))
    else:
        bars = len(piece.bar_starts())
        parts += [key_name(piece.key), str(piece.metre), tr("{n} bars").format(n=bars)]
        parts.append(clock(piece.seconds(piece.length)))
    if take.star:
        parts.append(tr("starred"))
    return " · ".join(parts)


def file_stem(title: str) -> str:
    """Return a name for a file that any system takes."""
    kept = re.sub(r"[^\w\s#♭♯-]+", " ", title).strip()
    return " ".join(kept.split())[:60] or "music"
