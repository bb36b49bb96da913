"""Cards of artifacts in a grid: drawn, not built, and read only where they are in view."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Mapping, Sequence

import shiboken6
from PySide6.QtCore import (
    QDateTime,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFontMetrics,
    QImage,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.api.window.language import tr
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.main_thread.bridge import Background
from studio.desktop.pages.gallery.grid.model import AHEAD, ArtifactItemModel, Report
from studio.desktop.pages.gallery.grid.thumbnails import AT_LEFT, Thumbnails
from studio.desktop.pages.gallery.grid.view import GridView
from studio.desktop.viewers.artifact import Draw
from studio.library import Artifact, Library
from studio.library.search_query import Term, snippet

CARD = QSize(204, 212)
"""The smallest card; as many as fit share the width."""
GAP = 12
PICTURE = 140
_FEWEST_THUMBNAILS = 40
"""So many are kept however small the window is: about 18 MB."""
_UNPROVEN = ("image",)
"""Kinds whose checks tell that it is one, not that it shows what was asked: they get no tick."""

Index = QModelIndex | QPersistentModelIndex


class ArtifactGrid(GridView):
    """The grid.

    Signals:
        chosen: The artifact that is current, or None.
        picked: Others are selected.
        drag_wanted: The numbers of the rows that are dragged.
        removal_wanted: Delete was pressed.
        play_wanted: Space was pressed.
        menu_wanted: An artifact, and where on the screen a menu about it is wanted.
    """

    chosen = Signal(object)
    picked = Signal()
    drag_wanted = Signal(list)
    removal_wanted = Signal()
    play_wanted = Signal()
    menu_wanted = Signal(object, QPoint)

    def __init__(
        self,
        look: Appearance,
        library: Library,
        background: Background,
        report: Report,
        drawers: Callable[[], Mapping[str, Draw]] = dict,
    ) -> None:
        super().__init__(CARD + QSize(GAP, GAP))
        self._items = ArtifactItemModel(library, background, report)
        self._thumbnails = Thumbnails(
            look, library, background, self._on_picture, drawers, _FEWEST_THUMBNAILS
        )
        self._cards = _CardDelegate(look, self._thumbnails)
        self.setModel(self._items)
        self.setItemDelegate(self._cards)
        self.setAccessibleName(self.tr("Results"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        self.selectionModel().currentChanged.connect(self._on_current)
        self.selectionModel().selectionChanged.connect(lambda *_: self.picked.emit())
        self._items.dataChanged.connect(self._on_read)
        look.theme.changed.connect(self._thumbnails.forget_themed)
        look.theme.changed.connect(self.viewport().update)
        self.setDragEnabled(True)
        self._awaited = -1
        """Row whose artifact was chosen before it was read."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep two views of thumbnails: to scroll back a little draws nothing anew."""
        super().resizeEvent(event)
        rows = self.viewport().height() // self.cell.height() + 2
        self._thumbnails.kept = max(_FEWEST_THUMBNAILS, 2 * rows * self.columns)

    def show_found(
        self, keys: array[int], artifacts: Mapping[int, Artifact], terms: Sequence[Term] = ()
    ) -> None:
        """Show these artifacts, preserving current item and selection where present.

        Args:
            artifacts: Those already loaded, by row number.
            terms: Search terms to highlight.
        """
        items, rows = self._items, self.selected_rows()
        current = self.currentIndex().row()
        was = items.keys[current] if 0 <= current < len(items.keys) else -1
        chosen = [items.keys[row] for row in rows[:1000]]
        top = self.verticalOffset()
        self._cards.terms = tuple(terms)
        items.replace(keys, artifacts)
        self.updateGeometries()
        self.verticalScrollBar().setValue(top)
        row = items.row(was) if was >= 0 else -1
        if row >= 0:
            self.setCurrentIndex(items.index(row))
        else:
            self.chosen.emit(None)
        places = [place for place in map(items.row, chosen) if place >= 0]
        if len(places) > 1:
            self.select_rows(places)
        self.picked.emit()

    def around(self) -> slice:
        """Return which of the numbers are to be read before they are shown: those in view."""
        shown = self.in_view()
        first = max(0, shown.start - self.columns)
        return slice(first, first + max(len(shown), 24) + AHEAD)

    def is_read(self) -> bool:
        """Whether all that is in view is there to be drawn, but for pictures."""
        return all(self._items.at(row) is not None for row in self.in_view())

    def current(self) -> Artifact | None:
        """Return the current artifact, None while there is none or it is not read."""
        return self._items.at(self.currentIndex().row())

    def first_selected(self) -> Artifact | None:
        """Return the first that is selected, None without one or before it is read."""
        return self._items.at(next(iter(self.selected_rows()), -1))

    def selected_rows(self) -> list[int]:
        """Return the grid positions of the selection, in order."""
        ranges = self.selectionModel().selection().toList()
        return sorted(row for span in ranges for row in range(span.top(), span.bottom() + 1))

    def selected_keys(self) -> list[int]:
        """Return the row numbers of the selection, in order."""
        return [self._items.keys[row] for row in self.selected_rows()]

    def selected_count(self) -> int:
        """Return how many are selected."""
        return sum(span.height() for span in self.selectionModel().selection().toList())

    def select_rows(self, rows: Sequence[int]) -> None:
        """Select exactly these places."""
        model, flags = self.selectionModel(), self.selectionModel().SelectionFlag
        model.clearSelection()
        for row in rows:
            model.select(self._items.index(row), flags.Select)

    def select(self, id: str) -> bool:
        """Make the artifact with this id the current one; False if it is not read."""
        return self.select_row(self._items.row_of(id))

    def select_key(self, key: int) -> bool:
        """Make the artifact of a row's number the current one; False if it was not found."""
        return self.select_row(self._items.row(key))

    def go_on(self) -> bool:
        """Make the next of several that are selected the current one; False without one."""
        here, model = self.currentIndex().row(), self.selectionModel()
        later = [row for row in self.selected_rows() if row > here] if here >= 0 else []
        if later and self.selected_count() > 1:
            model.setCurrentIndex(self._items.index(later[0]), model.SelectionFlag.NoUpdate)
            self.scrollTo(self.currentIndex())
            return True
        return False

    def select_row(self, row: int) -> bool:
        """Make a place the current one, and bring it into view."""
        if row >= 0:
            self.setCurrentIndex(self._items.index(row))
        return row >= 0

    def startDrag(self, actions: Qt.DropAction) -> None:
        self.drag_wanted.emit(self.selected_keys())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self.selected_count():
            self.removal_wanted.emit()
        elif event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.play_wanted.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self.in_view()
        self._items.want(range(max(0, shown.start - AHEAD), shown.stop + AHEAD))
        self._cards.share(self.cell, self.columns)
        super().paintEvent(event)

    def _on_current(self, current: QModelIndex, previous: QModelIndex) -> None:
        artifact = self._items.at(current.row())
        self._awaited = current.row() if artifact is None else -1
        if artifact is None and current.isValid():
            self._items.want([current.row()])
        else:
            self.chosen.emit(artifact)

    def _on_read(self, first: QModelIndex, last: QModelIndex) -> None:
        self.viewport().update()
        if first.row() <= self._awaited <= last.row() and (artifact := self.current()):
            self._awaited = -1
            self.chosen.emit(artifact)

    def _on_picture(self, id: str) -> None:
        if not shiboken6.isValid(self):  # it came after the page was closed
            return
        row = self._items.row_of(id)
        if row >= 0:
            self.viewport().update(self.cell_rect(row))

    def _on_menu(self, at: QPoint) -> None:
        artifact = self._items.at(self.indexAt(at).row())
        if artifact is not None:
            self.menu_wanted.emit(artifact, self.viewport().mapToGlobal(at))


class _CardDelegate(QStyledItemDelegate):
    def __init__(self, look: Appearance, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._look, self._thumbnails = look, thumbnails
        self.terms: tuple[Term, ...] = ()
        self._cell, self._columns = CARD, 1
        self._title = look.fonts.body(13, 600)
        self._small = look.fonts.body(11.5)
        self._text = look.fonts.body(12)

    def share(self, cell: QSize, columns: int) -> None:
        """Draw cards for cells of this size, so many side by side."""
        self._cell, self._columns = cell, columns

    def _card(self, cell: QRect) -> QRect:
        """Return where in its cell a card is: the first at its left edge, the last at its right."""
        width = (self._cell.width() * self._columns - GAP * (self._columns - 1)) // self._columns
        column = round(cell.x() / self._cell.width())
        left = cell.x() + column * GAP // self._columns
        return QRect(left, cell.y(), width, CARD.height())

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self._cell

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        artifact: Artifact | None = index.data(Qt.ItemDataRole.UserRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        card = self._card(option.rect)
        self._paper(painter, card, option.state)
        if artifact is not None:
            self._content(painter, card, artifact)
        painter.restore()

    def _content(self, painter: QPainter, card: QRect, artifact: Artifact) -> None:
        inner = card.adjusted(12, 10, -12, -10)
        room = QRect(inner.x(), inner.y(), inner.width(), PICTURE - 8)
        shown, start, end = snippet(self.terms, *artifact.said) if self.terms else ("", 0, 0)
        picture = self._thumbnails.of(artifact)
        if picture is not None:
            self._picture(painter, card, picture, at_left=artifact.kind in AT_LEFT)
            if end and shown[start:end] not in artifact.title:
                self._caption(painter, card, shown, start, end)
        elif self._thumbnails.is_known(artifact):
            text = shown if end else " ".join((artifact.text or artifact.prompt).split())[:400]
            self._words(painter, room, artifact, text, start, end)
        self._foot(painter, inner, artifact)

    def _paper(self, painter: QPainter, card: QRect, state: QStyle.StateFlag) -> None:
        color = self._look.theme.color
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        path = QPainterPath()
        path.addRoundedRect(QRectF(card).adjusted(1, 1, -1, -1), 12, 12)
        painter.fillPath(path, color("raised" if hovered or selected else "panel"))
        edge = "accent" if selected else "mute" if focused else "line"
        painter.setPen(QPen(color(edge), 2 if selected else 1))
        painter.drawPath(path)

    def _picture(self, painter: QPainter, card: QRect, picture: QImage, *, at_left: bool) -> None:
        frame = QRectF(card.x() + 2, card.y() + 2, card.width() - 4, PICTURE + 2)
        clip = QPainterPath()
        clip.addRoundedRect(frame.adjusted(0, 0, 0, 12), 11, 11)
        painter.save()
        painter.setClipPath(clip)
        painter.setClipRect(frame, Qt.ClipOperation.IntersectClip)
        place = whole(frame, picture.size())
        if at_left:  # lines begin where those of the title do
            place.moveLeft(frame.left())
        painter.drawImage(place, picture)
        painter.restore()

    def _caption(self, painter: QPainter, card: QRect, text: str, start: int, end: int) -> None:
        """Say on the foot of a picture what of its prompt or text was found."""
        strip = QRect(card.x() + 2, card.y() + PICTURE - 18, card.width() - 4, 20)
        paper = self._look.theme.color("panel")
        paper.setAlpha(225)
        painter.fillRect(strip, paper)
        painter.setFont(self._small)
        metrics = QFontMetrics(self._small)
        first = max(0, start - 8)
        before, word = ("…" if first else "") + text[first:start], text[start:end]
        x, y = strip.x() + 10, strip.y() + (strip.height() + metrics.ascent() - 3) // 2
        for part, name in ((before, "mute"), (word, "accent"), (text[end:], "mute")):
            part = metrics.elidedText(
                part.replace("\n", " "), Qt.TextElideMode.ElideRight, strip.right() - 8 - x
            )
            painter.setPen(self._look.theme.color(name))
            painter.drawText(x, y, part)
            x += metrics.horizontalAdvance(part)

    def _words(
        self, painter: QPainter, room: QRect, artifact: Artifact, text: str, start: int, end: int
    ) -> None:
        look = self._look
        ratio = painter.device().devicePixelRatioF()
        icon = look.icons.pixmap(*look.kinds.icon(artifact.kind), 16, ratio)
        painter.drawPixmap(room.x(), room.y() + 2, icon)
        below = room.adjusted(0, 24, 0, 0)
        line = QFontMetrics(self._text).lineSpacing()
        below.setHeight(below.height() // line * line)  # no half lines
        painter.setClipRect(below)
        layout = QTextLayout(text.replace("\n", " "), self._text)
        wrapped = QTextOption()
        wrapped.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(wrapped)
        layout.beginLayout()
        top = 0
        while top < below.height() and (row := layout.createLine()).isValid():
            row.setLineWidth(below.width())
            row.setPosition(QPointF(0, top))
            top += line
        layout.endLayout()
        painter.setPen(look.theme.color("mute"))
        layout.draw(painter, QPointF(below.topLeft()), _marked(look, start, end))
        painter.setClipping(False)

    def _foot(self, painter: QPainter, inner: QRect, artifact: Artifact) -> None:
        look = self._look
        top = inner.y() + PICTURE
        painter.setFont(self._title)
        painter.setPen(look.theme.color("text"))
        title = artifact.title or artifact.prompt or artifact.kind
        metrics = QFontMetrics(self._title)
        line = metrics.elidedText(
            " ".join(title[:200].split()), Qt.TextElideMode.ElideRight, inner.width()
        )
        painter.drawText(
            QRect(inner.x(), top + 4, inner.width(), 20), Qt.AlignmentFlag.AlignVCenter, line
        )
        painter.setFont(self._small)
        painter.setPen(look.theme.color("mute"))
        caption = f"{look.kinds.one(artifact.kind)} · {ago(artifact.created)}"
        painter.drawText(
            QRect(inner.x(), top + 26, inner.width(), 18), Qt.AlignmentFlag.AlignVCenter, caption
        )
        ratio = painter.device().devicePixelRatioF()
        right = inner.right() - 14
        for icon, color in marks_of(artifact):
            painter.drawPixmap(right, top + 28, look.icons.pixmap(icon, color, 14, ratio))
            right -= 18


def _marked(look: Appearance, start: int, end: int) -> list[QTextLayout.FormatRange]:
    """Return how a word that was found is written."""
    if not end:
        return []
    marked = QTextLayout.FormatRange()
    marked.start, marked.length = start, end - start
    form = QTextCharFormat()
    form.setForeground(look.theme.color("accent"))
    form.setFontWeight(600)
    marked.format = form
    return [marked]


def whole(frame: QRectF, picture: QSize) -> QRectF:
    """Return where a picture lies in ``frame`` so that nothing of it is cut off."""
    size = picture.scaled(frame.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF(0, 0, size.width(), size.height())
    target.moveCenter(frame.center())
    return target


def marks_of(artifact: Artifact) -> list[tuple[str, str]]:
    """Return (icon, colour) of each status mark on a card: starred, checked, failed."""
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
        return tr("just now")
    if seconds < 3600:
        return tr("{n} min ago").format(n=int(seconds // 60))
    if seconds < 86_400:
        return tr("{n} h ago").format(n=int(seconds // 3600))
    if seconds < 2 * 86_400:
        return tr("yesterday")
    day = QDateTime.fromSecsSinceEpoch(int(moment)).date()
    form = tr("d MMMM yyyy") if seconds > 300 * 86_400 else tr("d MMMM")
    return QLocale().toString(day, form)
