"""The microphone of a conversation: on or off, how loud, and what somebody said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from studio.api import BadInput, PluginContext, StudioError, outcome
from studio.api.window.language import tr

_LOOK_MS: Final = 40
_LONGEST: Final = 3600.0
"""Seconds that are held while the window is too busy to listen."""
_LEAST: Final = 0.3
"""Seconds; what is shorter was a slip of the key."""
_DETECTOR: Final = "silero-vad"


def new_recorder() -> Any:
    """Return a microphone that is on. Slow: it looks for devices."""
    from studio.api.window.sound.recorder import Recorder

    return Recorder(longest=_LONGEST)


class Microphone(QObject):
    """Off until it is turned on.

    Signals:
        began: Somebody began to speak.
        said: Samples of 16 kHz: what was said, once it is over.
        heard: How loud it is, 0…1.
        switched: It is on or off now.
        failed: A ``StudioError``; it is off.
    """

    began = Signal()
    said = Signal(object)
    heard = Signal(float)
    switched = Signal()
    failed = Signal(object)

    def __init__(self, ctx: PluginContext, played: Callable[[], float]) -> None:
        """``played``: how loud the studio's own voice was just now."""
        super().__init__()
        self._ctx, self._played = ctx, played
        self._recorder: Any = None
        self._turns: Any = None
        self._resampler: Any = None
        self._asked = self._hold = False
        self.pause = 0.7
        self._closed = {"closed": False}
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self._look)
        self.destroyed.connect(_closer(self.__dict__))

    @property
    def is_on(self) -> bool:
        """Whether it hears."""
        return self._recorder is not None

    @property
    def speaking(self) -> bool:
        """Whether somebody speaks now."""
        return self._turns is not None and bool(self._turns.speaking)

    @property
    def held(self) -> bool:
        """Whether a key is held down to speak."""
        return self._hold

    def turn_on(self) -> None:
        """Listen."""
        if not self._asked and not self.is_on:
            self._asked = True
            self._ctx.run_later(lambda: outcome(self._open), self._opened)

    def turn_off(self) -> None:
        """Stop listening; the current turn is lost."""
        self._asked = self._hold = False
        recorder, self._recorder = self._recorder, None
        self._clock.stop()
        if recorder is not None:
            recorder.end()
            self._turns.forget()
            self.heard.emit(0.0)
            self.switched.emit()

    def hold(self) -> None:
        """Record one turn from now on, until ``release``."""
        self._hold = True
        if self._turns is not None and self.is_on:
            self._turns.hold()
        self.turn_on()

    def release(self) -> None:
        """End that turn."""
        was_held, self._hold = self._hold, False
        if was_held and self.is_on:
            self._look()
            noticed = self._turns.release()
            self._tell(noticed.sound)

    def _open(self) -> tuple[Any, Any, Any]:
        """Return the microphone and what listens. Beside the window."""
        from studio_voice.speech.echo_guard import EchoGuard
        from studio_voice.speech.turn_detector import Resampler, TurnDetector
        from studio_voice.speech.weights import read

        turns = self._turns
        if turns is None:
            detector = read(self._ctx.weights.path(_DETECTOR))
            turns = TurnDetector(detector, EchoGuard(self._played), self.pause)
        recorder = new_recorder()
        return recorder, turns, Resampler(recorder.rate)

    def _opened(self, answer: Any) -> None:
        was_asked, self._asked = self._asked, False
        if isinstance(answer, StudioError):
            self._hold = False
            self.failed.emit(answer)
            self.switched.emit()
            return
        recorder, self._turns, self._resampler = answer
        if not was_asked or self._closed["closed"]:
            recorder.end()  # it was not wanted any more when it was found
            return
        self._recorder = recorder
        if self._hold:
            self._turns.hold()
        self._clock.start()
        self.switched.emit()

    def _look(self) -> None:
        """Take the samples recorded since the last call."""
        from studio_voice.speech.turn_detector import What

        recorder = self._recorder
        if recorder is None:
            return
        self.heard.emit(recorder.level())
        self._turns.pause = self.pause
        for noticed in self._turns.hear(self._resampler.add(recorder.take())):
            if noticed.what is What.BEGAN:
                self.began.emit()
            else:
                self._tell(noticed.sound)
        if self.is_on and recorder.over:
            self.turn_off()
            self.failed.emit(
                BadInput(tr("The microphone is gone. Connect it and turn it on again."))
            )

    def _tell(self, sound: Any) -> None:
        from studio_voice.speech.recordings import RATE

        if len(sound) >= _LEAST * RATE:
            self.said.emit(sound)


def _closer(parts: dict[str, Any]) -> Callable[[], None]:
    """Return what lets go of the microphone when it is gone."""

    def close() -> None:
        parts["_closed"]["closed"] = True
        if parts.get("_recorder") is not None:
            parts["_recorder"].end()

    return close
