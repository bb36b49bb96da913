"""The job of the page: submits it, follows it, brings what it makes. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.api import JobHandle, Kind, PluginContext, SavedArtifact, StudioError
from studio_music.pages.takes.takes import Take, take_of


class Runner(QObject):
    """Runs one job at a time.

    Attributes:
        stopped: Whether the last job was stopped by the user.

    Signals:
        made: A ``Take`` is on disk and read.
        sounded: An audio artifact is on disk.
        ended: It is over; carries the task's result.
        failed: It is over with a ``StudioError``.
    """

    made = Signal(object)
    sounded = Signal(object)
    ended = Signal(object)
    failed = Signal(object)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.job: JobHandle | None = None
        self.task = ""
        self.stopped = False
        self._params: dict[str, Any] = {}
        self._reading = 0
        self._result: Mapping[str, Any] | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is at work, or its results are being read."""
        return self.job is not None

    def start(
        self,
        task: str,
        params: Mapping[str, Any],
        title: str,
        parents: Sequence[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        keep: bool = True,
    ) -> None:
        """Submit a job.

        Raises:
            StudioError: The parameters are wrong, or no weights fit.
        """
        self.task, self._params, self._reading, self._result = task, dict(params), 0, None
        self.stopped = False
        job = self._ctx.tasks.submit(
            task, params, title=title, inputs=inputs, parents=parents, keep=keep
        )
        self.job = job
        job.on_artifact(self._on_artifact).on_done(self._on_done)
        job.on_failed(self._on_failed).on_cancelled(self._on_cancelled)

    def _on_artifact(self, artifact: SavedArtifact) -> None:
        if artifact.kind != Kind.SCORE:
            self.sounded.emit(artifact)
            return
        self._reading += 1
        task, params = self.task, self._recipe(artifact)

        def read(take: Take) -> None:
            take.task, take.params = take.task or task, take.params or params
            self._reading -= 1
            self.made.emit(take)
            self._end_if_over()

        self._ctx.run_later(lambda: take_of(artifact), read)

    def _recipe(self, artifact: SavedArtifact) -> dict[str, Any]:
        params = dict(self._params)
        if isinstance(artifact.meta.get("seed"), int):
            params["seed"] = artifact.meta["seed"]
        return params

    def _on_done(self, result: Mapping[str, Any]) -> None:
        self._result = result
        self._end_if_over()

    def _on_cancelled(self) -> None:
        self.stopped = True
        self._on_done({})

    def _end_if_over(self) -> None:
        if self._result is not None and not self._reading:
            self.job = None
            self.ended.emit(self._result)

    def _on_failed(self, error: StudioError) -> None:
        self.job = None
        self.failed.emit(error)
