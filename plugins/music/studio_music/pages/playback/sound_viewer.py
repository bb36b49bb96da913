"""A sound: its wave, its spectrogram, and a button that plays it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from studio.api import BadInput, PluginContext, Role, SavedArtifact, StudioError, outcome
from studio.api.window.figures import localised
from studio.api.window.language import tr, tr_filled
from studio_music.pages.phrases import clock
from studio_music.pages.score_reader import LARGEST

if TYPE_CHECKING:
    import numpy as np


_HEIGHT, _MARGIN = 132, 12
_LOW, _HIGH = 40.0, 18_000.0
_ROWS, _COLUMNS = 160, 900
_DEEP_DB = 75.0
_LINES: Final = ((100, "100"), (1000, "1k"), (10_000, "10k"))


def levels_by_pitch(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return (rows, columns) uint8: the level of each pitch, high ones first, at each time.

    Slow: beside the window. 255 is the loudest, 0 is 75 dB less.
    """
    import numpy as np

    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    size = 2048
    if len(mono) > size:  # its ends are mirrored, lest they look like clicks
        wide = np.pad(mono, size // 2, mode="reflect")
    else:
        wide = np.pad(mono, size)
    count = max(2, min(_COLUMNS, len(mono) // 64))
    starts = np.linspace(0, len(wide) - size, count).astype(int)
    window = np.hanning(size)
    edges = np.geomspace(_LOW, min(_HIGH, rate / 2.2), _ROWS + 1)
    bins = edges * size / rate
    rows = np.zeros((_ROWS, count))
    first = np.floor(bins[:-1]).astype(int)
    last = np.maximum(first + 1, np.ceil(bins[1:]).astype(int))
    for begin in range(0, count, 64):
        taken = np.stack([wide[at : at + size] for at in starts[begin : begin + 64]])
        power = np.abs(np.fft.rfft(taken * window)) ** 2
        for row in range(_ROWS):
            rows[row, begin : begin + 64] = power[:, first[row] : last[row] + 1].max(axis=1)
    decibel = 10 * np.log10(rows + 1e-12)
    shown = np.clip(1 + (decibel - decibel.max()) / _DEEP_DB, 0, 1)
    return np.ascontiguousarray((shown[::-1] * 255).astype(np.uint8))


class Spectrogram(QWidget):
    """The picture, in the colours of the theme."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._levels: np.ndarray | None = None
        self._top = _HIGH
        self._place = 0.0
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName(tr("Spectrogram"))

    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(300, self.maximumHeight())

    def grow(self, most: int) -> None:
        """Take more room where there is some, up to ``most`` pixels."""
        self.setMinimumHeight(_HEIGHT)
        self.setMaximumHeight(most)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def show_levels(self, levels: np.ndarray, rate: int) -> None:
        """Show what ``levels_by_pitch`` returned."""
        self._levels, self._top = levels, min(_HIGH, rate / 2.2)
        self.update()

    def set_place(self, place: float) -> None:
        """Move the playhead, 0…1."""
        self._place = place
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture, three pitches beside it, and the playhead."""
        import math

        colors = self._ui.tokens.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(colors["line"]))
        painter.setBrush(QColor(colors["bg"]))
        painter.drawRoundedRect(frame, 8, 8)
        room = QRectF(self.rect()).adjusted(_MARGIN, 8, -_MARGIN, -8)
        if self._levels is None:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(room, self._image())
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.75))
        painter.setFont(font)
        for hertz, words in _LINES:
            share = math.log(hertz / _LOW) / math.log(self._top / _LOW)
            y = room.bottom() - share * room.height()
            place = QRectF(room.right() - 28, y - 7, 26, 14)
            ground = QColor(colors["bg"])
            ground.setAlpha(190)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(place, 4, 4)
            painter.setPen(QColor(colors["text"]))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)
        if self._place:
            x = room.left() + room.width() * self._place
            painter.setPen(QPen(QColor(colors["bad"]), 1.5))
            painter.drawLine(round(x), 6, round(x), self.height() - 6)

    def _image(self) -> QImage:
        assert self._levels is not None
        rows, columns = self._levels.shape
        data = self._levels.tobytes()
        image = QImage(data, columns, rows, columns, QImage.Format.Format_Indexed8)
        image.setColorTable(self._palette())
        return image.copy()  # the bytes are gone with this function

    def _palette(self) -> list[int]:
        """Return 256 colours: from the ground over the colour of sounds to that of text."""
        colors = self._ui.tokens.colors
        stops = [QColor(colors[name]) for name in ("bg", "kind-audio", "text")]
        table = []
        for level in range(256):
            place = (level / 255) ** 1.2 * 2
            low, high = (stops[0], stops[1]) if place < 1 else (stops[1], stops[2])
            part = place if place < 1 else place - 1
            mixed = [
                round(a + (b - a) * part)
                for a, b in zip(low.getRgb()[:3], high.getRgb()[:3])  # type: ignore[index]
            ]
            table.append(QColor(*mixed).rgb())
        return table


_FRAME_MS = 30


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
        self.wave = ctx.ui.wave()
        self.wave.on_seek(self._seek)
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
        column.addWidget(self.wave.widget)
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

    def _got(self, answer: Any) -> None:
        if self._closed:
            return  # the user looks at something else by now
        if isinstance(answer, StudioError):
            self.words.setText(str(answer))
            return
        self._samples, self._rate, levels, pitches, loop = answer
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
            self.words.setText(tr_filled(error))
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
    from studio.api.window.sound.sample_player import SamplePlayer

    return SamplePlayer()


def _clock(seconds: float) -> str:
    """Return a time: of a short sound to the hundredth."""
    return clock(seconds) if seconds >= 10 else localised(f"{seconds:.2f} s")


def _read(artifact: SavedArtifact) -> tuple[Any, ...]:
    """Return samples, rate, levels for the wave and for the spectrogram, and the loop or None."""
    from studio_music.audio.audio_files import read_loop, read_sound

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
