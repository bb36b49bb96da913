"""Mouse gestures among the notes: each press starts one. Paints nothing.

A gesture previews its edit in the document and becomes one undo step when the button is let go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, Qt

from studio.api.window.language import tr
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.editor.edits import NONE, Notes
from studio_music.pages.editor.grid import snapped, snapped_down
from studio_music.pages.roll.painter import note_box
from studio_music.pages.roll.viewport import Viewport
from studio_music.score.piece import TICKS, Note

EDGE = 6.0
"""Pixels at the right of a note that change its length."""
_SLACK = 3.0
"""The mouse may tremble so many pixels before a press becomes a drag."""

_ADDING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier


@dataclass
class Desk:
    """What gestures work on.

    Attributes:
        snap: Ticks of the grid; 1 for none.
        pencil: Whether a press on an empty place draws.
        length: Ticks that the next note will have.
        velocity: Of the next note.
        sound: Lets a pitch be heard.
    """

    document: Document
    camera: Viewport
    snap: int = TICKS // 4
    pencil: bool = False
    length: int = TICKS
    velocity: int = 80
    sound: Callable[[int], None] = field(default=lambda pitch: None)

    def grid(self, modifiers: Qt.KeyboardModifier) -> int:
        """Return the snap in force: Alt lets go of it."""
        return 1 if modifiers & Qt.KeyboardModifier.AltModifier else self.snap

    def note_at(self, place: QPointF) -> Note | None:
        """Return the note under the mouse; of several, the one painted last."""
        camera, track = self.camera, self.document.track
        tick, pitch = camera.tick(place.x()), camera.pitch(place.y())
        slack = EDGE / camera.scale / 2
        near = edits.within(track, tick - slack, tick + slack, pitch, pitch)
        hit = [n for n in near if note_box(camera, n, track.drums).contains(place)]
        return max(hit, default=None)

    def at_edge(self, note: Note, place: QPointF) -> bool:
        """Whether the mouse is where a note's length is changed."""
        if self.document.track.drums:
            return False
        box = note_box(self.camera, note)
        return place.x() > box.right() - min(EDGE, box.width() / 3)


class Gesture(Protocol):
    """What goes on between press and release."""

    def move(self, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The mouse is elsewhere."""

    def finish(self) -> None:
        """The button was let go."""

    def band(self) -> QRectF | None:
        """Return the rubber band to paint."""


def begin(desk: Desk, place: QPointF, modifiers: Qt.KeyboardModifier, double: bool) -> Gesture:
    """Return the gesture that a press of the left button starts."""
    document, note = desk.document, desk.note_at(place)
    if note is None:
        if desk.pencil or double:
            return Draw(desk, place, modifiers)
        return Band(desk, place, modifiers)
    adding, selected = bool(modifiers & _ADDING), note in document.selected
    if not selected:
        document.select(frozenset({note}) | (document.selected if adding else NONE))
    desk.length, desk.velocity = note.length, note.velocity
    desk.sound(note.pitch)
    if desk.at_edge(note, place):
        return Resize(desk, place)
    rest = document.selected - {note} if adding else frozenset({note})
    return Move(desk, note, place, rest if selected else document.selected)


class Draw:
    """A new note; dragging makes it longer or shorter."""

    def __init__(self, desk: Desk, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._desk = desk
        document, snap = desk.document, desk.grid(modifiers)
        self._begin = document.settled
        self._start = snapped_down(self._begin, desk.camera.tick(place.x()), snap)
        self._pitch, self._at = desk.camera.pitch(place.y()), place
        self._preview(desk.length)
        desk.sound(self._pitch)

    def _preview(self, length: int) -> None:
        note = Note(self._start, self._pitch, length, self._desk.velocity)
        document = self._desk.document
        document.preview(edits.add(self._begin, document.current, [note]))

    def move(self, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Set its end."""
        if abs(place.x() - self._at.x()) <= _SLACK:
            return
        snap = self._desk.grid(modifiers)
        end = snapped(self._begin, self._desk.camera.tick(place.x()), snap)
        self._desk.length = max(snap, end - self._start)
        self._preview(self._desk.length)

    def finish(self) -> None:
        """Keep it."""
        self._desk.document.commit(tr("Draw a note"))

    def band(self) -> None:
        """None."""
        return


class Move:
    """Moves the selection by time and pitch; with Ctrl, a copy of it.

    ``clicked`` is what is selected in the end if the mouse stays where it is.
    """

    def __init__(self, desk: Desk, held: Note, place: QPointF, clicked: Notes) -> None:
        self._desk, self._held, self._at, self._clicked = desk, held, place, clicked
        self._begin, self._chosen = desk.document.settled, desk.document.selected
        self._pitch = desk.camera.pitch(place.y())
        self._tick = desk.camera.tick(place.x())
        self._heard = held.pitch
        self._moved = self._copied = False

    def move(self, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Preview where the notes would go."""
        if not self._moved and (place - self._at).manhattanLength() <= _SLACK:
            return
        desk, held, document = self._desk, self._held, self._desk.document
        self._moved = True
        self._copied = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        aim = held.start + desk.camera.tick(place.x()) - self._tick
        ticks = snapped(self._begin, aim, desk.grid(modifiers)) - held.start
        if abs(aim - held.start) * desk.camera.scale <= _SLACK:
            ticks = 0
        pitches = desk.camera.pitch(place.y()) - self._pitch
        edit = edits.copy_to if self._copied else edits.move
        document.preview(edit(self._begin, document.current, self._chosen, ticks, pitches))
        if held.pitch + pitches != self._heard:
            self._heard = held.pitch + pitches
            desk.sound(max(0, min(127, self._heard)))

    def finish(self) -> None:
        """Keep it."""
        document = self._desk.document
        if self._moved:
            document.commit(tr("Copy notes") if self._copied else tr("Move notes"))
        else:
            document.select(self._clicked)

    def band(self) -> None:
        """None."""
        return


class Resize:
    """Moves the ends of the selection."""

    def __init__(self, desk: Desk, place: QPointF) -> None:
        self._desk, self._tick = desk, desk.camera.tick(place.x())
        self._begin, self._chosen = desk.document.settled, desk.document.selected
        self._held = max(
            (n for n in self._chosen if n.start <= self._tick), key=lambda n: n.start, default=None
        )
        self._at = place

    def move(self, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Preview the lengths."""
        if self._held is None:
            return
        desk, document, snap = self._desk, self._desk.document, self._desk.grid(modifiers)
        aim = self._held.end + desk.camera.tick(place.x()) - self._tick
        ticks = snapped(self._begin, aim, snap) - self._held.end
        if abs(place.x() - self._at.x()) <= _SLACK:
            ticks = 0
        edited = edits.resize(self._begin, document.current, self._chosen, ticks, snap)
        desk.length = max(self._held.length + ticks, snap)
        document.preview(edited)

    def finish(self) -> None:
        """Keep it."""
        self._desk.document.commit(tr("Change lengths"))

    def band(self) -> None:
        """None."""
        return


class Band:
    """A rubber band: selects the notes it touches; with Shift or Ctrl, adds them."""

    def __init__(self, desk: Desk, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._desk, camera = desk, desk.camera
        self._from = QPointF(camera.tick(place.x()), place.y() + camera.top)
        self._to = place
        self._before: Notes = desk.document.selected if modifiers & _ADDING else NONE
        desk.document.select(self._before)

    def move(self, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Select what lies within."""
        self._to = place
        camera, document = self._desk.camera, self._desk.document
        box = self.band()
        start, end = camera.tick(box.left()), camera.tick(box.right())
        low, high = camera.pitch(box.bottom()), camera.pitch(box.top())
        document.select(self._before | edits.within(document.track, start, end, low, high))

    def finish(self) -> None:
        """Nothing is left to do."""

    def band(self) -> QRectF:
        """Return the band as it stands in view: it holds to the music while that scrolls."""
        camera = self._desk.camera
        start = QPointF(camera.x(self._from.x()), self._from.y() - camera.top)
        return QRectF(start, self._to).normalized()
