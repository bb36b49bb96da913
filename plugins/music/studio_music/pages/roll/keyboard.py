"""The keys at the left of the notes: a press lets one be heard. Makes no sound itself."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.pages.phrases import pitch_name
from studio_music.pages.roll.colours import Colours
from studio_music.pages.roll.painter import is_black
from studio_music.pages.roll.viewport import Viewport
from studio_music.score.theory.instruments import DRUMS

WIDTH = 52
_DRUM_WIDTH = 104
_BLACK = 0.62
"""How far a black key reaches."""


class Keyboard(QWidget):
    """A piano, or the names of drums.

    Signals:
        pressed: A key, by its pitch.
    """

    pressed = Signal(int)

    def __init__(self, document: Document, camera: Viewport) -> None:
        super().__init__()
        self._document, self._camera = document, camera
        self.shades: Colours | None = None
        self._down = self._hover = -1
        self.setFixedWidth(WIDTH)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Keyboard: click a key to hear its note"))
        camera.moved.connect(self.update)
        document.picked.connect(self._on_picked)

    def show_hover(self, pitch: int) -> None:
        """Mark the key of the row under the mouse."""
        if pitch != self._hover:
            self._hover = pitch
            self.update()

    def _on_picked(self) -> None:
        self.setFixedWidth(_DRUM_WIDTH if self._document.track.drums else WIDTH)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the keys in view."""
        if self.shades is None:
            return
        painter = QPainter(self)
        font = painter.font()
        font.setPixelSize(max(7, min(11, int(self._camera.row) - 2)))
        painter.setFont(font)
        if self._document.track.drums:
            self._paint_drums(painter, self.shades)
        else:
            self._paint_piano(painter, self.shades)
        painter.setPen(QPen(self.shades.bar_line, 1))
        right = self.width() - 0.5
        painter.drawLine(QPointF(right, 0), QPointF(right, self.height()))

    def _paint_piano(self, painter: QPainter, shades: Colours) -> None:
        painter.fillRect(self.rect(), shades.white_key)
        sounding = {note.pitch for note in self._document.selected} | {self._down}
        low, high = self._camera.rows
        room = int(self.width() * _BLACK)
        for pitch in range(low, high + 1):
            row = QRectF(0, self._camera.y(pitch), self.width(), self._camera.row)
            lit = pitch in sounding
            if is_black(pitch):
                key = QRectF(0, row.top(), room, row.height())
                painter.fillRect(key, shades.accent if lit else shades.black_key)
                middle = round(row.center().y()) + 0.5
                painter.setPen(QPen(shades.faint, 1))
                painter.drawLine(QPointF(room, middle), QPointF(self.width(), middle))
            elif lit:
                painter.fillRect(row, shades.accent)
            if pitch % 12 in (0, 5):
                bottom = round(row.bottom()) - 0.5
                painter.setPen(QPen(shades.faint, 1))
                painter.drawLine(QPointF(0, bottom), QPointF(self.width(), bottom))
            named = pitch % 12 == 0 or pitch == self._hover
            if named and self._camera.row >= 7:
                painter.setPen(shades.ink if lit else shades.key_name)
                where = row.adjusted(room + 1 if not is_black(pitch) else 2, 0, -3, 0)
                if is_black(pitch):
                    painter.setPen(shades.text if shades.dark else shades.white_key)
                    where = row.adjusted(3, 0, 0, 0)
                painter.drawText(
                    where,
                    Qt.AlignmentFlag.AlignVCenter
                    | (
                        Qt.AlignmentFlag.AlignLeft
                        if is_black(pitch)
                        else Qt.AlignmentFlag.AlignRight
                    ),
                    pitch_name(pitch, self._document.piece.key),
                )

    def _paint_drums(self, painter: QPainter, shades: Colours) -> None:
        painter.fillRect(self.rect(), shades.paper)
        for pitch in self._camera.pitches():
            row = QRectF(0, self._camera.y(pitch), self.width(), self._camera.row)
            if pitch == self._down:
                painter.fillRect(row, shades.soft)
            name = DRUMS.get(pitch, str(pitch))
            if self._camera.row >= 8:
                painter.setPen(shades.text if pitch == self._hover else shades.mute)
                where = row.adjusted(6, 0, -4, 0)
                short = painter.fontMetrics().elidedText(
                    name, Qt.TextElideMode.ElideRight, int(where.width())
                )
                painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, short)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Let a key be heard."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._press(self._camera.pitch(event.position().y()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Slide over the keys."""
        pitch = self._camera.pitch(event.position().y())
        self.show_hover(pitch)
        if event.buttons() & Qt.MouseButton.LeftButton and pitch != self._down:
            self._press(pitch)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._down = -1
        self.update()

    def leaveEvent(self, event: object) -> None:
        """Nothing is under the mouse."""
        self.show_hover(-1)

    def _press(self, pitch: int) -> None:
        self._down = pitch
        self.update()
        self.pressed.emit(pitch)
