"""Engraved systems below each other, with the playhead and the selection on them. Engraves none."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from PySide6.QtCore import QByteArray, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from studio.api.window.language import tr
from studio_music.pages.editor.edits import Notes
from studio_music.pages.roll.colours import Colours
from studio_music.pages.score.engraving_request import Sheet
from studio_music.score.engraving.layout import Head

_KEPT = 24
"""So many drawn systems are kept."""
_SLACK = 3.0


class ScoreCanvas(QWidget):
    """The sheet.

    Signals:
        picked: A note: its track, its place among the track's notes, and whether to add it.
        seek_asked: A tick, where no note was hit.
    """

    picked = Signal(int, int, bool)
    seek_asked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.shades: Colours | None = None
        self.sheet: Sheet | None = None
        self._tops: list[float] = []
        self._ticks: list[int] = []
        self._drawn: dict[int, QPixmap] = {}
        self._playhead = 0
        self._chosen: list[Head] = []
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Score"))

    def show_sheet(self, sheet: Sheet | None) -> None:
        """Show a sheet, or none."""
        self.sheet = sheet
        self._drawn.clear()
        self._chosen = []
        sizes = sheet.sizes if sheet else ()
        self._tops = [0.0, *accumulate(height for _, height in sizes)]
        self._ticks = [place.tick for place in sheet.places] if sheet else []
        self.setMinimumHeight(round(self._tops[-1]))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of the sheet."""
        width = max((width for width, _ in self.sheet.sizes), default=0) if self.sheet else 0
        return QSize(round(width), round(self._tops[-1] if self._tops else 0))

    def select(self, track: int, notes: Notes) -> None:
        """Mark the heads of notes."""
        heads, piece = (self.sheet.heads, self.sheet.piece) if self.sheet else ((), None)
        self._chosen = []
        if piece is not None and track < len(piece.tracks) and notes:
            notes_there = piece.tracks[track].notes
            places = {place for place, note in enumerate(notes_there) if note in notes}
            self._chosen = [h for h in heads if h.track == track and h.note in places]
        self.update()

    def set_playhead(self, tick: int) -> QRect:
        """Move the playhead; return where it is."""
        before, self._playhead = self._line(self._playhead), tick
        after = self._line(tick)
        for line in (before, after):
            self.update(line.adjusted(-3, -3, 3, 3).toRect())
        return after.toRect()

    def _line(self, tick: int) -> QRectF:
        """Return the playhead's line at a tick; between two places it moves evenly."""
        if self.sheet is None or not self._ticks:
            return QRectF()
        at = max(0, bisect_right(self._ticks, tick) - 1)
        place, x = self.sheet.places[at], self.sheet.places[at].x
        if at + 1 < len(self._ticks):
            following = self.sheet.places[at + 1]
            if following.page == place.page and following.tick > place.tick:
                share = (tick - place.tick) / (following.tick - place.tick)
                x += max(0.0, min(1.0, share)) * (following.x - place.x)
        return QRectF(x, self._tops[place.page] + place.y - 6, 1.5, place.height + 12)

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the systems in view."""
        if self.sheet is None or self.shades is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown = event.rect()
        for head in self._chosen:
            box = self._box(head).adjusted(-3, -3, 3, 3)
            painter.setPen(QPen(self.shades.accent, 1.5))
            painter.setBrush(self.shades.soft)
            painter.drawRoundedRect(box, 4, 4)
        for page, (width, height) in enumerate(self.sheet.sizes):
            room = QRectF(0, self._tops[page], width, height)
            if room.intersects(shown):
                painter.drawPixmap(room.topLeft(), self._page(page))
        line = self._line(self._playhead)
        if not line.isNull():
            painter.fillRect(line, self.shades.playhead)

    def _page(self, page: int) -> QPixmap:
        if page not in self._drawn:
            while len(self._drawn) >= _KEPT:
                self._drawn.pop(next(iter(self._drawn)))
            self._drawn[page] = self._render(page)
        return self._drawn[page]

    def _render(self, page: int) -> QPixmap:
        assert self.sheet is not None
        ratio, (width, height) = self.devicePixelRatioF(), self.sheet.sizes[page]
        pixmap = QPixmap(max(1, round(width * ratio)), max(1, round(height * ratio)))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer = QSvgRenderer(QByteArray(self.sheet.pages[page].encode()))
        renderer.render(painter, QRectF(0, 0, width, height))
        painter.end()
        return pixmap

    def box_of(self, track: int, note: int) -> QRectF | None:
        """Return where a note of a track begins; None where the sheet does not show it."""
        heads = self.sheet.heads if self.sheet else ()
        first = next((h for h in heads if (h.track, h.note) == (track, note)), None)
        return self._box(first) if first else None

    def _box(self, head: Head) -> QRectF:
        return QRectF(head.x, self._tops[head.page] + head.y, head.width, head.height)

    # --- mouse --------------------------------------------------------------------------------

    def head_at(self, place: QPointF) -> Head | None:
        """Return the notehead at a place."""
        if self.sheet is None:
            return None
        around = QRectF(place.x() - _SLACK, place.y() - _SLACK, 2 * _SLACK, 2 * _SLACK)
        hit = [head for head in self.sheet.heads if self._box(head).intersects(around)]
        middle = [(self._box(h).center() - place).manhattanLength() for h in hit]
        return hit[middle.index(min(middle))] if hit else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show where a click picks a note."""
        hit = self.head_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if hit else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick a note, or put the playhead."""
        head = self.head_at(event.position())
        if head is not None:
            held = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
            adds = bool(event.modifiers() & held)
            if event.button() is Qt.MouseButton.LeftButton or head not in self._chosen:
                self.picked.emit(head.track, head.note, adds)
        elif self.sheet is not None and event.button() is Qt.MouseButton.LeftButton:
            self._seek(event.position())
        event.ignore()  # who is around takes the keys

    def _seek(self, where: QPointF) -> None:
        assert self.sheet is not None
        page = max(0, bisect_right(self._tops, where.y()) - 1)
        near = [place for place in self.sheet.places if place.page == page]
        if near:
            self.seek_asked.emit(min(near, key=lambda place: abs(place.x - where.x())).tick)
