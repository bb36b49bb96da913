"""Painting of the roll: rows, lines and notes, and only those in view. Knows no widget."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from studio_music.pages.editor.edits import Notes
from studio_music.pages.editor.grid import Bar, bars
from studio_music.pages.phrases import note_name
from studio_music.pages.roll.colours import BLACK_KEYS, Colours
from studio_music.pages.roll.viewport import Viewport
from studio_music.score.piece import Note, Piece, Track

_LINES_APART = 9.0
"""Finer lines than so many pixels are left out."""
_ROUND_FROM = 5.0
"""Notes of at least this height have round corners and an outline."""
_ACCENTS = {"accent": ">", "marcato": "^"}
_NAMED_FROM = 13.0
"""Notes of at least this height say what they are."""


class Timeline:
    """The notes of one track, so that those in view are found without looking at all of them."""

    def __init__(self, notes: tuple[Note, ...]) -> None:
        self.notes = notes
        self._starts = [note.start for note in notes]
        self._longest = max((note.length for note in notes), default=0)

    def between(self, start: float, end: float) -> Iterator[Note]:
        """Yield the notes that sound between two ticks, in order."""
        first = bisect_left(self._starts, start - self._longest)
        for place in range(first, bisect_left(self._starts, end)):
            if self.notes[place].end > start:
                yield self.notes[place]


class Timelines:
    """Timelines of the tracks, cached while their notes stay the same."""

    def __init__(self) -> None:
        self._known: dict[int, Timeline] = {}

    def of(self, place: int, track: Track) -> Timeline:
        """Return the timeline of a track."""
        timeline = self._known.get(place)
        if timeline is None or timeline.notes is not track.notes:
            timeline = self._known[place] = Timeline(track.notes)
        return timeline


class RollPainter:
    """Paints a piece into a room of the canvas.

    Attributes:
        room: What is to be painted of it; nothing outside is looked at.
    """

    def __init__(
        self, painter: QPainter, room: QRectF, camera: Viewport, shades: Colours, piece: Piece
    ) -> None:
        self._painter, self.room, self._camera = painter, room, camera
        self._shades, self._piece = shades, piece
        self._span = camera.tick(room.left()), camera.tick(room.right()) + 1
        self._rows = camera.rows

    # --- the paper ----------------------------------------------------------------------------

    def rows(self, *, drums: bool) -> None:
        """Paint a row for each pitch: those of the scale lighter, the tonic's tinted."""
        painter, camera, room, shades = self._painter, self._camera, self.room, self._shades
        painter.fillRect(room, shades.scale_row)
        scale, tonic = set(self._piece.key.scale), self._piece.key.pitch_class
        for place, pitch in enumerate(camera.pitches()):
            row = QRectF(room.left(), camera.y(pitch), room.width(), camera.row)
            if drums:
                painter.fillRect(row, shades.other_row if place % 2 else shades.scale_row)
            elif pitch % 12 == tonic:
                painter.fillRect(row, shades.tonic_row)
            elif pitch % 12 not in scale:
                painter.fillRect(row, shades.other_row)
        for pitch in camera.pitches():
            if pitch % 12 == 0 or camera.row >= _LINES_APART:
                y = round(camera.y(pitch) + camera.row) - 0.5
                painter.setPen(QPen(shades.snap_line if pitch % 12 else shades.line, 1))
                painter.drawLine(QLineF(room.left(), y, room.right(), y))

    def lines(self, snap: int) -> None:
        """Paint the lines of bars, beats and, where there is room, of the snap."""
        shades, scale = self._shades, self._camera.scale
        fine: list[int] = []
        beats: list[int] = []
        strong: list[int] = []
        start, end = (int(max(0, tick)) for tick in self._span)
        for bar in bars(self._piece, start, max(1, end)):
            if (bar.end - bar.start) * scale < _LINES_APART / 2 and bar.number % 4 != 1:
                continue
            strong.append(bar.start)
            if bar.beat * scale >= _LINES_APART:
                beats += range(bar.start + bar.beat, bar.end, bar.beat)
            if 1 < snap < bar.beat and snap * scale >= _LINES_APART:
                fine += _between_beats(bar, snap)
        pens = ((fine, shades.snap_line), (beats, shades.line), (strong, shades.bar_line))
        for ticks, color in pens:
            self._painter.setPen(QPen(color, 1))
            self._painter.drawLines([self._upright(tick) for tick in ticks])

    def _upright(self, tick: int) -> QLineF:
        x = round(self._camera.x(tick)) + 0.5
        return QLineF(x, self.room.top(), x, self.room.bottom())

    def beyond(self) -> None:
        """Darken what lies behind the end of the piece."""
        room, x = self.room, self._camera.x(self._piece.length)
        if x < room.right():
            left = max(room.left(), x)
            behind = QRectF(left, room.top(), room.right() - left, room.height())
            self._painter.fillRect(behind, self._shades.beyond)

    def words(self, words: str, where: QRectF) -> None:
        """Write a line into the middle of ``where``."""
        font = self._painter.font()
        font.setPixelSize(13)
        self._painter.setFont(font)
        self._painter.setPen(self._shades.mute)
        self._painter.drawText(where, Qt.AlignmentFlag.AlignCenter, words)

    # --- notes --------------------------------------------------------------------------------

    def _in_view(self, timeline: Timeline) -> Iterator[Note]:
        low, high = self._rows
        return (note for note in timeline.between(*self._span) if low <= note.pitch <= high)

    def ghosts(self, place: int, timeline: Timeline) -> None:
        """Paint the notes of a track that is not edited."""
        color = self._shades.ghost(place)
        for note in self._in_view(timeline):
            self._painter.fillRect(note_box(self._camera, note), color)

    def notes(self, place: int, timeline: Timeline, selected: Notes) -> None:
        """Paint the notes of the track that is edited, the selected ones last."""
        painter, shades, track = self._painter, self._shades, self._piece.tracks[place]
        corner = min(3.0, self._camera.row / 4)
        edge, chosen = QPen(shades.edge(place), 1), []
        round_ones = self._camera.row >= _ROUND_FROM
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, round_ones)
        painter.setPen(edge)
        for note in self._in_view(timeline):
            box = note_box(self._camera, note, track.drums)
            if note in selected:
                chosen.append((box, note))
            elif round_ones and box.width() >= 4:
                painter.setBrush(shades.note(place, note.velocity))
                painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), corner, corner)
            else:
                painter.fillRect(box, shades.note(place, note.velocity))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(shades.text, 1.5))
        for box, note in chosen:
            painter.setBrush(shades.note(place, note.velocity))
            painter.drawRoundedRect(box.adjusted(0.5, 0, -0.5, 0), corner, corner)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._camera.row >= _NAMED_FROM and not track.drums:
            self._names(track, timeline)

    def _names(self, track: Track, timeline: Timeline) -> None:
        """Write the names of notes into those that are long enough."""
        painter, shades = self._painter, self._shades
        metrics = QFontMetrics(painter.font())
        painter.setPen(shades.ink if shades.dark else shades.white_key)
        for note in self._in_view(timeline):
            name = note.lyric or note_name(note.pitch, track, self._piece.key)
            name = f"{_ACCENTS[note.accent]} {name}" if note.accent else name
            box = note_box(self._camera, note)
            if box.width() > metrics.horizontalAdvance(name) + 8:
                where = box.adjusted(4, 0, 0, 0)
                painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, name)


def note_box(camera: Viewport, note: Note, drums: bool = False) -> QRectF:
    """Return where a note is painted; a drum is a stroke, however long it is written."""
    width = max(2.0, note.length * camera.scale - 1)
    if drums:
        width = min(width, max(4.0, camera.row * 0.9))
    return QRectF(camera.x(note.start), camera.y(note.pitch) + 0.5, width, camera.row - 1)


def is_black(pitch: int) -> bool:
    """Whether a key of the keyboard is black."""
    return pitch % 12 in BLACK_KEYS


def _between_beats(bar: Bar, snap: int) -> list[int]:
    """Return the places of the grid in a bar where no beat is."""
    return [
        tick for tick in range(bar.start + snap, bar.end, snap) if (tick - bar.start) % bar.beat
    ]
