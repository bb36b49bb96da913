"""The jobs of a page: started or queued, followed one at a time, stopped, started once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobHandle, JobRequest
from studio.api.plot import Plot
from studio.api.results import Read, TaskResult
from studio.api.runs import RunButton
from studio.api.stability import former_methods
from studio.api.window.context import PluginContext
from studio.api.window.language import tr
from studio.api.window.ui import ProgressRow, TroubleRow
from studio.api.window.work_queue import WorkQueue
from studio.desktop.kit.page_jobs import PageJobs
from studio.desktop.kit.pixels import image_of
from studio.desktop.kit.waiting_menu import WaitingJob, waiting_menu
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState

_AT_WORK = (JobState.LOADING, JobState.RUNNING)
_Told = list[Callable[..., None]]


@dataclass(eq=False)
class _Run:
    """A job of the page, until all its events are delivered.

    Attributes:
        again: Action of "Try again".
        untold: Pending notifications, delivered once the job is shown.
        reading: Number of results being loaded.
        ending: Final notification, delivered after all results.
        is_begun: Whether the job was shown.
        is_unwanted: Whether the user removed the job from the queue: reported only if it ran.
    """

    job: JobHandle
    request: JobRequest
    again: Callable[[], None]
    untold: list[tuple[_Told, tuple[Any, ...]]] = field(default_factory=list)
    reading: int = 0
    ending: Callable[[], None] | None = None
    is_begun: bool = False
    is_unwanted: bool = False

    def take_out(self) -> None:
        """Take it out of the queue."""
        self.is_unwanted = True
        self.job.cancel()


@dataclass
class _Listeners:
    """Callbacks by event."""

    start: list[Callable[[JobHandle], None]] = field(default_factory=list)
    busy: list[Callable[[bool], None]] = field(default_factory=list)
    progress: list[Callable[[float, float, str, float | None], None]] = field(default_factory=list)
    text: list[Callable[[str, int, str], None]] = field(default_factory=list)
    preview: list[Callable[[QImage, str], None]] = field(default_factory=list)
    plot: list[Callable[[Plot], None]] = field(default_factory=list)
    made: list[Callable[[TaskResult], None]] = field(default_factory=list)
    done: list[Callable[[Mapping[str, Any]], None]] = field(default_factory=list)
    failed: list[Callable[[StudioError], None]] = field(default_factory=list)
    stopped: list[Callable[[], None]] = field(default_factory=list)
    over: list[Callable[[], None]] = field(default_factory=list)


@former_methods("studio.api.runs.RunController")
class RunController:
    """Implements ``studio.api.runs.RunController``.

    Of the jobs of a page one is shown: the one at work. What others tell meanwhile waits for their
    turn.

    Attributes:
        request: What the job in view, or the last one, was asked for.
        stopped: Whether the last job was stopped by the user.
    """

    def __init__(
        self,
        ctx: PluginContext,
        jobs: PageJobs,
        *,
        prepare: Callable[[], JobRequest | None] | None = None,
        button: RunButton | None = None,
        progress: ProgressRow | None = None,
        trouble: TroubleRow | None = None,
        read: Read | None = None,
        owner: QWidget | None = None,
        name: str = "",
    ) -> None:
        self._ctx, self._jobs, self._prepare, self._read = ctx, jobs, prepare, read
        self._button, self._progress, self._trouble = button, progress, trouble
        parts = (button, progress, trouble)
        self._widgets = [part.widget for part in parts if part is not None]
        self._widgets += [owner] if owner is not None else []
        self._told = _Listeners()
        self._reading = WorkQueue(ctx)
        """In the order in which they were made, which a page shows."""
        self._page = (name or ctx.plugin) if button is not None else ""
        """The name by which its jobs are found again; without a button none can wait."""
        self._runs: list[_Run] = []
        self._shown: _Run | None = None
        self._was_busy = False
        self._again: Callable[[], None] = lambda: None
        self.request: JobRequest | None = None
        self.stopped = False
        if button is not None:
            button.on_press(self.run)
            button.on_stop(self.stop)
            button.on_menu(self._show_menu)
            QTimer.singleShot(0, button.widget, self._watch)  # by then the page listens

    @property
    def job(self) -> JobHandle | None:
        """The job in view."""
        return self._shown.job if self._shown else None

    @property
    def busy(self) -> bool:
        """Whether a job is running or queued, or a result is still loading."""
        return bool(self._runs)

    @property
    def waiting(self) -> list[JobHandle]:
        """The jobs of the page that wait behind the one in view, oldest first."""
        return [run.job for run in self._waiting()]

    # --- starting and stopping ----------------------------------------------------------------

    def run(self, prepare: Callable[[], JobRequest | None] | None = None) -> None:
        """Start what ``prepare`` returns, or add it to the queue; else say that one is at work."""
        make = prepare or self._prepare
        if self.busy and not self._page:
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
        """Start a job, or stop the running one."""
        if self.busy:
            self.stop()
        else:
            self.run()

    def start(self, request: JobRequest, again: Callable[[], None] | None = None) -> bool:
        """Start this or add it to the queue; return whether it was taken."""
        return self._start(request, refused=again, failed=again)

    def retry(self) -> None:
        """Start the last request again."""
        if self.request is not None:
            self._again()

    def stop(self) -> None:
        """Stop the job in view at its next step; the next one follows."""
        if self._shown is not None and self._progress is not None:
            self._progress.stop()
        elif self._shown is not None:
            self._shown.job.cancel()

    def stop_all(self) -> None:
        """Take what waits out of the queue, and stop the job in view."""
        for run in self._waiting():
            run.take_out()
        self.stop()

    def _start(
        self,
        request: JobRequest,
        refused: Callable[[], None] | None,
        failed: Callable[[], None] | None,
    ) -> bool:
        if self.busy and not self._page:
            return False
        if self._trouble is not None:
            self._trouble.hide()

        def once_more() -> None:
            self._start(request, refused=None, failed=failed)

        try:
            job = self._jobs.submit(replace(request, page=self._page), self._is_there)
        except StudioError as error:
            self.request = request
            self._tell(error, refused or once_more)
            self._call(self._told.failed, error)
            return False

        def again() -> None:
            # As it was asked for, with its seed: it goes on where the runtime has left it.
            if job.state is not JobState.LOST or not self._jobs.retry(job):
                (failed or once_more)()

        self._take(_Run(job, request, again))
        return True

    def _watch(self) -> None:
        """Adopt queued jobs of this page that continue, and jobs retried elsewhere."""

        def take(job: JobHandle, request: JobRequest) -> None:
            def again() -> None:
                self._jobs.retry(job)

            self._take(_Run(job, request, again))

        self._jobs.watch(self._page, take, self._is_there)

    # --- which one is shown -------------------------------------------------------------------

    def _take(self, run: _Run) -> None:
        self._runs.append(run)
        self._update()
        self._follow(run)
        self._choose()

    def _choose(self) -> None:
        """Show a finished job first, to keep events in order; else the running or next one."""
        if not self._is_there() or (self._shown and _is_on(self._shown.job.state)):
            return
        runs = [run for run in self._runs if run.untold or not run.is_unwanted]
        at_work = next((run for run in runs if run.job.state in _AT_WORK), None)
        over = next((run for run in runs if run.job.state.is_terminal), None)
        best = over or at_work or self._shown or next(iter(runs), None)
        if best is not None and best is not self._shown:
            self._show(best)

    def _show(self, run: _Run) -> None:
        self._shown, self.request, self._again = run, run.request, run.again
        self._update()
        if self._progress is not None:
            self._progress.follow(run.job)
        if not run.is_begun:
            run.is_begun, self.stopped = True, False
            self._call(self._told.start, run.job)
        while run.untold and run is self._shown:
            listeners, values = run.untold.pop(0)
            self._call(listeners, *values)

    def _update(self) -> None:
        if self._button is not None:
            self._button.show_adding(self.busy, len(self._waiting()))
        if self.busy != self._was_busy:
            self._was_busy = self.busy
            self._call(self._told.busy, self.busy)

    def _waiting(self) -> list[_Run]:
        runs = [run for run in self._runs if run is not self._shown]
        return [run for run in runs if not (run.is_unwanted or run.job.state.is_terminal)]

    def _show_menu(self, beside: QWidget) -> None:
        """Show a menu with actions on the queued jobs."""
        jobs = self._jobs
        rows = [
            WaitingJob(
                run.request.title or run.job.task,
                partial(jobs.put_first, run.job),
                run.take_out,
            )
            for run in self._waiting()
        ]
        menu = waiting_menu(self._ctx.ui, rows, self.stop, self.stop_all, jobs.show_all)
        menu.popup(beside.mapToGlobal(beside.rect().bottomLeft()))

    # --- what a job tells ---------------------------------------------------------------------

    def _follow(self, run: _Run) -> None:
        job, listeners = run.job, self._told
        job.on_state(lambda state, _reason: self._on_state(run, state))
        job.on_progress(lambda *step: self._pass(run, listeners.progress, *step))
        job.on_text(lambda *text: self._pass(run, listeners.text, *text))
        job.on_preview(lambda *picture: self._on_preview(run, *picture))
        job.on_plot(lambda plot: self._pass(run, listeners.plot, plot))
        job.on_artifact(lambda artifact: self._pass(run, [partial(self._read_in, run)], artifact))
        job.on_done(lambda result: self._end(run, lambda: self._call(listeners.done, result)))
        job.on_failed(lambda error: self._end(run, lambda: self._fail(run, error)))
        job.on_cancelled(lambda: self._end(run, self._stop_told))

    def _is_there(self) -> bool:
        """Whether anything can be shown; a job may outlive the page that asked for it."""
        return all(isValid(widget) for widget in self._widgets)

    def _hears(self, run: _Run) -> bool:
        return run in self._runs and self._is_there()

    def _pass(self, run: _Run, listeners: _Told, *values: Any) -> None:
        if not self._hears(run):
            return
        if run is self._shown:
            self._call(listeners, *values)
            return
        passing = (self._told.progress, self._told.preview, self._told.plot)
        if any(listeners is entry for entry in passing):  # the last will do
            run.untold = [entry for entry in run.untold if entry[0] is not listeners]
        run.untold.append((listeners, values))

    def _call(self, listeners: _Told, *values: Any) -> None:
        for call in list(listeners):
            call(*values)

    def _on_state(self, run: _Run, state: JobState) -> None:
        if not self._hears(run):
            return
        if state is JobState.CANCELLED and not run.is_begun and not run.untold:
            self._runs.remove(run)  # it was taken out of the queue
            self._update()
        else:
            self._choose()

    def _on_preview(self, run: _Run, pixels: Any, note: str) -> None:
        if self._told.preview and self._hears(run):
            image = image_of(pixels)
            if not image.isNull():
                self._pass(run, self._told.preview, image, note)

    def _read_in(self, run: _Run, artifact: SavedArtifact) -> None:
        result, read = _result(run.request, artifact), self._read
        if read is None:
            self._call(self._told.made, result)
            return
        run.reading += 1

        def done(content: Any) -> None:
            run.reading -= 1
            if self._hears(run):
                result.content = content
                self._pass(run, self._told.made, result)
                self._pass(run, [lambda: self._end_if_read(run)])

        self._reading.do(lambda: read(artifact), done, done)

    # --- the end ------------------------------------------------------------------------------

    def _end(self, run: _Run, tell: Callable[[], None]) -> None:
        run.ending = tell
        self._pass(run, [lambda: self._end_if_read(run)])

    def _end_if_read(self, run: _Run) -> None:
        if run.ending is None or run.reading:
            return
        tell, run.ending, self._shown = run.ending, None, None
        self._runs.remove(run)
        self._update()
        tell()
        self._call(self._told.over)
        self._choose()

    def _stop_told(self) -> None:
        self.stopped = True
        self._call(self._told.stopped)

    def _fail(self, run: _Run, error: StudioError) -> None:
        self._tell(error, run.again)
        self._call(self._told.failed, error)

    def _tell(self, error: StudioError, again: Callable[[], None] | None) -> None:
        if self._trouble is not None:
            self._trouble.tell(error, again)
        elif not self._told.failed:
            self._ctx.notices.error(error, key=f"{self._ctx.plugin}.run")

    # --- who listens --------------------------------------------------------------------------

    def on_start(self, call: Callable[[JobHandle], None]) -> None:
        """Call with each job before its other events."""
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

    def on_plot(self, call: Callable[[Plot], None]) -> None:
        """Call with each chart of how it goes: of each title the last one counts."""
        self._told.plot.append(call)

    def on_result(self, call: Callable[[TaskResult], None]) -> None:
        """Call with each result, on disk and read."""
        self._told.made.append(call)

    def on_done(self, call: Callable[[Mapping[str, Any]], None]) -> None:
        """Call with the task's return value, after all results."""
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


def _is_on(state: JobState) -> bool:
    """Whether a job is running, or finished with its end event pending."""
    return state in _AT_WORK or state.is_terminal


def _result(request: JobRequest, artifact: SavedArtifact) -> TaskResult:
    given = request.params
    recipe = artifact.meta.get("params")
    values = dict(given) if isinstance(given, Mapping) else given.to_dict()
    params = dict(recipe) if isinstance(recipe, Mapping) else values
    if isinstance(artifact.meta.get("seed"), int):
        params["seed"] = artifact.meta["seed"]
    source = next(iter(request.parents), "")
    return TaskResult(artifact, request.task, params, source, artifact.starred)
