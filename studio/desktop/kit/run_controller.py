"""The job of a page: started, followed, stopped, started once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobHandle, JobRequest
from studio.api.results import Read, TaskResult
from studio.api.runs import RunButton
from studio.api.window.context import PluginContext
from studio.api.window.ui import ProgressRow, TroubleRow
from studio.api.window.work_queue import outcome
from studio.desktop.kit.phrases import tr
from studio.desktop.kit.pixels import image_of
from studio.protocol.errors import StudioError


@dataclass
class _Listeners:
    """Who is told what."""

    start: list[Callable[[JobHandle], None]] = field(default_factory=list)
    busy: list[Callable[[bool], None]] = field(default_factory=list)
    progress: list[Callable[[float, float, str, float | None], None]] = field(default_factory=list)
    text: list[Callable[[str, int, str], None]] = field(default_factory=list)
    preview: list[Callable[[QImage, str], None]] = field(default_factory=list)
    made: list[Callable[[TaskResult], None]] = field(default_factory=list)
    done: list[Callable[[Mapping[str, Any]], None]] = field(default_factory=list)
    failed: list[Callable[[StudioError], None]] = field(default_factory=list)
    stopped: list[Callable[[], None]] = field(default_factory=list)
    over: list[Callable[[], None]] = field(default_factory=list)


class RunController:
    """Implements ``studio.api.runs.RunController``.

    Attributes:
        job: The job at work, or None.
        request: What was started last.
        stopped: Whether the last job was stopped by the user.
    """

    def __init__(
        self,
        ctx: PluginContext,
        *,
        prepare: Callable[[], JobRequest | None] | None = None,
        button: RunButton | None = None,
        progress: ProgressRow | None = None,
        trouble: TroubleRow | None = None,
        read: Read | None = None,
        owner: QWidget | None = None,
    ) -> None:
        self._ctx, self._prepare, self._read = ctx, prepare, read
        self._button, self._progress, self._trouble = button, progress, trouble
        parts = (button, progress, trouble)
        self._widgets = [part.widget for part in parts if part is not None]
        self._widgets += [owner] if owner is not None else []
        self._told = _Listeners()
        self._again: Callable[[], None] | None = None
        self._reading = 0
        self._ending: Callable[[], None] | None = None
        """What is told once all results are read."""
        self.job: JobHandle | None = None
        self.request: JobRequest | None = None
        self.stopped = False
        if button is not None:
            button.on_press(self.run_or_stop)

    @property
    def busy(self) -> bool:
        """Whether a job is at work, or what it made is still being read."""
        return self.job is not None

    # --- starting and stopping ----------------------------------------------------------------

    def run(self, prepare: Callable[[], JobRequest | None] | None = None) -> None:
        """Start with what ``prepare`` returns, or say that a job is at work."""
        make = prepare or self._prepare
        if self.busy:
            words = tr("Still busy. What you entered stays; start it when this is done.")
            self._ctx.notices.info(words, key=f"busy-{id(self)}")
            return
        if make is None:
            return
        try:
            request = make()
        except StudioError as error:
            self._tell(error, None)
            return
        if request is not None:
            self._start(request, refused=lambda: self.run(prepare), failed=None)

    def run_or_stop(self) -> None:
        """Start, or stop what is at work."""
        if self.busy:
            self.stop()
        else:
            self.run()

    def start(self, request: JobRequest, again: Callable[[], None] | None = None) -> bool:
        """Start this, unless a job is at work; return whether it was taken."""
        return self._start(request, refused=again, failed=again)

    def retry(self) -> None:
        """Start what was started last once more."""
        if self.request is not None:
            self._start(self.request, refused=None, failed=self._again)

    def stop(self) -> None:
        """Stop at the next step."""
        if self.job is not None and self._progress is not None:
            self._progress.stop()
        elif self.job is not None:
            self.job.cancel()

    def _start(
        self,
        request: JobRequest,
        refused: Callable[[], None] | None,
        failed: Callable[[], None] | None,
    ) -> bool:
        if self.busy:
            return False
        if self._trouble is not None:
            self._trouble.hide()
        self.request, self._again, self.stopped = request, failed, False
        self._reading, self._ending = 0, None
        try:
            job = self._ctx.tasks.submit(request)
        except StudioError as error:
            self._tell(error, refused or self.retry)
            self._call(self._told.failed, error)
            return False
        self.job = job
        if self._progress is not None:
            self._progress.follow(job)
        self._show_busy(True)
        self._call(self._told.start, job)
        self._follow(job)
        return True

    # --- what the job tells -------------------------------------------------------------------

    def _follow(self, job: JobHandle) -> None:
        told = self._told
        job.on_progress(lambda *step: self._pass(job, told.progress, *step))
        job.on_text(lambda *text: self._pass(job, told.text, *text))
        job.on_preview(lambda pixels, note: self._on_preview(job, pixels, note))
        job.on_artifact(lambda artifact: self._on_artifact(job, artifact))
        job.on_done(lambda result: self._end(job, lambda: self._call(told.done, result)))
        job.on_failed(lambda error: self._end(job, lambda: self._fail(error)))
        job.on_cancelled(lambda: self._end(job, self._stop_told))

    def _hears(self, job: JobHandle) -> bool:
        """Whether this is about ``job``; a job may outlive the page that asked for it."""
        return job is self.job and all(isValid(widget) for widget in self._widgets)

    def _pass(self, job: JobHandle, listeners: list[Callable[..., None]], *values: Any) -> None:
        if self._hears(job):
            self._call(listeners, *values)

    def _call(self, listeners: list[Callable[..., None]], *values: Any) -> None:
        for call in list(listeners):
            call(*values)

    def _on_preview(self, job: JobHandle, pixels: Any, note: str) -> None:
        if not self._told.preview or not self._hears(job):
            return
        image = image_of(pixels)
        if not image.isNull():
            self._call(self._told.preview, image, note)

    def _on_artifact(self, job: JobHandle, artifact: SavedArtifact) -> None:
        if not self._hears(job):
            return
        result, read = self._result(artifact), self._read
        if read is None:
            self._call(self._told.made, result)
            return
        self._reading += 1

        def done(content: Any) -> None:
            self._reading -= 1
            if self._hears(job):
                result.content = content
                self._call(self._told.made, result)
                self._end_if_read()

        self._ctx.run_later(lambda: outcome(lambda: read(artifact)), done)

    def _result(self, artifact: SavedArtifact) -> TaskResult:
        assert self.request is not None
        given = self.request.params
        recipe = artifact.meta.get("params")
        asked = dict(given) if isinstance(given, Mapping) else given.to_dict()
        params = dict(recipe) if isinstance(recipe, Mapping) else asked
        if isinstance(artifact.meta.get("seed"), int):
            params["seed"] = artifact.meta["seed"]
        source = next(iter(self.request.parents), "")
        return TaskResult(artifact, self.request.task, params, source, artifact.starred)

    # --- the end ------------------------------------------------------------------------------

    def _end(self, job: JobHandle, tell: Callable[[], None]) -> None:
        if self._hears(job):
            self._ending = tell
            self._end_if_read()

    def _end_if_read(self) -> None:
        if self._ending is None or self._reading:
            return
        tell, self._ending, self.job = self._ending, None, None
        self._show_busy(False)
        tell()
        self._call(self._told.over)

    def _stop_told(self) -> None:
        self.stopped = True
        self._call(self._told.stopped)

    def _fail(self, error: StudioError) -> None:
        self._tell(error, self._again or self.retry)
        self._call(self._told.failed, error)

    def _tell(self, error: StudioError, again: Callable[[], None] | None) -> None:
        if self._trouble is not None:
            self._trouble.tell(error, again)
        elif not self._told.failed:
            self._ctx.notices.error(error, key=f"{self._ctx.plugin}.run")

    def _show_busy(self, busy: bool) -> None:
        if self._button is not None:
            self._button.show_busy(busy)
        self._call(self._told.busy, busy)

    # --- who listens --------------------------------------------------------------------------

    def on_start(self, call: Callable[[JobHandle], None]) -> None:
        """Call with each job before anything else of it is told."""
        self._told.start.append(call)

    def on_busy(self, call: Callable[[bool], None]) -> None:
        """Call when a job began, and when it is over."""
        self._told.busy.append(call)

    def on_progress(self, call: Callable[[float, float, str, float | None], None]) -> None:
        """Call with done, total, message, seconds left."""
        self._told.progress.append(call)

    def on_text(self, call: Callable[[str, int, str], None]) -> None:
        """Call with new text, tokens so far, channel."""
        self._told.text.append(call)

    def on_preview(self, call: Callable[[QImage, str], None]) -> None:
        """Call with the picture as it is now, and a note."""
        self._told.preview.append(call)

    def on_made(self, call: Callable[[TaskResult], None]) -> None:
        """Call with each result, on disk and read."""
        self._told.made.append(call)

    def on_done(self, call: Callable[[Mapping[str, Any]], None]) -> None:
        """Call with what the task returned, after all results."""
        self._told.done.append(call)

    def on_failed(self, call: Callable[[StudioError], None]) -> None:
        """Call if it failed, or was not taken."""
        self._told.failed.append(call)

    def on_stopped(self, call: Callable[[], None]) -> None:
        """Call if the user stopped it, after all results."""
        self._told.stopped.append(call)

    def on_over(self, call: Callable[[], None]) -> None:
        """Call after it finished, failed or was stopped: last of all."""
        self._told.over.append(call)
