"""The recording: its wave, and a button that plays it from any place."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import BadInput, PluginContext, Role, StudioError, outcome
from studio.api.window.language import tr, tr_filled
from studio_voice.pages.phrases import clock

_FRAME_MS = 50
_LONGEST = 2 * 3600
"""Seconds of a recording that is held in memory to be played."""
_COLUMNS = 800


def new_player() -> Any:
    """Return what plays samples on this machine."""
    from studio.api.window.sound.sample_player import SamplePlayer

    return SamplePlayer()


class Player(QWidget):
    """Plays a recording; it is read beside the window.

    Signals:
        moved: Where it is, in seconds.
    """

    moved = Signal(float)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._device: Any = None
        self._samples: Any = None
        self._rate = 1
        self._path: Path | None = None
        self._place: float | None = None
        """What is to be played from, in seconds; None: nothing is."""
        self._starting = self._closed = self._wanted = False
        self.wave = ctx.ui.wave("kind-audio")
        self.wave.on_seek(lambda place: self.seek(place * self.seconds))
        self.button = ctx.ui.icon_button("play", tr("Play"))
        self.button.clicked.connect(lambda _checked=False: self.toggle())
        self.words = ctx.ui.label("", Role.SMALL, wrap=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.button)
        row.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.wave.widget)
        column.addLayout(row)
        self._clock = QTimer(self)
        self._clock.setInterval(_FRAME_MS)
        self._clock.timeout.connect(self._follow)
        self.destroyed.connect(_closer(self.__dict__))
        self.hide()

    @property
    def seconds(self) -> float:
        """How long it is; 0 until it is read."""
        return 0.0 if self._samples is None else len(self._samples) / self._rate

    @property
    def path(self) -> Path | None:
        """The recording in view."""
        return self._path

    def open(self, path: Path | None) -> None:
        """Show a recording; None: none."""
        if path == self._path:
            return
        self.stop()
        self._path, self._samples, self._wanted = path, None, False
        self.wave.show_levels(())
        self.wave.set_place(0)
        self.button.setEnabled(False)
        self.setVisible(path is not None)
        if path is not None:
            self.words.setText(tr("Reading…"))
            self._ctx.run_later(lambda: (path, outcome(lambda: _read(path))), self._got)

    def _got(self, answer: tuple[Path, Any]) -> None:
        path, content = answer
        if self._closed or path != self._path:
            return  # the user looks at something else by now
        if isinstance(content, StudioError):
            self.words.setText(str(content))
            return
        self._samples, self._rate, levels = content
        self.wave.show_levels(levels)
        self.button.setEnabled(True)
        self._say(0)
        if self._wanted:
            self.toggle()

    def _say(self, seconds: float) -> None:
        self.words.setText(f"{clock(seconds)} / {clock(self.seconds)}")

    # --- playing ------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether it sounds."""
        return self._clock.isActive()

    def begin(self) -> None:
        """Play as soon as it is read."""
        self._wanted = True
        if self._samples is not None and not self.playing:
            self.toggle()

    def toggle(self) -> None:
        """Play from the playhead, or pause there."""
        if self.playing:
            self.stop()
        elif self._samples is not None:
            place = self.wave.place if self.wave.place < 1 else 0.0
            self._play(place * self.seconds)

    def seek(self, seconds: float, *, play: bool = False) -> None:
        """Move the playhead; go on playing from there if it plays, or with ``play``."""
        if self._samples is None:
            return
        goes_on = self.playing or play
        self.stop()
        self._show_place(min(seconds, self.seconds))
        if goes_on:
            self._play(seconds)

    def stop(self) -> None:
        """Fall silent."""
        self._place = None
        self._clock.stop()
        if self._device is not None:
            self._device.stop()
        self._show_icon()

    def _play(self, seconds: float) -> None:
        self._place = seconds
        if not self._starting:
            self._begin_at(seconds)

    def _begin_at(self, seconds: float) -> None:
        self._starting = True
        start = round(seconds * self._rate)
        self._ctx.run_later(
            lambda: outcome(lambda: self._start(start)), lambda error: self._started(error, seconds)
        )

    def _start(self, start: int) -> None:
        """Open the device and play. Beside the window: devices take their time."""
        if self._device is None:
            self._device = new_player()
        self._device.play(self._samples, self._rate, start)

    def _started(self, error: Any, seconds: float) -> None:
        self._starting = False
        if self._closed or self._place is None:
            if self._device is not None:
                self._device.stop()
        elif isinstance(error, StudioError):
            self.words.setText(tr_filled(error))
        elif self._place != seconds:
            self._begin_at(self._place)  # another place was picked meanwhile
        else:
            self._clock.start()
            self._show_icon()

    def _follow(self) -> None:
        if self._device.playing:
            self._show_place(self._device.frame / self._rate)
        else:
            self.stop()
            self._show_place(0.0)

    def _show_place(self, seconds: float) -> None:
        self.wave.set_place(seconds / self.seconds if self.seconds else 0.0)
        self._say(seconds)
        self.moved.emit(seconds)

    def _show_icon(self) -> None:
        self.button.setIcon(self._ctx.ui.icon("pause" if self.playing else "play", "accent"))


def _closer(parts: dict[str, Any]) -> Any:
    """Return what lets go of the device when the widget is gone."""

    def close() -> None:
        parts["_closed"] = True
        if parts.get("_device") is not None:
            parts["_device"].stop()

    return close


def _read(path: Path) -> tuple[Any, int, list[float]]:
    """Return samples of one channel, their rate, and levels for the wave."""
    import numpy as np

    from studio_voice.speech import recordings, video_sound
    from studio_voice.speech.recordings import RATE

    if video_sound.is_video(path):
        raise BadInput(tr("The sound of a video is transcribed, but not played here."))
    if recordings.length(path) > _LONGEST:
        raise BadInput(tr("This recording is too long to be played here."))
    samples = np.concatenate([sound for sound, _last in recordings.pieces(path)])
    edges = np.linspace(0, len(samples), _COLUMNS + 1).astype(int)
    levels = [float(np.abs(samples[a:b]).max(initial=0.0)) for a, b in itertools.pairwise(edges)]
    loudest = max(*levels, 0.05)
    return samples, RATE, [min(1.0, level / loudest) for level in levels]
