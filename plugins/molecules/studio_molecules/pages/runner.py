"""One job of the page: submits it and follows it. Shows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.api import JobHandle, PluginContext, StudioError
from studio_molecules.pages.modes import Mode


class Runner(QObject):
    """Runs one job at a time.

    Signals:
        wrote: Text of the channel ``curve``.
        made: A ``SavedArtifact`` is in the library.
        ended: It is over, finished or stopped.
        failed: It is over with a ``StudioError``.
    """

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
        job.on_text(self._on_text).on_artifact(self.made.emit).on_done(lambda _result: self._end())
        job.on_failed(self._on_failed).on_cancelled(self._end)

    def _on_text(self, text: str, _tokens: int, channel: str) -> None:
        if channel == "curve":
            self.wrote.emit(text)

    def _on_failed(self, error: StudioError) -> None:
        self.job = None
        self.failed.emit(error)

    def _end(self) -> None:
        self.job = None
        self.ended.emit()
