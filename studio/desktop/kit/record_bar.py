"""A row that is there while the microphone listens: how long, how loud, take it or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from studio.api.window.context import PluginContext
from studio.api.window.language import tr
from studio.api.window.work_queue import outcome
from studio.protocol.errors import StudioError

_LOOK_MS = 60
_LEAST = 0.3
"""Seconds; what is shorter was a slip."""

Recorded = Callable[[Any, int], None]
Failed = Callable[[StudioError | str], None]


class RecordBar(QWidget):
    """Implements ``studio.api.kit.Kit.record_bar``."""

    def __init__(self, ctx: PluginContext, done: str, icon: str, longest: float) -> None:
        super().__init__()
        self._ctx, self._longest = ctx, longest
        self._make: Callable[[], Any] = self._new_recording
        self._recording: Any = None
        self._asked = False
        self._on_recorded: list[Recorded] = []
        self._on_failed: list[Failed] = []
        self._words = ctx.ui.label()
        self.meter = ctx.ui.level_meter(tr("How loud the microphone hears"))
        self.done: QPushButton = ctx.ui.button(done, icon)
        self.drop: QPushButton = ctx.ui.button(tr("Discard"), "x")
        self.done.clicked.connect(lambda _checked=False: self.finish())
        self.drop.clicked.connect(lambda _checked=False: self.discard())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self._words)
        row.addWidget(self.meter.widget)
        row.addStretch(1)
        row.addWidget(self.drop)
        row.addWidget(self.done)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self._look)
        self._state = {"closed": False}
        self.destroyed.connect(_closer(self.__dict__))
        self.hide()

    def _new_recording(self) -> Any:
        """Return a recording that is going on. Slow: it looks for devices."""
        from studio.api.window.sound.recorder import Recorder

        return Recorder(longest=self._longest)

    @property
    def widget(self) -> QWidget:
        """Itself."""
        return self

    @property
    def recording(self) -> bool:
        """Whether the microphone listens."""
        return self._recording is not None

    def on_recorded(self, call: Recorded) -> None:
        """Call with samples and their rate."""
        self._on_recorded.append(call)

    def on_failed(self, call: Failed) -> None:
        """Call with what went wrong."""
        self._on_failed.append(call)

    def toggle(self) -> None:
        """Start recording, or stop and deliver the recording."""
        if self.recording:
            self.finish()
        elif not self._asked:
            self._asked = True
            self._words.setText(tr("Looking for a microphone…"))
            self.done.setEnabled(False)
            self.show()
            self._ctx.run_later(lambda: outcome(self._make), self._got)

    def finish(self) -> None:
        """Stop and deliver the recording."""
        recording, self._recording = self._recording, None
        self._rest()
        if recording is None:
            return
        samples, rate = recording.end(), recording.rate
        if len(samples) < _LEAST * rate:
            self._fail(tr("Nothing was recorded. Record for a few seconds, then stop."))
            return
        for call in self._on_recorded:
            call(samples, rate)

    def discard(self) -> None:
        """End, and keep nothing."""
        recording, self._recording = self._recording, None
        self._rest()
        if recording is not None:
            recording.end()

    def _rest(self) -> None:
        self._asked = False
        self._clock.stop()
        self.hide()

    def _fail(self, error: StudioError | str) -> None:
        for call in self._on_failed:
            call(error)

    def _got(self, result: Any) -> None:
        if isinstance(result, StudioError):
            self._rest()
            self._fail(result)
        elif self._state["closed"] or not self._asked:
            result.end()  # it was not wanted any more when it was found
        else:
            self._recording = result
            self.done.setEnabled(True)
            self._clock.start()
            self._look()

    def _look(self) -> None:
        recording = self._recording
        self.meter.show_level(recording.level())
        minutes, seconds = divmod(int(recording.seconds), 60)
        self._words.setText(tr("Recording: {time}").format(time=f"{minutes}:{seconds:02}"))
        if recording.over:
            self.finish()


def _closer(parts: dict[str, Any]) -> Callable[[], None]:
    """Return what lets go of the microphone when the row is gone."""

    def close() -> None:
        parts["_state"]["closed"] = True
        if (recording := parts.get("_recording")) is not None:
            recording.end()

    return close
