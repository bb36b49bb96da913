"""How hard the notes are struck: a stick for each, dragged up and down."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from studio.api.window.language import tr
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.editor.edits import Edited, Notes
from studio_music.pages.roll.colours import Colours
from studio_music.pages.roll.gestures import Desk
from studio_music.pages.roll.painter import Timelines
from studio_music.pages.roll.viewport import Viewport
from studio_music.score.piece import Piece

HEIGHT = 58
_MARGIN = 6.0
_NEAR = 5.0


class VelocityLane(QWidget):
    """The lane below the notes."""

    def __init__(self, document: Document, camera: Viewport, desk: Desk) -> None:
        super().__init__()
        self._document, self._camera, self._desk = document, camera, desk
        self.shades: Colours | None = None
        self._timelines = Timelines()
        self._begin: tuple[Piece, Notes] | None = None
        self._at = QPointF()
        self._held: Notes = edits.NONE
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("Velocities: arrow keys change those of the selection"))
        self.setToolTip(tr("Velocity: drag a bar, or all bars of the selection at once"))
        camera.moved.connect(self.update)
        document.changed.connect(self.update)
        document.picked.connect(self.update)

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the sticks in view."""
        shades, document, camera = self.shades, self._document, self._camera
        if shades is None:
            return
        painter = QPainter(self)
        painter.fillRect(event.rect(), shades.paper)
        painter.setPen(QPen(shades.snap_line, 1))
        for level in (32, 64, 96):
            y = round(self._y(level)) + 0.5
            painter.drawLine(QPointF(0, y), QPointF(self.width(), y))
        painter.setPen(QPen(shades.line, 1))
        painter.drawLine(QPointF(0, 0.5), QPointF(self.width(), 0.5))
        timeline = self._timelines.of(document.current, document.track)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for note in timeline.between(*camera.span):
            x, y = camera.x(note.start) + 1, self._y(note.velocity)
            chosen = note in document.selected
            color = shades.text if chosen else shades.note(document.current, note.velocity)
            painter.fillRect(QRectF(x - 1, y, 2, self.height() - y), color)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(QPointF(x, y), 3.2, 3.2)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(shades.accent, 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _y(self, velocity: float) -> float:
        room = self.height() - 2 * _MARGIN
        return _MARGIN + room * (1 - velocity / 127)

    def _velocity(self, y: float) -> int:
        room = self.height() - 2 * _MARGIN
        return max(1, min(127, round(127 * (1 - (y - _MARGIN) / room))))

    # --- mouse and keys -----------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the sticks at a place."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._begin = self._document.settled, self._document.selected
            self._at, self._held = event.position(), self._near(event.position().x())
            self._follow(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Set them."""
        if self._begin is not None:
            self._follow(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Keep that."""
        if self._begin is not None:
            self._begin, self._held = None, edits.NONE
            self._document.commit(tr("Change velocities"))

    def _follow(self, place: QPointF) -> None:
        assert self._begin is not None
        document, (piece, selected) = self._document, self._begin
        level = self._velocity(place.y())
        if self._held & selected:  # all of the selection, each by the same
            by = level - self._velocity(self._at.y())
            if abs(place.y() - self._at.y()) <= 1:
                return
            document.preview(edits.louder(piece, document.current, selected, by))
            return
        painted = self._near(place.x(), self._at.x())
        if painted:
            done = edits.set_velocity(document.piece, document.current, painted, level)
            touched = {replace(note, velocity=level) for note in painted & document.selected}
            document.preview(Edited(done.piece, (document.selected - painted) | touched))
            self._desk.velocity = level
        self._at = place

    def _near(self, x: float, before: float | None = None) -> Notes:
        """Return the notes whose sticks stand at ``x``, or between ``before`` and it."""
        left, right = sorted((x, x if before is None else before))
        camera = self._camera
        timeline = self._timelines.of(self._document.current, self._document.track)
        near = [
            note
            for note in timeline.between(camera.tick(left - _NEAR), camera.tick(right + _NEAR))
            if left - _NEAR <= camera.x(note.start) + 1 <= right + _NEAR
        ]
        if left == right and near:
            first = min(near, key=lambda note: abs(camera.x(note.start) + 1 - x))
            near = [note for note in near if note.start == first.start]
        return frozenset(near)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down change the velocities of the selection."""
        by = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
        document = self._document
        if by and document.selected:
            step = 10 * by if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else by
            edited = edits.louder(document.piece, document.current, document.selected, step)
            document.apply(tr("Change velocities"), edited, merge="velocity")
        else:
            super().keyPressEvent(event)
