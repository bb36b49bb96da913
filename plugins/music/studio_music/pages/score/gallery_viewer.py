"""A score in the gallery: its notes as a small picture, and a button that plays it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, SavedArtifact, outcome
from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.pages.phrases import clock, instrument_name, key_name
from studio_music.pages.playback.controller import PlaybackController
from studio_music.pages.roll.colours import Colours
from studio_music.pages.score_reader import read_piece
from studio_music.pages.takes.mini_roll import paint_mini_roll
from studio_music.score.piece import Piece

_HEIGHT = 150


class ScoreViewer(QWidget):
    """The viewer; it reads beside the window."""

    def __init__(self, ctx: PluginContext, artifact: SavedArtifact) -> None:
        super().__init__()
        self._ui = ctx.ui
        self.document = Document()
        self.playing = PlaybackController(ctx, self.document)
        self.picture = MiniRoll(ctx, self.document, self.playing)
        self.play = ctx.ui.icon_button("play", tr("Play"))
        self.play.clicked.connect(lambda _checked=False: self.playing.toggle())
        self.words = ctx.ui.label(tr("Reading…"), Role.SMALL, wrap=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.play, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.picture)
        column.addLayout(row)
        self.playing.changed.connect(self._show)
        self._show()
        playing = self.playing
        self.destroyed.connect(lambda: playing.close())
        ctx.run_later(lambda: outcome(lambda: read_piece(artifact.path)), self._got)

    def _got(self, piece: Any) -> None:
        if self.playing.closed:
            return  # the user looks at something else by now
        if not isinstance(piece, Piece):
            self.words.setText(str(piece))
            return
        self.document.open(piece, "")
        self.words.setText(facts(piece))
        self.playing.prepare()

    def _show(self) -> None:
        playing = self.playing
        self.play.setEnabled(playing.ready and not self.document.empty)
        self.play.setIcon(self._ui.icon("pause" if playing.playing else "play", "accent"))
        self.play.setToolTip(playing.trouble or tr("Play"))
        self.play.setAccessibleDescription(playing.trouble)


class MiniRoll(QWidget):
    """The picture; a click puts the playhead."""

    def __init__(self, ctx: PluginContext, document: Document, playing: PlaybackController) -> None:
        super().__init__()
        self._ui, self._document, self._playing = ctx.ui, document, playing
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName(tr("Notes"))
        document.changed.connect(self.update)
        playing.moved.connect(lambda _tick: self.update())

    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(300, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the notes and the playhead."""
        shades, piece = Colours(self._ui.tokens), self._document.piece
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(shades.line)
        painter.setBrush(shades.ground)
        painter.drawRoundedRect(frame, 8, 8)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        room = frame.adjusted(12, 12, -12, -12)
        paint_mini_roll(painter, room, piece, shades)
        if self._playing.tick:
            x = room.left() + room.width() * self._playing.tick / max(1, piece.end)
            painter.setPen(QPen(shades.playhead, 1.5))
            painter.drawLine(QPointF(x, frame.top() + 4), QPointF(x, frame.bottom() - 4))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the playhead."""
        share = (event.position().x() - 12) / max(1, self.width() - 24)
        self._playing.seek(round(max(0.0, min(1.0, share)) * self._document.piece.end))


def facts(piece: Piece) -> str:
    """Summarise a piece in a line or two."""
    bars = len(piece.bar_starts())
    tempo = tr("{bpm} bpm").format(bpm=round(piece.tempo))
    parts = [key_name(piece.key), str(piece.metre), tempo, tr("{n} bars").format(n=bars)]
    parts.append(clock(piece.seconds(piece.length)))
    return f"{' · '.join(parts)}\n{', '.join(instrument_name(t) for t in piece.tracks)}"
