"""Where the steps of workflows run: a seam of five calls, and this machine as its first side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol

from studio.api.jobs import FREE, HERE
from studio.automation.workflows.parts import Parts
from studio.jobs.job import Job, Recipe
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState

TRIES = 3
"""A step whose runtime was lost so often fails: it may be what brings it down."""
AT_ONCE = 4
"""Steps that are handed over at a time: one computes, the others are ready to."""


class Ask(NamedTuple):
    """One step of one row that is to be run.

    Attributes:
        job: Id that the job is to have: written down before it is asked for.
        number, step, attempt: Which it is, as ``RunStep`` has it.
        again: It was asked for by a studio that was killed, and may have been done.
    """

    job: str
    number: int
    step: str
    attempt: int
    recipe: Recipe
    fingerprint: str = ""
    again: bool = False


class End(NamedTuple):
    """The outcome of a step.

    Attributes:
        state: ``LOST``, for one that was asked for again: it was not done, or not to its end.
        artifacts: Ids of its results, which are in the library.
        ends_run: Every other step would end so.
        is_again: It is no fault of the step, which is to be asked for once more.
    """

    job: str
    state: JobState
    artifacts: tuple[str, ...] = ()
    error: StudioError | None = None
    seconds: float = 0.0
    ends_run: bool = False
    is_again: bool = False


class Machine(Protocol):
    """Runs steps. All of it is called, and calls back, on the owner's thread.

    Attributes:
        is_coming: It is being reached: nothing runs yet.
    """

    @property
    def is_coming(self) -> bool: ...

    def capacity(self) -> int:
        """Return how many steps it would have at once; 0 while it is to wait."""
        ...

    def submit(self, ask: Ask) -> None:
        """Run a step, or go on with it if it has it already.

        Raises:
            StudioError: It cannot be run.
        """
        ...

    def events(self, call: Callable[[End | None], None]) -> Callable[[], None]:
        """Call with each end of a step, and with None when the capacity may be another.

        Returns:
            The function that ends it.
        """
        ...

    def cancel(self, job: str) -> None:
        """Stop a step; no-op when it is over. Its end is reported."""
        ...

    def close(self) -> None:
        """Let go of all steps without a word."""
        ...


_FATAL = {ErrorCode.DISK_FULL, ErrorCode.READ_ONLY}


class ThisMachine:
    """Runs steps as jobs of this studio: they are in its queue, and its lanes order them."""

    is_coming = False

    def __init__(self, studio: Parts) -> None:
        self._studio = studio
        self._jobs: dict[str, Job] = {}
        self._asks: dict[str, Ask] = {}
        self._losses: Counter[tuple[int, str]] = Counter()
        self._observers: list[Callable[[End | None], None]] = []
        self._endings = [
            studio.jobs.on_change(self._changed),
            studio.jobs.queue.on_change(lambda: self._tell(None)),
        ]

    def capacity(self) -> int:
        """Return how many steps it would have at once: none while the queue is paused."""
        return 0 if self._studio.jobs.queue.paused else AT_ONCE

    def submit(self, ask: Ask) -> None:
        """Enter the step as a job with the id it was given."""
        job = self._studio.jobs.get(ask.job)
        if ask.again and (job is None or not job.is_live):
            self._studio.post(lambda: self._tell(self._earlier(ask.job)))
            return
        self._asks[ask.job] = ask
        self._jobs[ask.job] = job or self._studio.jobs.enter(ask.recipe, ask.job)

    def events(self, call: Callable[[End | None], None]) -> Callable[[], None]:
        """Call with each end of a step."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def cancel(self, job: str) -> None:
        """Stop the job of a step."""
        if job_here := self._jobs.get(job):
            job_here.cancel()

    def close(self) -> None:
        """Watch no more."""
        self._observers.clear()
        self._jobs.clear()
        self._asks.clear()
        for end in self._endings:
            end()
        self._endings.clear()

    def _earlier(self, job: str) -> End:
        """Return the outcome of an earlier studio's job; bin its unfinished results."""
        library = self._studio.library
        try:
            entry = library.jobs.entry(job)
        except StudioError:  # it was killed before it was entered
            return End(job, JobState.LOST)
        artifacts = tuple(
            artifact.id for artifact in library.find(record=entry.record, order="oldest", limit=-1)
        )
        if entry.state == JobState.DONE:
            return End(job, JobState.DONE, artifacts)
        if entry.state == JobState.QUEUED:  # nobody here keeps the queue, so nobody will run it
            library.jobs.journal_state(job, JobState.CANCELLED)
        if artifacts:
            library.bin(artifacts)
        return End(job, JobState.LOST)

    def _changed(self, job: Job) -> None:
        if job.is_live or self._jobs.pop(job.id, None) is None:
            return
        ask = self._asks.pop(job.id)
        own = tuple(
            artifact.id
            for artifact in job.artifacts
            if artifact.id and artifact.record == job.record
        )
        end = End(job.id, job.state, own, job.error, job.seconds or 0.0)
        if job.state in (JobState.LOST, JobState.FAILED) and job.error is not None:
            end = self._judged(end, ask, job, job.error)
        self._tell(end)

    def _judged(self, end: End, ask: Ask, job: Job, error: StudioError) -> End:
        """Say whether the whole run ends so, or a step that only lost its runtime is tried anew."""
        if error.code in _FATAL:
            return end._replace(ends_run=True)
        wish = job.recipe.machine
        if self._studio.has_ended(job.machine if wish in (HERE, FREE) else wish):
            hint = "What is done is kept; resume the run when that is in order."
            gone = StudioError(ErrorCode.RUNTIME_LOST, error.message, hint, error.details)
            return end._replace(error=gone, ends_run=True)
        if end.state is JobState.LOST and not job.parked:
            self._losses[ask.number, ask.step] += 1
            if self._losses[ask.number, ask.step] < TRIES:
                if end.artifacts:
                    self._studio.library.later(self._studio.library.bin, end.artifacts)
                return end._replace(is_again=True, artifacts=())
        return end

    def _tell(self, end: End | None) -> None:
        for call in list(self._observers):
            call(end)
