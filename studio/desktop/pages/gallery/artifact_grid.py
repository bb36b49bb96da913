"""Cards of artifacts in a grid: drawn, not built, so that thousands stay smooth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFontMetrics,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QResizeEvent,
    QTextOption,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from studio.api.artifacts import Kind
from studio.core.library import Artifact, Library
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.main_thread.bridge import Background
from studio.desktop.plot import files
from studio.desktop.plot.painter import Dress
from studio.desktop.plot.view import dress_of
from studio.protocol.errors import StudioError

CARD = QSize(204, 212)
"""The smallest card; as many as fit share the width."""
GAP = 12
PICTURE = 140
_DRAWN = (Kind.IMAGE, Kind.PLOT, Kind.VIDEO)
"""Kinds whose payload gives a picture for the card, where none came with it."""
_UNPROVEN = ("image",)
"""Kinds whose checks tell that it is one, not that it shows what was asked: they get no tick."""
AHEAD = 60
"""With this many cards left below, more are asked for."""

_ROLE = Qt.ItemDataRole.UserRole

Index = QModelIndex | QPersistentModelIndex


class ArtifactItemModel(QAbstractListModel):
    """The artifacts in view, and their small pictures once they are read."""

    def __init__(self, library: Library, background: Background, dress: Dress) -> None:
        super().__init__()
        self._library, self._background, self._dress = library, background, dress
        self.artifacts: list[Artifact] = []
        self._pictures: dict[str, QImage | None] = {}

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.artifacts)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        artifact = self.artifacts[index.row()]
        if role == _ROLE:
            return artifact
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{artifact.kind}: {artifact.title or artifact.prompt or artifact.text}"[:200]
        return None

    def replace(self, artifacts: Sequence[Artifact]) -> None:
        """Show others."""
        self.beginResetModel()
        self.artifacts = list(artifacts)
        self.endResetModel()

    def append(self, artifacts: Sequence[Artifact]) -> None:
        """Show more."""
        if artifacts:
            first = len(self.artifacts)
            self.beginInsertRows(QModelIndex(), first, first + len(artifacts) - 1)
            self.artifacts.extend(artifacts)
            self.endInsertRows()

    def picture(self, artifact: Artifact) -> QImage | None:
        """Return the small picture if it is there; else read it, and repaint then."""
        if not artifact.preview and artifact.kind not in _DRAWN:
            return None
        if artifact.id not in self._pictures:
            self._pictures[artifact.id] = None
            path = self._library.preview_path(artifact) or self._library.payload_path(artifact)
            is_plot = artifact.kind == Kind.PLOT and not artifact.preview
            read = partial(_plot, path, self._dress) if is_plot else partial(_read, str(path))
            self._background.run(read, lambda image: self._got(artifact.id, image))
        return self._pictures[artifact.id]

    def forget_plots(self) -> None:
        """Draw plots anew: they wear the colours of the theme."""
        for artifact in self.artifacts:
            if artifact.kind == Kind.PLOT:
                self._pictures.pop(artifact.id, None)

    def _got(self, id: str, image: QImage) -> None:
        self._pictures[id] = None if image.isNull() else image
        for row, artifact in enumerate(self.artifacts):
            if artifact.id == id:
                self.dataChanged.emit(self.index(row), self.index(row))


class ArtifactGrid(QListView):
    """The grid.

    Signals:
        chosen: The artifact that is selected, or None.
        end_reached: More may be shown.
        menu_wanted: An artifact, and where on the screen a menu about it is wanted.
    """

    chosen = Signal(object)
    end_reached = Signal()
    menu_wanted = Signal(object, QPoint)

    def __init__(self, look: Appearance, library: Library, background: Background) -> None:
        super().__init__()
        self._items = ArtifactItemModel(library, background, dress_of(look, 0.8))
        self.setModel(self._items)
        self._cards = _CardDelegate(look, self._items)
        self.setItemDelegate(self._cards)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Results"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        self.selectionModel().currentChanged.connect(self._on_current)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        look.theme.changed.connect(self._items.forget_plots)
        look.theme.changed.connect(self.viewport().update)
        self._complete = True

    def show_artifacts(self, artifacts: Sequence[Artifact]) -> None:
        """Show these, keeping the selection if it is among them."""
        current = self._current_id()
        self._items.replace(artifacts)
        self._complete = False
        if not current or not self.select(current):
            self.chosen.emit(None)

    def add(self, artifacts: Sequence[Artifact]) -> None:
        """Show more below."""
        self._items.append(artifacts)
        self._complete = not artifacts

    def count(self) -> int:
        """Return how many are shown."""
        return len(self._items.artifacts)

    def select(self, id: str) -> bool:
        """Select the artifact with this id; False if it is not shown."""
        for row, artifact in enumerate(self._items.artifacts):
            if artifact.id == id:
                self.setCurrentIndex(self._items.index(row))
                return True
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width, less that of the bar: the view lays out as if it were there."""
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        self._cards.share(self.maximumViewportSize().width() - bar)
        self.setGridSize(self._cards.cell)
        super().resizeEvent(event)

    def _current_id(self) -> str:
        artifact = self.currentIndex().data(_ROLE)
        return artifact.id if artifact else ""

    def _on_current(self, current: QModelIndex, previous: QModelIndex) -> None:
        self.chosen.emit(current.data(_ROLE))

    def _on_menu(self, at: QPoint) -> None:
        artifact = self.indexAt(at).data(_ROLE)
        if artifact is not None:
            self.menu_wanted.emit(artifact, self.viewport().mapToGlobal(at))

    def _on_scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        if not self._complete and bar.maximum() - value < AHEAD * CARD.height() // 4:
            self._complete = True  # until the answer says otherwise
            self.end_reached.emit()


class _CardDelegate(QStyledItemDelegate):
    def __init__(self, look: Appearance, items: ArtifactItemModel) -> None:
        super().__init__()
        self._look, self._items = look, items
        self.share(CARD.width())
        self._title = look.fonts.body(13, 600)
        self._small = look.fonts.body(11.5)
        self._text = look.fonts.body(12)

    def share(self, room: int) -> None:
        """Let as many cards as fit fill ``room``, in cells of one width."""
        self._columns = max(1, (room + GAP) // (CARD.width() + GAP))
        self.cell = QSize(room // self._columns, CARD.height() + GAP)

    def _card(self, cell: QRect) -> QRect:
        """Return where in its cell a card is: the first at its left edge, the last at its right."""
        width = (self.cell.width() * self._columns - GAP * (self._columns - 1)) // self._columns
        column = round(cell.x() / self.cell.width())
        left = cell.x() + column * GAP // self._columns
        return QRect(left, cell.y(), width, CARD.height())

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self.cell

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        artifact: Artifact = index.data(_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        card = self._card(option.rect)
        self._paper(painter, card, option.state)
        inner = card.adjusted(12, 10, -12, -10)
        picture = self._items.picture(artifact)
        if picture is not None:
            self._picture(painter, card, picture)
        else:
            self._words(painter, QRect(inner.x(), inner.y(), inner.width(), PICTURE - 8), artifact)
        self._foot(painter, inner, artifact)
        painter.restore()

    def _paper(self, painter: QPainter, card: QRect, state: QStyle.StateFlag) -> None:
        color = self._look.theme.color
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        path = QPainterPath()
        path.addRoundedRect(QRectF(card).adjusted(1, 1, -1, -1), 12, 12)
        painter.fillPath(path, color("raised" if hovered and not selected else "panel"))
        painter.setPen(QPen(color("accent" if selected else "line"), 2 if selected else 1))
        painter.drawPath(path)

    def _picture(self, painter: QPainter, card: QRect, picture: QImage) -> None:
        frame = QRectF(card.x() + 2, card.y() + 2, card.width() - 4, PICTURE + 2)
        clip = QPainterPath()
        clip.addRoundedRect(frame.adjusted(0, 0, 0, 12), 11, 11)
        painter.save()
        painter.setClipPath(clip)
        painter.setClipRect(frame, Qt.ClipOperation.IntersectClip)
        painter.drawImage(whole(frame, picture.size()), picture)
        painter.restore()

    def _words(self, painter: QPainter, room: QRect, artifact: Artifact) -> None:
        look = self._look
        ratio = painter.device().devicePixelRatioF()
        icon = look.icons.pixmap(*look.kinds.icon(artifact.kind), 16, ratio)
        painter.drawPixmap(room.x(), room.y() + 2, icon)
        painter.setFont(self._text)
        painter.setPen(look.theme.color("mute"))
        text = " ".join((artifact.text or artifact.prompt).split())[:400]
        below = room.adjusted(0, 24, 0, 0)
        line = painter.fontMetrics().lineSpacing()
        below.setHeight(below.height() // line * line)  # no half lines
        painter.setClipRect(below)
        wrapped = QTextOption()
        wrapped.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        painter.drawText(QRectF(below), text, wrapped)
        painter.setClipping(False)

    def _foot(self, painter: QPainter, inner: QRect, artifact: Artifact) -> None:
        look = self._look
        top = inner.y() + PICTURE
        painter.setFont(self._title)
        painter.setPen(look.theme.color("text"))
        title = artifact.title or artifact.prompt or artifact.kind
        metrics = QFontMetrics(self._title)
        line = metrics.elidedText(
            " ".join(title.split()), Qt.TextElideMode.ElideRight, inner.width()
        )
        painter.drawText(
            QRect(inner.x(), top + 4, inner.width(), 20), Qt.AlignmentFlag.AlignVCenter, line
        )
        painter.setFont(self._small)
        painter.setPen(look.theme.color("mute"))
        said = f"{artifact.kind} · {ago(artifact.created)}"
        painter.drawText(
            QRect(inner.x(), top + 26, inner.width(), 18), Qt.AlignmentFlag.AlignVCenter, said
        )
        ratio = painter.device().devicePixelRatioF()
        right = inner.right() - 14
        for icon, color in marks_of(artifact):
            painter.drawPixmap(right, top + 28, look.icons.pixmap(icon, color, 14, ratio))
            right -= 18


def whole(frame: QRectF, picture: QSize) -> QRectF:
    """Return where a picture lies in ``frame`` so that nothing of it is cut off."""
    size = picture.scaled(frame.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF(0, 0, size.width(), size.height())
    target.moveCenter(frame.center())
    return target


def marks_of(artifact: Artifact) -> list[tuple[str, str]]:
    """Return (icon, colour) of what a card says of an artifact: starred, checked, failed."""
    marks = (
        (artifact.starred, "star", "warn"),
        (artifact.passed is True and artifact.kind not in _UNPROVEN, "circle-check", "good"),
        (artifact.passed is False, "triangle-alert", "bad"),
    )
    return [(icon, color) for shown, icon, color in marks if shown]


def ago(moment: float, now: float | None = None) -> str:
    """Return how long ago ``moment`` (seconds since 1970) was, in words."""
    seconds = (time.time() if now is None else now) - moment
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86_400:
        return f"{int(seconds // 3600)} h ago"
    if seconds < 2 * 86_400:
        return "yesterday"
    day = time.localtime(moment)
    year = f" {day.tm_year}" if seconds > 300 * 86_400 else ""
    return f"{day.tm_mday} {time.strftime('%B', day)}{year}"


def _plot(path: Path, dress: Dress) -> QImage:
    """Return a small plot; none of one that cannot be drawn: its page says why."""
    with suppress(StudioError):
        return files.picture(files.read(path), dress, QSize(CARD.width() - 4, PICTURE + 2), 8)
    return QImage()


def _read(path: str) -> QImage:
    """Return a small picture; QImage may be used beside the window, QPixmap may not."""
    image = QImage(path)
    wanted = QSize(CARD.width() * 2, PICTURE * 2)
    if image.isNull() or image.width() <= wanted.width():
        return image
    return image.scaled(
        wanted,
        Qt.AspectRatioMode.KeepAspectRatioByExpanding,
        Qt.TransformationMode.SmoothTransformation,
    )
