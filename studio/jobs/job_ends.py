"""Ends jobs of the board: saved first, then reported to listeners and callers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio.base.background import Background
from studio.base.notices import Notices
from studio.jobs.artifact_saver import ArtifactSaver
from studio.jobs.calls import answer
from studio.jobs.job import Job
from studio.jobs.store import LibraryJobStore
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Finished, Message
from studio.protocol.states import JobState


@dataclass(frozen=True)
class EndHands:
    """The board's functions for ending jobs.

    Attributes:
        begins_to_end: Called before the end is written: nothing else happens to the job any more.
        over: Called with a job that is over and told of.
        stop: Stops what a job has called for.
        has: Whether the runtime has a job.
        send: Tells the runtime of a machine.
    """

    begins_to_end: Callable[[Job], None]
    over: Callable[[Job], None]
    stop: Callable[[Job], None]
    has: Callable[[Job], bool]
    send: Callable[[str, Message], None]


class JobEnds:
    """Ends jobs, one after the other, behind all that is still being saved of them."""

    def __init__(
        self,
        hands: EndHands,
        store: LibraryJobStore,
        disk: Background,
        results: ArtifactSaver,
        notices: Notices,
    ) -> None:
        self._hands = hands
        self._store = store
        self._disk = disk
        self._results = results
        self._notices = notices
        self._ending: set[str] = set()
        """Jobs whose end is known and is being written down."""
        self._held: dict[Job, Finished] = {}
        """Jobs that are over but for what they called for."""

    def __contains__(self, job: Job) -> bool:
        """Whether its end is known and is being written down."""
        return job.id in self._ending

    def finish(self, job: Job, message: Finished) -> None:
        """Apply the runtime's end of a job; its calls end before it."""
        if not job.live_calls:
            self._finish(job, message)
            return
        self._held[job] = message  # stopped with it, or left behind by a task that went wrong
        for called in job.live_calls:
            self._hands.stop(called)

    def finish_held(self, which: Callable[[Job], bool] = lambda job: True) -> None:
        """End finished jobs that wait for their calls.

        Args:
            which: Filter of the jobs.
        """
        held = {job: message for job, message in self._held.items() if which(job)}
        for job, message in held.items():
            del self._held[job]
            self._finish(job, message)

    def end(
        self,
        job: Job,
        state: JobState,
        *,
        error: StudioError | None = None,
        last: Finished | None = None,
    ) -> None:
        """Write the end down, after all that is still being saved, and then tell of it."""
        self._ending.add(job.id)
        self._hands.begins_to_end(job)
        job.error = error
        job.result = last.result if last else {}

        def unwritten(trouble: StudioError) -> None:
            self._notices.error(trouble, key="journal")
            self.ended(job, state)

        texts = job.texts()
        self._disk.run(
            lambda: self._store.end(job, state, error, last, texts),
            lambda _: self.ended(job, state),
            unwritten,
        )

    def ended(self, job: Job, state: JobState) -> None:
        """Tell that a job is over: its end is written, or there is nothing to write."""
        if not job.is_live:
            return
        self._ending.discard(job.id)
        unsaved = self._results.trouble(job)
        if unsaved and state is JobState.DONE:
            job.error, state = unsaved, JobState.FAILED
        job.become(state, job.error.message if job.error else "")
        job.let_go()
        self._hands.over(job)
        if job.caller is not None:
            self._tell_caller(job, job.caller)
        for called in job.live_calls:  # it was lost with the runtime, or with the studio
            self._hands.stop(called)

    def _finish(self, job: Job, message: Finished) -> None:
        state = message.state if message.state.is_terminal else JobState.FAILED
        error = StudioError.from_info(message.error) if message.error else None
        if state is JobState.FAILED and error is None:
            error = StudioError(
                ErrorCode.INTERNAL, f"“{job.title}” failed without giving a reason."
            )
        self.end(job, state, error=error, last=message)

    def _tell_caller(self, job: Job, caller: Job) -> None:
        if caller in self._held and not caller.live_calls:
            self._finish(caller, self._held.pop(caller))
        elif self._hands.has(caller):
            self._hands.send(caller.machine, answer(job))
