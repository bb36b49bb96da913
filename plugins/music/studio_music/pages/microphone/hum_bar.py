"""A row that is there while the microphone listens: how long, how loud, write it down or not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from studio.api import Kind, NewArtifact, PluginContext, SavedArtifact, StudioError, outcome
from studio_music.pages.phrases import clock, tr

_LOOK_MS = 60
_LEAST = 0.5
"""Seconds; what is shorter was a slip."""


def new_recording() -> Any:
    """Return a recording that is going on. Slow: it looks for sound devices."""
    from studio.api.window.sound.recorder import Recorder

    return Recorder()


class HumBar(QWidget):
    """Records, keeps the recording in the library, and hands it on.

    Signals:
        recorded: A ``SavedArtifact`` is there to be written down.
        failed: There is no microphone, or nothing was recorded: a ``StudioError`` or a sentence.
    """

    recorded = Signal(object)
    failed = Signal(object)

    def __init__(self, ctx: PluginContext, make: Callable[[], Any] | None = None) -> None:
        super().__init__()
        self._ctx, self._make = ctx, make or new_recording
        self._recording: Any = None
        self._asked = self._closed = False
        self._words = ctx.ui.label()
        self.meter = ctx.ui.level_meter(tr("How loud the microphone hears"))
        self.done: QPushButton = ctx.ui.button(tr("Write it down"), "file-music")
        self.drop: QPushButton = ctx.ui.button(tr("Discard"), "x")
        self.done.clicked.connect(lambda _checked=False: self.finish())
        self.drop.clicked.connect(lambda _checked=False: self.discard())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        for part in (self._words, self.meter.widget):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(self.drop)
        row.addWidget(self.done)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self._look)
        self.hide()

    @property
    def recording(self) -> bool:
        """Whether the microphone listens."""
        return self._recording is not None

    def toggle(self) -> None:
        """Begin, or write down what was recorded."""
        if self.recording:
            self.finish()
        elif not self._asked:
            self._asked = True
            self._words.setText(tr("Looking for a microphone…"))
            self.done.setEnabled(False)
            self.show()
            self._ctx.run_later(lambda: outcome(self._make), self._got)

    def finish(self) -> None:
        """End, keep the recording and hand it on."""
        recording, self._recording = self._recording, None
        self._rest()
        if recording is None:
            return
        samples, rate = recording.end(), recording.rate
        if len(samples) < _LEAST * rate:
            self.failed.emit(tr("Nothing was recorded. Hum for a few seconds, then write it down."))
            return
        keep = partial(_kept, self._ctx, samples, rate, tr("Hummed"))
        self._ctx.run_later(lambda: outcome(keep), self._hand_on)

    def discard(self) -> None:
        """End, and keep nothing."""
        recording, self._recording = self._recording, None
        self._rest()
        if recording is not None:
            recording.end()

    def close_device(self) -> None:
        """Let go of the microphone for good."""
        self._closed = True
        self._clock.stop()
        if self._recording is not None:
            self._recording.end()
            self._recording = None

    def _rest(self) -> None:
        self._asked = False
        self._clock.stop()
        self.hide()

    def _got(self, found: Any) -> None:
        if isinstance(found, StudioError):
            self._rest()
            self.failed.emit(found)
        elif self._closed or not self._asked:
            found.end()  # it was not wanted any more when it was found
        else:
            self._recording = found
            self.done.setEnabled(True)
            self._clock.start()
            self._look()

    def _look(self) -> None:
        recording = self._recording
        self.meter.show_level(recording.level())
        self._words.setText(tr("Listening: {time}").format(time=clock(recording.seconds)))
        if recording.over:
            self.finish()

    def _hand_on(self, found: SavedArtifact | StudioError) -> None:
        if isinstance(found, StudioError):
            self.failed.emit(found)
        else:
            self.recorded.emit(found)


def _kept(ctx: PluginContext, samples: Any, rate: int, title: str) -> SavedArtifact:
    from studio_music.sound.audio_files import wav
    from studio_music.thumbnails import sound_png

    data, preview = wav(samples, rate, title=title), sound_png(samples)
    made = NewArtifact(Kind.AUDIO, data, suffix=".wav", title=title, text=title, preview=preview)
    return ctx.library.add(made)
