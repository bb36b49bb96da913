"""Reads a text aloud while it is still being written: a sentence is made while the last one plays.

Each sentence is a private job of ``voice.speak``: nothing of it is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from studio.api import JobHandle, JobRequest, PluginContext, StudioError, outcome
from studio.api.window.language import tr
from studio.api.window.sound.wave_file import from_wav
from studio_voice.pronunciation.sentence_stream import SentenceStream

_LOOK_MS: Final = 50
_AHEAD: Final = 20.0
"""Seconds of speech that are made ahead: more would be for nothing where it is stopped."""


def new_player() -> Any:
    """Return what plays sentences on this machine."""
    from studio.api.window.sound.queue_player import QueuePlayer

    return QueuePlayer()


class Narrator(QObject):
    """One text at a time.

    Signals:
        changed: It began or stopped to sound, or is through.
        failed: A ``StudioError``; nothing more is said of this text.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, ctx: PluginContext, how: Callable[[], Mapping[str, Any]]) -> None:
        """``how``: returns voice, speed and weights, as ``voice.speak`` takes them."""
        super().__init__()
        self._ctx, self._how = ctx, how
        self._stream = SentenceStream()
        self._waiting: deque[str] = deque()
        self._job: JobHandle | None = None
        self.player: Any = None
        self._opening = self._was_sounding = self._more = False
        self._closed = {"closed": False}
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self._look)
        self.destroyed.connect(_closer(self.__dict__))

    @property
    def sounding(self) -> bool:
        """Whether something is heard."""
        return self.player is not None and self.player.playing

    @property
    def busy(self) -> bool:
        """Whether something of the text is still to be heard, or to come."""
        return bool(self._more or self._waiting or self._job is not None or self.sounding)

    def on_change(self, call: Callable[[], None]) -> None:
        """Call when it begins to sound, pauses, or is through."""
        self.changed.connect(call)

    def on_failed(self, call: Callable[[StudioError], None]) -> None:
        """Call with why nothing more is said of this text."""
        self.failed.connect(call)

    def level(self) -> float:
        """Return how loud it was just now."""
        return 0.0 if self.player is None else float(self.player.level())

    def open(self) -> None:
        """Look for the device, and load the voice, so that the first sound comes sooner."""
        if self.player is None and not self._opening:
            self._opening = True
            self._ctx.run_later(lambda: outcome(new_player), self._opened)

    def close(self) -> None:
        """Fall silent, and let go of the device."""
        self.stop()
        player, self.player = self.player, None
        if player is not None:
            self._ctx.run_later(player.close)

    def add(self, text: str) -> None:
        """Go on with the text."""
        self._more = True
        self._take(self._stream.add(text))

    def end(self) -> None:
        """That was all of it."""
        self._more = False
        self._take(self._stream.end())
        self._stream = SentenceStream()

    def stop(self) -> None:
        """Fall silent; forget the text."""
        self._stream, self._more = SentenceStream(), False
        self._waiting.clear()
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
        if self.player is not None:
            self.player.clear()
        self._look()

    def _take(self, sentences: list[str]) -> None:
        self._waiting += sentences
        self._next()
        self._clock.start()

    def _opened(self, answer: Any) -> None:
        self._opening = False
        if isinstance(answer, StudioError):
            hint = tr("Connect headphones or a loudspeaker, then try again.")
            self._fail(StudioError(answer.code, answer.message, hint))
        elif self._closed["closed"]:
            answer.close()
        else:
            self.player = answer
            self._next()

    def _next(self) -> None:
        """Make the next sentence, if one waits and it is time."""
        if self._job is not None or not self._waiting:
            return
        if self.player is None:
            self.open()
            return
        if self.player.seconds > _AHEAD:
            return
        sentence = self._waiting.popleft()
        request = JobRequest(
            "voice.speak",
            {**self._how(), "text": sentence},
            title=tr("Read aloud"),
            keep=False,
            private=True,
        )
        try:
            self._job = job = self._ctx.tasks.submit(request)
        except StudioError as error:
            self._fail(error)
            return
        job.on_handed(lambda _kind, data: self._made(job, data))
        job.on_done(lambda _result: self._over(job))
        job.on_failed(lambda error: self._over(job, error))
        job.on_cancelled(lambda: self._over(job))

    def _made(self, job: JobHandle, data: bytes) -> None:
        if job is self._job and self.player is not None:
            self.player.add(*from_wav(data))
            self._look()

    def _over(self, job: JobHandle, error: StudioError | None = None) -> None:
        if job is not self._job:
            return
        self._job = None
        if error is not None:
            self._fail(error)
        self._next()

    def _fail(self, error: StudioError) -> None:
        self.stop()
        self.failed.emit(error)

    def _look(self) -> None:
        self._next()
        sounding = self.sounding
        if sounding != self._was_sounding or not self.busy:
            self._was_sounding = sounding
            self.changed.emit()
        if not self.busy:
            self._clock.stop()


def _closer(parts: dict[str, Any]) -> Callable[[], None]:
    """Return what lets go of the device when it is gone."""

    def close() -> None:
        parts["_closed"]["closed"] = True
        if parts.get("player") is not None:
            parts["player"].close()

    return close
