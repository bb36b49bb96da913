"""One job of the page: submits it and follows it. Shows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.api import JobHandle, JobState, PluginContext, StudioError
from studio_molecules.pages.modes import Mode
from studio_molecules.pages.wording import state_words


class Runner(QObject):
    """Runs one job at a time.

    Signals:
        said: What the job waits for.
        stepped: Done, total, message, seconds left or None.
        wrote: Text of the channel ``curve``.
        made: A ``SavedArtifact`` is in the library.
        ended: It is over, finished or stopped.
        failed: It is over with a ``StudioError``.
    """

    said = Signal(str)
    stepped = Signal(float, float, str, object)
    wrote = Signal(str)
    made = Signal(object)
    ended = Signal()
    failed = Signal(object)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.job: JobHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is at work."""
        return self.job is not None

    def start(self, mode: Mode, params: Mapping[str, Any], title: str, parents: list[str]) -> None:
        """Submit a job.

        Raises:
            StudioError: The parameters are wrong, or no weights fit.
        """
        parsed = mode.params.parse(dict(params))
        job = self._ctx.tasks.submit(mode.task, parsed, title=title, parents=parents)
        self.job = job
        job.on_state(self._on_state).on_progress(self.stepped.emit).on_text(self._on_text)
        job.on_artifact(self.made.emit).on_done(lambda _result: self._end())
        job.on_failed(self._on_failed).on_cancelled(self._end)

    def stop(self) -> None:
        """Stop at the next step."""
        if self.job is not None:
            self.job.cancel()

    def _on_state(self, state: JobState, reason: str) -> None:
        if state in (JobState.WAITING, JobState.LOADING, JobState.RUNNING, JobState.PAUSED):
            self.said.emit(state_words(state, reason))

    def _on_text(self, text: str, _tokens: int, channel: str) -> None:
        if channel == "curve":
            self.wrote.emit(text)

    def _on_failed(self, error: StudioError) -> None:
        self.job = None
        self.failed.emit(error)

    def _end(self) -> None:
        self.job = None
        self.ended.emit()
