"""Sound in the gallery: its wave, and a button that plays it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import BadInput, PluginContext, Role, SavedArtifact, StudioError, outcome
from studio_music.pages.phrases import clock, tr
from studio_music.pages.score_reader import LARGEST

if TYPE_CHECKING:
    import numpy as np

_HEIGHT, _STEP, _FRAME_MS = 120, 3, 30
_MARGIN = 12


class SoundViewer(QWidget):
    """The viewer; it reads beside the window.

    Signals:
        ended: It was played to its end.
    """

    ended = Signal()

    def __init__(self, ctx: PluginContext, artifact: SavedArtifact) -> None:
        super().__init__()
        self._ctx = ctx
        self._player: Any = None
        self._starting = self._closed = self._wanted = False
        self._samples: Any = None
        self._rate = 44100
        self.wave = Wave(ctx)
        self.wave.sought = self._seek
        self.play = ctx.ui.icon_button("play", tr("Play"))
        self.play.setEnabled(False)
        self.play.clicked.connect(lambda _checked=False: self.toggle())
        self.words = ctx.ui.label(tr("Reading…"), Role.SMALL, wrap=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.play)
        row.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.wave)
        column.addLayout(row)
        self._clock = QTimer(self)
        self._clock.setInterval(_FRAME_MS)
        self._clock.timeout.connect(self._follow)
        self.destroyed.connect(_closer(self.__dict__))
        ctx.run_later(lambda: outcome(lambda: _read(artifact)), self._got)

    # --- reading ------------------------------------------------------------------------------

    def _got(self, found: Any) -> None:
        if self._closed:
            return  # the user looks at something else by now
        if isinstance(found, StudioError):
            self.words.setText(str(found))
            return
        self._samples, self._rate, levels = found
        self.wave.show_levels(levels)
        self._say(0)
        self.play.setEnabled(True)
        if self._wanted:
            self.toggle()

    def _say(self, frame: int) -> None:
        seconds = len(self._samples) / self._rate
        rate = tr("{rate} Hz").format(rate=self._rate)
        self.words.setText(f"{clock(frame / self._rate)} / {clock(seconds)} · {rate}")

    # --- playing ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Play as soon as it is read."""
        self._wanted = True
        if self._samples is not None and not self._clock.isActive():
            self.toggle()

    def toggle(self) -> None:
        """Play from the playhead, or pause there."""
        if self._clock.isActive():
            self._pause()
        elif self._samples is not None and not self._starting:
            self._starting = True
            start = round(self.wave.place * len(self._samples)) if self.wave.place < 1 else 0
            self._ctx.run_later(lambda: outcome(lambda: self._start(start)), self._started)

    def _start(self, start: int) -> None:
        """Open the device and play. Beside the window: devices take their time."""
        if self._player is None:
            self._player = new_sample_player()
        self._player.play(self._samples, self._rate, start)

    def _started(self, error: Any) -> None:
        self._starting = False
        if self._closed:
            self._player.stop()
        elif isinstance(error, StudioError):
            self.words.setText(str(error))
        else:
            self._clock.start()
            self._show_icon()

    def _pause(self) -> None:
        self._clock.stop()
        self._player.stop()
        self._show_icon()

    def _seek(self, place: float) -> None:
        self.wave.set_place(place)
        if self._samples is None:
            return
        self._say(round(place * len(self._samples)))
        if self._clock.isActive():
            self._pause()
            self.toggle()

    def _follow(self) -> None:
        if self._player.playing:
            frame = int(self._player.frame)
            self.wave.set_place(frame / max(1, len(self._samples)))
            self._say(frame)
        else:
            self._pause()
            self.wave.set_place(0.0)
            self._say(0)
            self.ended.emit()

    def _show_icon(self) -> None:
        self.play.setIcon(
            self._ctx.ui.icon("pause" if self._clock.isActive() else "play", "accent")
        )


class Wave(QWidget):
    """The wave; a click puts the playhead.

    Attributes:
        place: Where the playhead is, 0…1.
        sought: Called with the place of a click.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._levels: list[float] = []
        self.place = 0.0
        self.sought: Any = lambda place: None
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName(tr("Wave"))

    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(300, _HEIGHT)

    def show_levels(self, levels: list[float]) -> None:
        """Show levels, 0…1."""
        self._levels = levels
        self.update()

    def set_place(self, place: float) -> None:
        """Move the playhead."""
        self.place = place
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the wave: what was heard in colour, the rest grey."""
        colors = self._ui.tokens.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(colors["line"]))
        painter.setBrush(QColor(colors["bg"]))
        painter.drawRoundedRect(frame, 8, 8)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        width, middle = self.width() - 2 * _MARGIN, self.height() / 2
        columns = max(1, int(width) // _STEP)
        heard = QColor(colors["kind-audio"])
        ahead = QColor(colors["faint"]) if self.place else heard
        for column in range(columns if self._levels else 0):
            first, end = (len(self._levels) * c // columns for c in (column, column + 1))
            level = max(self._levels[first : max(first + 1, end)])
            half = max(0.5, level * (middle - _MARGIN))
            color = heard if column / columns < self.place else ahead
            painter.fillRect(QRectF(_MARGIN + column * _STEP, middle - half, 2, 2 * half), color)
        if self.place:
            x = _MARGIN + width * self.place
            painter.setPen(QPen(QColor(colors["bad"]), 1.5))
            painter.drawLine(QPointF(x, 6), QPointF(x, self.height() - 6))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the playhead."""
        if event.button() is Qt.MouseButton.LeftButton:
            width = max(1, self.width() - 2 * _MARGIN)
            self.sought(max(0.0, min(1.0, (event.position().x() - _MARGIN) / width)))


def _closer(parts: dict[str, Any]) -> Any:
    """Return what lets go of the player when the viewer is gone."""

    def close() -> None:
        parts["_closed"] = True
        player = parts.get("_player")
        if player is not None:
            player.stop()

    return close


def new_sample_player() -> Any:
    """Return what plays samples on this machine."""
    from studio_music.sound.playback.sample_player import SamplePlayer

    return SamplePlayer()


def _read(artifact: SavedArtifact) -> tuple[np.ndarray, int, list[float]]:
    from studio_music.sound.audio_files import read_wav

    if artifact.path.suffix.lower() != ".wav":
        raise BadInput(
            f"{artifact.path.suffix or 'This'} is no WAV file.", "Export it to play it elsewhere."
        )
    if artifact.path.stat().st_size > 16 * LARGEST:
        raise BadInput("This sound is too long to be shown.", "Export it to play it elsewhere.")
    samples, rate = read_wav(artifact.path.read_bytes())
    return samples, rate, levels_of(samples)


def levels_of(samples: np.ndarray, count: int = 600) -> list[float]:
    """Return the loudest of each of ``count`` parts, 0…1."""
    mono = abs(samples).max(axis=1) if samples.ndim == 2 else abs(samples)
    edges = [len(mono) * place // count for place in range(count + 1)]
    parts = (mono[start:end] for start, end in pairwise(edges))
    return [min(1.0, float(part.max())) if len(part) else 0.0 for part in parts]
