"""One task at a time of one part of the page: submits it and follows it. Shows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from studio.api import JobHandle, PluginContext, SavedArtifact, StudioError


class Runner(QObject):
    """Runs one job at a time; of one that was let go nothing more is heard.

    Signals:
        wrote: New text and its channel.
        stepped: What it does, in words.
        made: A ``SavedArtifact``.
        done: It finished, with its result.
        failed: It ended with a ``StudioError``.
        stopped: The user stopped it.
        busy_changed: A job began or ended.

    Attributes:
        job: The one at work, or None.
    """

    wrote = Signal(str, str)
    stepped = Signal(str)
    made = Signal(object)
    done = Signal(object)
    failed = Signal(object)
    stopped = Signal()
    busy_changed = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.job: JobHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is at work."""
        return self.job is not None

    def start(
        self,
        task: str,
        params: Mapping[str, Any],
        title: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        keep: bool = True,
    ) -> JobHandle | None:
        """Submit a job; a refusal is told as a failure, and None is returned."""
        try:
            job = self._ctx.tasks.submit(task, params, title=title, inputs=inputs, keep=keep)
        except StudioError as error:
            self.failed.emit(error)
            return None
        self.job = job
        self.busy_changed.emit()
        return job

    def follow(self, job: JobHandle) -> None:
        """Tell what comes of a job; asked for after whoever shows it is ready."""
        job.on_progress(lambda _done, _total, words, _left: self._tell(job, self.stepped, words))
        job.on_text(lambda text, _tokens, channel: self._tell(job, self.wrote, text, channel))
        job.on_artifact(lambda artifact: self._on_made(job, artifact))
        job.on_done(lambda result: self._end(job, self.done, result))
        job.on_failed(lambda error: self._end(job, self.failed, error))
        job.on_cancelled(lambda: self._end(job, self.stopped))

    def stop(self) -> None:
        """Stop at the next step."""
        if self.job is not None:
            self.job.cancel()

    def _on_made(self, job: JobHandle, artifact: SavedArtifact) -> None:
        self._tell(job, self.made, artifact)

    def _tell(self, job: JobHandle, signal: Any, *values: Any) -> None:
        if isValid(self) and job is self.job:
            signal.emit(*values)

    def _end(self, job: JobHandle, signal: Any, *values: Any) -> None:
        if isValid(self) and job is self.job:
            self.job = None
            signal.emit(*values)
            self.busy_changed.emit()
