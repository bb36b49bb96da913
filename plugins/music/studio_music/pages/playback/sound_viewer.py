"""A sound: its wave, its spectrogram, and a button that plays it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import BadInput, PluginContext, Role, SavedArtifact, StudioError, outcome
from studio_music.pages.phrases import clock, tr
from studio_music.pages.playback.spectrogram import Spectrogram, levels_by_pitch
from studio_music.pages.score_reader import LARGEST

if TYPE_CHECKING:
    import numpy as np

_HEIGHT, _STEP, _FRAME_MS = 120, 3, 30
_MARGIN = 12
_SLIP = 4
"""Pixels that a click may move without marking anything."""


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
        self._loop: tuple[int, int] | None = None
        self._samples: Any = None
        self._rate = 44100
        self.wave = Wave(ctx)
        self.wave.sought = self._seek
        self.spectrogram = Spectrogram(ctx)
        self.play = ctx.ui.icon_button("play", tr("Play"))
        self.play.setEnabled(False)
        self.play.clicked.connect(lambda _checked=False: self.toggle())
        self.repeat = ctx.ui.icon_button("repeat", tr("Repeat the loop"))
        self.repeat.setCheckable(True)
        self.repeat.hide()
        self.words = ctx.ui.label(tr("Reading…"), Role.SMALL, wrap=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.play)
        row.addWidget(self.repeat)
        row.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.wave)
        column.addWidget(self.spectrogram)
        column.addLayout(row)
        self._clock = QTimer(self)
        self._clock.setInterval(_FRAME_MS)
        self._clock.timeout.connect(self._follow)
        self.destroyed.connect(_closer(self.__dict__))
        ctx.run_later(lambda: outcome(lambda: _read(artifact)), self._got)

    @property
    def seconds(self) -> float:
        """How long it is; 0 until it is read."""
        return len(self._samples) / self._rate if self._samples is not None else 0.0

    # --- reading ------------------------------------------------------------------------------

    def _got(self, found: Any) -> None:
        if self._closed:
            return  # the user looks at something else by now
        if isinstance(found, StudioError):
            self.words.setText(str(found))
            return
        self._samples, self._rate, levels, pitches, loop = found
        self.wave.show_levels(levels)
        self.spectrogram.show_levels(pitches, self._rate)
        self._loop = loop
        self.repeat.setVisible(loop is not None)
        self.repeat.setChecked(loop is not None)
        self._say(0)
        self.play.setEnabled(True)
        if self._wanted:
            self.toggle()

    def _say(self, frame: int) -> None:
        seconds = len(self._samples) / self._rate
        rate = tr("{rate} Hz").format(rate=self._rate)
        self.words.setText(f"{_clock(frame / self._rate)} / {_clock(seconds)} · {rate}")

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
        loop = self._loop if self.repeat.isChecked() else None
        if loop is None:
            self._player.play(self._samples, self._rate, start)
        else:
            self._player.play(self._samples, self._rate, start, loop)

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
        self._show_place(place)
        if self._samples is None:
            return
        self._say(round(place * len(self._samples)))
        if self._clock.isActive():
            self._pause()
            self.toggle()

    def _follow(self) -> None:
        if self._player.playing:
            frame = int(self._player.frame)
            self._show_place(frame / max(1, len(self._samples)))
            self._say(frame)
        else:
            self._pause()
            self._show_place(0.0)
            self._say(0)
            self.ended.emit()

    def _show_place(self, place: float) -> None:
        self.wave.set_place(place)
        self.spectrogram.set_place(place)

    def _show_icon(self) -> None:
        self.play.setIcon(
            self._ctx.ui.icon("pause" if self._clock.isActive() else "play", "accent")
        )


class Wave(QWidget):
    """The wave; a click puts the playhead.

    Attributes:
        place: Where the playhead is, 0…1.
        sought: Called with the place of a click.
        selected: Called with both ends of what was marked by dragging, 0…1; None: nothing can be.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._levels: list[float] = []
        self.place = 0.0
        self.sought: Any = lambda place: None
        self.selected: Callable[[float, float], None] | None = None
        self._pressed = -1.0
        self._range: tuple[float, float] | None = None
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
        if self._range is not None:
            left, right = (_MARGIN + width * place for place in self._range)
            marked = QColor(colors["accent"])
            marked.setAlpha(50)
            painter.fillRect(QRectF(left, 4, right - left, self.height() - 8), marked)
        if self.place:
            x = _MARGIN + width * self.place
            painter.setPen(QPen(QColor(colors["bad"]), 1.5))
            painter.drawLine(QPointF(x, 6), QPointF(x, self.height() - 6))

    def _at(self, event: QMouseEvent) -> float:
        width = float(max(1, self.width() - 2 * _MARGIN))
        return max(0.0, min(1.0, (event.position().x() - _MARGIN) / width))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the playhead."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed, self._range = self._at(event), None
            self.sought(self._pressed)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Mark a part."""
        if self.selected is not None and self._pressed >= 0:
            start, end = sorted((self._pressed, self._at(event)))
            self._range = (start, end) if (end - start) * self.width() > _SLIP else None
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell what was marked."""
        self._pressed = -1.0
        if self.selected is not None and self._range is not None:
            self.selected(*self._range)


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


def _clock(seconds: float) -> str:
    """Return a time: of a short sound to the hundredth."""
    return clock(seconds) if seconds >= 10 else f"{seconds:.2f} s"


def _read(artifact: SavedArtifact) -> tuple[Any, ...]:
    """Return samples, rate, levels for the wave and for the spectrogram, and the loop or None."""
    from studio_music.sound.audio_files import read_loop, read_sound

    if artifact.path.stat().st_size > 16 * LARGEST:
        raise BadInput("This sound is too long to be shown.", "Export it to play it elsewhere.")
    data = artifact.path.read_bytes()
    samples, rate = read_sound(data)
    if not len(samples):
        raise BadInput("This sound is empty.")
    loop = read_loop(data) if data[:4] == b"RIFF" else None
    return samples, rate, levels_of(samples), levels_by_pitch(samples, rate), loop


def levels_of(samples: np.ndarray, count: int = 600) -> list[float]:
    """Return the loudest of each of ``count`` parts, 0…1."""
    mono = abs(samples).max(axis=1) if samples.ndim == 2 else abs(samples)
    edges = [len(mono) * place // count for place in range(count + 1)]
    parts = (mono[start:end] for start, end in pairwise(edges))
    return [min(1.0, float(part.max())) if len(part) else 0.0 for part in parts]
