"""A sound: its wave, its spectrogram, and a button that plays it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import BadInput, PluginContext, Role, SavedArtifact, StudioError, outcome
from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_music.pages.phrases import clock
from studio_music.pages.playback.spectrogram import Spectrogram, levels_by_pitch
from studio_music.pages.score_reader import LARGEST

if TYPE_CHECKING:
    import numpy as np

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
