"""Convert between drawing and SMILES in the runtime; the latest request wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from studio.api import JobHandle, JobRequest, PluginContext, StudioError
from studio.api.window.language import tr

TASK = "molecules.convert"
_AFTER_MS = 200


class Conversion(QObject):
    """One request at a time.

    Signals:
        converted: What ``molecules.convert`` returned.
        failed: A ``StudioError``.
    """

    converted = Signal(object)
    failed = Signal(object)

    def __init__(self, ctx: PluginContext, *, query: bool) -> None:
        super().__init__()
        self._ctx, self._query = ctx, query
        self._wanted: tuple[str, bool] | None = None
        self._job: JobHandle | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._start)

    @property
    def busy(self) -> bool:
        """Whether something is asked."""
        return self._job is not None or self._timer.isActive()

    def ask(self, structure: str, *, clean: bool = False, at_once: bool = False) -> None:
        """Convert a structure; drop the request before.

        Args:
            structure: SMILES, SMARTS or a molfile.
            clean: Whether a molfile gets new coordinates.
            at_once: Whether to skip the pause for further input.
        """
        self.forget()
        self._wanted = structure, clean
        self._timer.start(0 if at_once else _AFTER_MS)

    def forget(self) -> None:
        """Ask nothing."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        self._job = None

    def _start(self) -> None:
        assert self._wanted is not None
        structure, clean = self._wanted
        request = JobRequest(
            TASK,
            {"query": self._query, "clean": clean},
            title=tr("Convert structure"),
            inputs={"structure": structure},
            keep=False,
        )
        try:
            job = self._ctx.tasks.submit(request)
        except StudioError as error:
            self.failed.emit(error)
            return
        self._job = job
        job.on_done(lambda result: self._end(job, result))
        job.on_failed(lambda error: self._end(job, error))

    def _end(self, job: JobHandle, outcome: Mapping[str, Any] | StudioError) -> None:
        if job is not self._job:  # something else is asked by now
            return
        self._job = None
        (self.failed if isinstance(outcome, StudioError) else self.converted).emit(outcome)
