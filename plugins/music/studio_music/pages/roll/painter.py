"""Painting of the roll: rows, lines and notes, and only those in view. Knows no widget."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from studio_music.pages.editing import Notes
from studio_music.pages.grid import bars
from studio_music.pages.roll.camera import Camera
from studio_music.pages.roll.shades import BLACK_KEYS, Shades
from studio_music.pages.wording import note_name
from studio_music.piece import Note, Piece, Track

_LINES_APART = 9.0
"""Finer lines than so many pixels are left out."""
_ROUND_FROM = 5.0
"""Notes of at least this height have round corners and an outline."""


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
    """Timelines of the tracks there are, kept while their notes stay the same."""

    def __init__(self) -> None:
        self._known: dict[int, Timeline] = {}

    def of(self, place: int, track: Track) -> Timeline:
        """Return the timeline of a track."""
        known = self._known.get(place)
        if known is None or known.notes is not track.notes:
            known = self._known[place] = Timeline(track.notes)
        return known


def paint_rows(
    painter: QPainter, room: QRectF, camera: Camera, shades: Shades, piece: Piece, drums: bool
) -> None:
    """Paint a row for each pitch: those of the scale lighter, the tonic's tinted."""
    painter.fillRect(room, shades.scale_row)
    scale, tonic = set(piece.key.scale), piece.key.pitch_class
    low, high = camera.rows
    lines = []
    for pitch in range(low, high + 1):
        name = pitch % 12
        row = QRectF(room.left(), camera.y(pitch), room.width(), camera.row)
        if drums:
            painter.fillRect(row, shades.other_row if pitch % 2 else shades.scale_row)
        elif name == tonic:
            painter.fillRect(row, shades.tonic_row)
        elif name not in scale:
            painter.fillRect(row, shades.other_row)
        if name == 0 or camera.row >= 9:
            bottom = round(row.bottom()) - 0.5
            lines.append((QLineF(room.left(), bottom, room.right(), bottom), name == 0))
    for line, octave in lines:
        painter.setPen(QPen(shades.line if octave else shades.snap_line, 1))
        painter.drawLine(line)


def paint_lines(
    painter: QPainter, room: QRectF, camera: Camera, shades: Shades, piece: Piece, snap: int
) -> None:
    """Paint the lines of bars, beats and, where there is room, of the snap."""
    start, end = camera.tick(room.left()), camera.tick(room.right()) + 1
    fine: list[QLineF] = []
    beats: list[QLineF] = []
    strong: list[QLineF] = []

    def line(tick: float) -> QLineF:
        x = round(camera.x(tick)) + 0.5
        return QLineF(x, room.top(), x, room.bottom())

    for bar in bars(piece, int(max(0, start)), int(max(1, end))):
        if (bar.end - bar.start) * camera.scale < _LINES_APART / 2 and bar.number % 4 != 1:
            continue
        strong.append(line(bar.start))
        if bar.beat * camera.scale >= _LINES_APART:
            beats += [line(tick) for tick in range(bar.start + bar.beat, bar.end, bar.beat)]
        if snap > 1 and snap * camera.scale >= _LINES_APART and snap < bar.beat:
            fine += [
                line(tick)
                for tick in range(bar.start + snap, bar.end, snap)
                if (tick - bar.start) % bar.beat and start <= tick <= end
            ]
    for lines, color in ((fine, shades.snap_line), (beats, shades.line), (strong, shades.bar_line)):
        painter.setPen(QPen(color, 1))
        painter.drawLines(lines)


def paint_end(
    painter: QPainter, room: QRectF, camera: Camera, shades: Shades, piece: Piece
) -> None:
    """Darken what lies behind the end of the piece."""
    x = camera.x(piece.length)
    if x < room.right():
        behind = QRectF(max(room.left(), x), room.top(), room.right() - x, room.height())
        painter.fillRect(behind, shades.beyond)


def note_box(camera: Camera, note: Note, drums: bool = False) -> QRectF:
    """Return where a note is painted; a drum is a stroke, however long it is written."""
    width = max(2.0, note.length * camera.scale - 1)
    if drums:
        width = min(width, max(4.0, camera.row * 0.9))
    return QRectF(camera.x(note.start), camera.y(note.pitch) + 0.5, width, camera.row - 1)


def paint_ghosts(
    painter: QPainter, camera: Camera, shades: Shades, place: int, timeline: Timeline
) -> None:
    """Paint the notes of a track that is not edited."""
    low, high = camera.rows
    color = shades.ghost(place)
    for note in timeline.between(*camera.span):
        if low <= note.pitch <= high:
            painter.fillRect(note_box(camera, note), color)


def paint_notes(
    painter: QPainter,
    room: QRectF,
    camera: Camera,
    shades: Shades,
    place: int,
    timeline: Timeline,
    selected: Notes,
    track: Track,
    piece: Piece,
) -> None:
    """Paint the notes of the track that is edited, the selected ones last."""
    low, high = camera.rows
    start, end = camera.tick(room.left()), camera.tick(room.right())
    round_ones = camera.row >= _ROUND_FROM
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, round_ones)
    edge, corner = QPen(shades.edge(place), 1), min(3.0, camera.row / 4)
    chosen = []
    for note in timeline.between(start, end):
        if not low <= note.pitch <= high:
            continue
        if note in selected:
            chosen.append(note)
            continue
        box = note_box(camera, note, track.drums)
        if round_ones and box.width() >= 4:
            painter.setPen(edge)
            painter.setBrush(shades.note(place, note.velocity))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), corner, corner)
        else:
            painter.fillRect(box, shades.note(place, note.velocity))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(shades.text, 1.5))
    for note in chosen:
        painter.setBrush(shades.note(place, note.velocity))
        box = note_box(camera, note, track.drums)
        painter.drawRoundedRect(box.adjusted(0.5, 0, -0.5, 0), corner, corner)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    if camera.row >= 13 and not track.drums:
        _paint_names(painter, camera, shades, timeline, track, piece, (start, end, low, high))


def _paint_names(
    painter: QPainter,
    camera: Camera,
    shades: Shades,
    timeline: Timeline,
    track: Track,
    piece: Piece,
    view: tuple[float, float, int, int],
) -> None:
    start, end, low, high = view
    metrics = QFontMetrics(painter.font())
    painter.setPen(shades.ink if shades.dark else shades.white_key)
    for note in timeline.between(start, end):
        name = note_name(note.pitch, track, piece.key)
        box = note_box(camera, note)
        if low <= note.pitch <= high and box.width() > metrics.horizontalAdvance(name) + 8:
            where = box.adjusted(4, 0, 0, 0)
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, name)


def is_black(pitch: int) -> bool:
    """Whether a key of the keyboard is black."""
    return pitch % 12 in BLACK_KEYS
