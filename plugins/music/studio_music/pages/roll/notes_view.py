"""The notes themselves: a canvas that is scrolled, zoomed and edited by mouse and keys."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.pages.phrases import pitch_name
from studio_music.pages.roll.colours import Colours
from studio_music.pages.roll.gestures import Desk, Gesture, begin
from studio_music.pages.roll.key_bindings import KeyBindings
from studio_music.pages.roll.painter import RollPainter, Timelines
from studio_music.pages.roll.viewport import Viewport

_BEHIND_END = 8 * 1920
"""So many ticks behind the end can be scrolled to, to go on writing."""
_SCROLL_MS = 30


class NotesView(QWidget):
    """The middle of the roll.

    Signals:
        menu_asked: The user wants what can be done with the selection; carries where.
        hovered: The tick and pitch under the mouse; −1, −1 when it left.
    """

    menu_asked = Signal(QPoint)
    hovered = Signal(float, int)

    def __init__(self, document: Document, camera: Viewport, desk: Desk, keys: KeyBindings) -> None:
        super().__init__()
        self._document, self._camera, self._desk, self._keys = document, camera, desk, keys
        self.shades: Colours | None = None
        self.playhead = 0
        self.loop: tuple[int, int] | None = None
        self._gesture: Gesture | None = None
        self._pan: tuple[QPointF, float, float] | None = None
        self._timelines = Timelines()
        self._place = QPointF()
        self._scroller = QTimer(self)
        self._scroller.setInterval(_SCROLL_MS)
        self._scroller.timeout.connect(self._scroll_on)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Piano roll"))
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        camera.moved.connect(self.update)
        document.changed.connect(self._on_changed)
        document.picked.connect(self._on_picked)
        self._on_changed()

    def sizeHint(self) -> QSize:
        """Return a size that shows four bars."""
        return QSize(480, 240)

    def minimumSizeHint(self) -> QSize:
        """Return a size that still shows an octave."""
        return QSize(160, 72)

    # --- following ----------------------------------------------------------------------------

    def _on_changed(self) -> None:
        length = self._document.piece.end + _BEHIND_END
        if length != self._camera.length:
            self._camera.length = length
            self._camera.moved.emit()
        self.update()

    def _on_picked(self) -> None:
        notes, key = self._document.selected, self._document.piece.key
        names = ", ".join(pitch_name(note.pitch, key) for note in sorted(notes)[:8])
        words = tr("{count} notes selected: {names}") if notes else tr("nothing selected")
        self.setAccessibleDescription(words.format(count=len(notes), names=names))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell the camera how much is in view."""
        super().resizeEvent(event)
        self._camera.resize(self.width(), self.height())

    def set_playhead(self, tick: int) -> None:
        """Move the playhead; only the two stripes it concerns are painted."""
        if tick != self.playhead:
            for place in (self.playhead, tick):
                x = round(self._camera.x(place))
                self.update(QRect(x - 2, 0, 5, self.height()))
            self.playhead = tick

    def set_loop(self, loop: tuple[int, int] | None) -> None:
        """Show the loop range."""
        self.loop = loop
        self.update()

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the visible part of the exposed region."""
        shades, camera, document = self.shades, self._camera, self._document
        if shades is None:
            return
        painter = QPainter(self)
        painter.setClipRect(event.rect())
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        room, track = QRectF(event.rect()), document.track
        paper = RollPainter(painter, room, camera, shades, document.piece)
        paper.rows(drums=track.drums)
        paper.lines(self._desk.snap)
        self._paint_loop(painter, room, shades)
        paper.beyond()
        if document.piece.tracks:
            self._paint_notes(paper)
        self._paint_band(painter, shades)
        painter.setPen(QPen(shades.playhead, 1.5))
        x = round(camera.x(self.playhead)) + 0.5
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        if self.hasFocus():
            painter.setPen(QPen(shades.accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_notes(self, paper: RollPainter) -> None:
        document = self._document
        for place, track in enumerate(document.piece.tracks):
            aside = track.muted or track.drums or document.track.drums
            if place != document.current and not aside:  # among drums a pitch is no pitch
                paper.ghosts(place, self._timelines.of(place, track))
        timeline = self._timelines.of(document.current, document.track)
        paper.notes(document.current, timeline, document.selected)
        if not document.track.notes:
            words = tr("Double-click to draw a note, or press Return")
            if self._desk.pencil:
                words = tr("Click to draw a note, drag to make it longer, or press Return")
            paper.words(words, QRectF(self.rect()))

    def _paint_loop(self, painter: QPainter, room: QRectF, shades: Colours) -> None:
        if self.loop is None:
            return
        left, right = self._camera.x(self.loop[0]), self._camera.x(self.loop[1])
        painter.fillRect(QRectF(left, room.top(), right - left, room.height()), shades.soft)

    def _paint_band(self, painter: QPainter, shades: Colours) -> None:
        band = self._gesture.band() if self._gesture is not None else None
        if band is not None and band.width() + band.height() > 4:
            painter.setPen(QPen(shades.accent, 1))
            painter.setBrush(shades.soft)
            painter.drawRect(band)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring away."""
        super().focusOutEvent(event)
        self.update()

    # --- mouse --------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a gesture, or pan with the middle button."""
        self._press(event, double=False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click draws."""
        self._press(event, double=True)

    def _press(self, event: QMouseEvent, *, double: bool) -> None:
        if event.button() is Qt.MouseButton.MiddleButton:
            self._pan = (event.position(), self._camera.left, self._camera.top)
        elif event.button() is Qt.MouseButton.LeftButton and self._document.piece.tracks:
            self._gesture = begin(self._desk, event.position(), event.modifiers(), double)
            self._scroller.start()
        self._place = event.position()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Continue the gesture, or show the cursor for a press here."""
        self._place = event.position()
        if self._pan is not None:
            start, left, top = self._pan
            by = event.position() - start
            self._camera.scroll_to(left - by.x(), top - by.y())
        elif self._gesture is not None:
            self._gesture.move(event.position(), event.modifiers())
            self.update()
        else:
            self._show_cursor(event.position())
        self.hovered.emit(self._camera.tick(self._place.x()), self._camera.pitch(self._place.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Finish the gesture."""
        gesture, self._gesture, self._pan = self._gesture, None, None
        self._scroller.stop()
        if gesture is not None:
            gesture.finish()
            self.update()

    def leaveEvent(self, event: object) -> None:
        """Nothing is under the mouse."""
        self.hovered.emit(-1.0, -1)

    def _show_cursor(self, place: QPointF) -> None:
        note = self._desk.note_at(place)
        shapes = Qt.CursorShape
        if note is not None and self._desk.at_edge(note, place):
            shape = shapes.SizeHorCursor
        elif note is not None:
            shape = shapes.OpenHandCursor
        else:
            shape = shapes.CrossCursor if self._desk.pencil else shapes.ArrowCursor
        self.setCursor(shape)

    def _scroll_on(self) -> None:
        """While something is dragged beyond the edge, the music comes along."""
        room, place = self.rect(), self._place
        across = min(0.0, place.x()) + max(0.0, place.x() - room.width())
        down = min(0.0, place.y()) + max(0.0, place.y() - room.height())
        if (across or down) and self._gesture is not None:
            self._camera.scroll_to(self._camera.left + across / 2, self._camera.top + down / 2)
            self._gesture.move(place, Qt.KeyboardModifier.NoModifier)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl zoom time, with Ctrl+Shift zoom pitch, with Shift scroll along."""
        turn, held = event.angleDelta(), event.modifiers()
        by = turn.y() or turn.x()
        control = bool(held & Qt.KeyboardModifier.ControlModifier)
        shift = bool(held & Qt.KeyboardModifier.ShiftModifier)
        if control and shift:
            self._camera.zoom_pitch(1.0015**by, event.position().y())
        elif control:
            self._camera.zoom_time(1.0015**by, event.position().x())
        elif shift:
            self._camera.scroll_to(self._camera.left - by * 0.6, self._camera.top)
        else:
            self._camera.scroll_to(
                self._camera.left - turn.x() * 0.6, self._camera.top - turn.y() * 0.6
            )
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Select the note under the mouse, then ask for the menu."""
        note = self._desk.note_at(QPointF(event.pos()))
        by_mouse = event.reason() is QContextMenuEvent.Reason.Mouse
        if by_mouse and note is not None and note not in self._document.selected:
            self._document.select(frozenset({note}))
        self.menu_asked.emit(event.globalPos())

    # --- keys ---------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Edit by keys; Escape cancels the drag."""
        if event.key() == Qt.Key.Key_Escape and self._gesture is not None:
            self._gesture = None
            self._document.give_up()
            self.update()
        elif self._gesture is not None or not self._keys.press(event):
            event.ignore()
