"""The job board: every job of the session, and the only place where their states move.

All of it runs on the owner's thread; the disk waits on a thread of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial, singledispatchmethod
from typing import Any

from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.api.params import Params
from studio.base.background import Background, Post
from studio.base.notices import Notices
from studio.jobs.artifact_saver import ArtifactSaver
from studio.jobs.calls import called_recipe
from studio.jobs.durations import Durations
from studio.jobs.job import Job, OnFault, Recipe
from studio.jobs.job_ends import EndHands, JobEnds
from studio.jobs.job_news import JobNews
from studio.jobs.job_queue import Hands, JobQueue
from studio.jobs.outbox import Outbox
from studio.jobs.picked_files import FileProofs
from studio.jobs.places import Places
from studio.jobs.poison import Poison
from studio.jobs.recipes import Weights, make_recipe, submission
from studio.jobs.requests import Resolve, Row, read, recipe_of, told
from studio.jobs.store import LibraryJobStore
from studio.library.rows import JobEntry
from studio.protocol import frames
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.link import Received
from studio.protocol.messages import (
    Call,
    CallEnded,
    Cancel,
    Finished,
    JobChanged,
    Message,
    Promote,
)
from studio.protocol.states import IllegalMove, JobState

log = logging.getLogger("studio.jobs")

KEPT_OVER = 500
"""So many jobs that are over are remembered, the last ones."""
STUBBORN_SECONDS = 5.0
"""A job that has not stopped after this long gets an offer to restart the runtime."""


class JobBoard:
    """All jobs of a session, oldest first.

    Attributes:
        queue: Those that wait in the library, and what the user wants of them.
        durations: How long they will take.
    """

    def __init__(
        self,
        store: LibraryJobStore,
        machines: Places,
        *,
        post: Post,
        notices: Notices,
        weights: Weights,
        resolve: Resolve,
        on_fault: OnFault,
        proofs: FileProofs,
        on_stubborn: Callable[[Job], bool] = lambda job: False,
    ) -> None:
        """Begin with none.

        Args:
            resolve: Finds, and checks, what running jobs call for; ``proofs``: their files.
            on_stubborn: Called with a job that does not stop; returns whether it was seen to, else
                the user is offered to restart the runtime.
        """
        self._store = store
        self._machines = machines
        self._notices = notices
        self._weights = weights
        self._resolve = resolve
        self._on_fault = on_fault
        self._on_stubborn = on_stubborn
        self._check_file = proofs.of_request
        self._called = partial(called_recipe, resolve, weights, proofs)
        self._disk = Background("studio-jobs", post)
        self._results = ArtifactSaver(store, self._disk, notices, self._changed)
        self._jobs: dict[str, Job] = {}
        hands = Hands(
            knows=lambda id: id in self._jobs,
            has=self._is_with_runtime,
            send=self._tell,
            jobs=self.jobs,
            changed=self._changed,
            feed=lambda: self._outbox.feed(self.queue),
            revive=self._revive,
            again=self._again,
            recipe=lambda row, inputs: recipe_of(row, inputs, resolve, weights, proofs.of_request),
            places=self._places,
        )
        self.queue = JobQueue(hands, store, self._disk, notices)
        self.durations = Durations(store.typical_seconds, self._disk, self.queue.tell)
        self._outbox = Outbox(machines, store, self._disk, self._fail)
        self._saving: set[str] = set()
        """Jobs whose recipe is not stored yet."""
        self._poison = Poison()
        self._news = JobNews(store, self._disk, self._results, notices)
        ends = EndHands(self.queue.drop, self._over, self._stop, self._is_with_runtime, self._tell)
        self._ends = JobEnds(ends, store, self._disk, self._results, notices)
        self._observers: list[Callable[[Job], None]] = []

    # --- asking -------------------------------------------------------------------------------

    def submit(self, plugin: str, entry: TaskEntry, params: Params, request: JobRequest) -> Job:
        """Store the recipe, then hand the job to the runtime, which is started if need be.

        Args:
            plugin: Id of the plugin that the task ``entry`` is of.
            params: Checked parameters; a random seed is drawn and empty weights are named here.
            request: All else that was asked for.

        Raises:
            StudioError: No weights fit, an input is unknown, or all of it is too large.
        """
        request = replace(request, machine=self._machines.wish(request, entry))
        how = self._weights, request, self._check_file
        return self._enter(make_recipe(plugin, entry, params, *how))

    def enter(self, recipe: Recipe, id: str) -> Job:
        """Submit a complete recipe, as ``Studio.recipe`` makes it, under an id of the caller's.

        Raises:
            StudioError: It is too large.
        """
        return self._enter(recipe, id=id)

    def jobs(self) -> list[Job]:
        """Return the jobs of the session, oldest first; of those that are over only the last."""
        return list(self._jobs.values())

    def live(self) -> list[Job]:
        """Return the jobs that are not over, oldest first."""
        return [job for job in self._jobs.values() if job.is_live]

    def get(self, job: str) -> Job | None:
        """Return one job; None if this session has none with that id."""
        return self._jobs.get(job)

    def forget_over(self) -> None:
        """Drop the jobs that are over; their records stay in the library."""
        rows = [job.id for job in self._jobs.values() if job.can_retry]
        if rows:
            self._disk.run(lambda: self._store.forget(rows), failed=self._notices.error)
        self._jobs = {job.id: job for job in self.live()}

    def on_change(self, call: Callable[[Job], None]) -> Callable[[], None]:
        """Call with a job when it is new, moved or got on; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    # --- controls of a job --------------------------------------------------------------------

    def cancel(self, job: Job) -> None:
        """Stop ``job`` at its next step, with all that waits for it; harmless when it is over."""
        self._stop(job.root if job.root.is_live else job)

    def cancel_all(self) -> None:
        """Clear the queue and stop running jobs; finished results stay."""
        for job in reversed(self.live()):  # those that wait first, so that none of them begins
            if job.caller is None:
                self.cancel(job)

    def _stop(self, job: Job) -> None:
        for called in job.live_calls:
            self._stop(called)
        if not job.is_live or job.stopping or job in self._ends:
            return
        job.stopping = True
        if self._is_with_runtime(job):
            self._tell(job.machine, Cancel(job.id))
            if job.is_row and not job.begun:  # written down before anybody can be killed
                self._ends.end(job, JobState.CANCELLED)
            elif job.caller is None and not (job.recipe.private and job.recipe.is_passing):
                self._machines.of(job.machine).later(
                    STUBBORN_SECONDS, lambda: self._still_there(job)
                )
        else:
            self._outbox.take(job)
            self._ends.end(job, JobState.CANCELLED)
        self._changed(job)

    def pause(self, job: Job) -> None:
        """Hold ``job`` at its next step."""
        self.queue.hold(job)

    def resume(self, job: Job) -> None:
        """Go on with a paused ``job``."""
        self.queue.hold(job, False)

    def promote(self, job: Job) -> None:
        """Put ``job`` before all others of its lane."""
        for called in job.live_calls:
            self.promote(called)
        if job.is_row and not job.begun:
            self.queue.move(job, 0)
        elif self._is_with_runtime(job):
            self._tell(job.machine, Promote(job.id))
        elif job in self._outbox:
            self._outbox.put_first([job])

    # --- the runtime speaks -------------------------------------------------------------------

    def apply(self, received: Received, machine: str = "") -> None:
        """Apply a message of a machine's runtime; ignore it without a live job of that machine."""
        job = self._jobs.get(getattr(received.message, "job", ""))
        if job is not None and job.is_live and job not in self._ends and self._is_on(job, machine):
            self._take(received.message, job, received.blobs)

    def settle(self, then: Callable[[list[JobEntry]], None]) -> None:
        """Close the journal of an earlier studio that was killed; to be called before any job.

        Args:
            then: Called with the jobs that were lost.
        """
        self._disk.run(self._store.settle, then, self._notices.error)

    def runtime_ready(self) -> None:
        """Hand over the jobs that wait for the runtime, in order."""
        self._outbox.feed(self.queue)

    def runtime_lost(
        self,
        reason: str,
        details: str = "",
        *,
        machine: str = "",
        by_itself: bool = True,
        suspects: Collection[Job] = (),
    ) -> list[Job]:
        """Take in that the runtime of a machine is gone.

        What it had begun is lost, what waited waits again.

        Returns the lost jobs.

        Args:
            reason: Why, in a sentence.
            details: The last lines of its log.
            by_itself: False if the user restarted it: then nobody is to blame.
            suspects: The jobs whose step it died in, where that is known: others are not to blame.
        """
        waiting: list[Job] = []
        lost: list[Job] = []
        self._ends.finish_held(lambda job: self._is_on(job, machine))
        for job in self.live():
            if not self._is_with_runtime(job) or not self._is_on(job, machine):
                continue
            if job.stopping:
                self._ends.end(job, JobState.CANCELLED)
            elif not (job.begun or job in suspects or job.caller or job.called):
                waiting.append(job)
                job.say("the runtime is restarting")
                self._changed(job)
            else:
                self._lose(job, reason, details, by_itself and (not suspects or job in suspects))
                lost.append(job)
        self._outbox.put_first(waiting)
        return lost

    def say(self, machine: str, words: str) -> None:
        """Set the wait reason of all jobs of a machine; empty when they go on."""
        for job in self.live():
            if job.machine == machine and (job in self._outbox or self._is_with_runtime(job)):
                job.say(words)
                self._changed(job)

    def give_up(self, machine: str, error: StudioError) -> None:
        """End the jobs bound to an unusable machine; others go on elsewhere."""
        for job in self.live():
            if job.recipe.machine == machine and job not in self._ends:
                self._fail(job, error)
        self._outbox.feed(self.queue)

    def abandon(self, reason: str, details: str = "") -> None:
        """Give up all that waits for the runtime of this machine: it will not come back."""
        self._ends.finish_held(lambda job: self._is_on(job, ""))
        for job in self.live():
            if job not in self._ends and self._is_on(job, ""):
                self._outbox.take(job)
                self._lose(job, reason, details, to_blame=False)

    def refuse(self, plugin: str, error: StudioError) -> None:
        """End what waits for a plugin that takes no part any more; ``error`` says why."""
        for job in self.live():
            if job.plugin == plugin and job not in self._ends:
                self._fail(job, error)

    def close(self) -> None:
        """End the remaining jobs as lost with the studio, and wait until all is on disk.

        Rows of the queue that have not begun stay in the library for the next studio.
        """
        self._ends.finish_held()
        for job in self.live():
            if job not in self._ends and (job.begun or not job.is_row):
                self._ends.end(job, JobState.LOST, error=_closed())
        self._disk.close()

    # --- messages, one by one -----------------------------------------------------------------

    @singledispatchmethod
    def _take(self, message: Any, job: Job, blobs: Sequence[memoryview]) -> None:
        if self._news.take(message, job, blobs):
            self._changed(job)

    @_take.register
    def _(self, message: JobChanged, job: Job, blobs: Sequence[memoryview]) -> None:
        if message.state.is_terminal:
            return  # only Finished ends a job
        is_late = job.is_row and not job.begun and not self.queue.waits(job)
        if is_late and message.state is JobState.PAUSED:
            return  # it was let go again meanwhile
        if message.state in (job.state, JobState.QUEUED):
            job.say(message.reason)
        else:
            self._move(job, message.state, message.reason)
        self._changed(job)

    @_take.register
    def _(self, message: Call, job: Job, blobs: Sequence[memoryview]) -> None:
        if job.stopping:
            return  # so does whoever waits for it
        try:
            self._enter(self._called(message, job, blobs), job, message.number)
        except StudioError as error:
            refusal = CallEnded(job.id, message.number, JobState.FAILED, error.info())
            self._tell(job.machine, refusal)

    @_take.register
    def _(self, message: Finished, job: Job, blobs: Sequence[memoryview]) -> None:
        if message.state is JobState.CANCELLED and job.is_row and not job.stopping:
            if job.begun:  # a runtime that ends has stopped it, which nobody wanted
                self._ends.end(job, JobState.LOST, error=_closed(), last=message)
        else:
            self._ends.finish(job, message)

    # --- inside -------------------------------------------------------------------------------

    def _enter(
        self,
        recipe: Recipe,
        caller: Job | None = None,
        call: int = 0,
        instead_of: Job | None = None,
        id: str = "",
    ) -> Job:
        new, record = self._store.new_ids()
        id = id or new
        job = Job(id, record, recipe, self, self._on_fault, caller=caller, call=call)
        job.is_row = self.queue.is_kept and caller is None and recipe.outlives_its_page
        # What is too large is refused before anything of it is stored.
        frames.encode_body(submission(job))
        frames.check_count(len(recipe.inputs))
        self._machines.check(recipe)
        if caller is not None:
            caller.called.append(job)
        self._jobs[job.id] = job
        self._saving.add(job.id)
        if job.is_row:
            self.queue.add(job)
        self._machines.start(recipe)
        replaced = instead_of.id if instead_of else ""
        self._disk.run(
            lambda: self._store.begin(job, replaced),
            lambda _: self._begun(job),
            lambda error: self._not_begun(job, error),
        )
        self._changed(job)
        return job

    def _begun(self, job: Job) -> None:
        self._saving.discard(job.id)
        if job in self._ends or not job.is_live:
            return
        self._outbox.put(job)
        if self.queue.waits(job) and job.state is not JobState.PAUSED:
            job.become(JobState.PAUSED)
        self._outbox.feed(self.queue)
        if job in self._outbox:
            job.say(self._machines.words(job.machine))
            if job.is_row and job not in self.queue.due():
                job.put_down()
            self._changed(job)

    def _not_begun(self, job: Job, error: StudioError) -> None:
        self._saving.discard(job.id)
        if job not in self._ends:
            job.error, job.is_row = error, False
            self._ends.ended(job, JobState.FAILED)

    def _fail(self, job: Job, error: StudioError) -> None:
        self._outbox.take(job)
        self._ends.end(job, JobState.FAILED, error=error)

    def _revive(self, row: Row, recipe: Recipe) -> Job:
        job = Job(row.entry.id, row.record.id, recipe, self, self._on_fault)
        job.is_row, job.held, job.created = True, row.entry.held, row.entry.created
        self._jobs[job.id] = job
        if row.entry.state != JobState.QUEUED:
            job.was(JobState(row.entry.state), row.entry.updated, told(row))
        elif row.trouble:
            self._fail(job, row.trouble)
        else:
            job.stored = read(row.entry).specs
            self._outbox.put(job)
        return job

    def _again(self, job: Job, recipe: Recipe) -> None:
        self._enter(recipe, instead_of=job)
        self._jobs.pop(job.id, None)
        self._changed(job)

    def _is_on(self, job: Job, machine: str) -> bool:
        """Whether the runtime of ``machine`` has a job: that of a cluster has all of its own."""
        return self._machines.of(job.machine) is self._machines.of(machine)

    def _tell(self, machine: str, message: Message) -> None:
        self._machines.of(machine).send(message)

    def _places(self, job: Job) -> Sequence[str]:
        if self._is_with_runtime(job):
            return (job.machine,)
        return self._machines.candidates(job, self._outbox.unfit(job))

    def _is_with_runtime(self, job: Job) -> bool:
        waits = job in self._outbox or job in self._ends or job.id in self._saving
        return job.is_live and not waits

    def _move(self, job: Job, state: JobState, reason: str) -> None:
        begins = state in (JobState.LOADING, JobState.RUNNING) and not job.begun
        try:
            job.become(state, reason)
        except IllegalMove as error:
            log.warning("job %s: %s", job.id, error)
            return
        if begins:
            job.begun = True
            self.queue.drop(job)
            self._disk.run(lambda: self._store.started(job), failed=self._notices.error)

    def _lose(self, job: Job, reason: str, details: str, to_blame: bool) -> None:
        job.parked = self._poison.parks(job.recipe, to_blame)
        self._ends.end(job, JobState.LOST, error=self._poison.told(job, reason, details))

    def _over(self, job: Job) -> None:
        self._news.forget(job)
        self.durations.learn(job)
        self._notices.dismiss(f"stubborn-{job.id}")
        if job.recipe.leaves_nothing:
            del self._jobs[job.id]
        self._changed(job)
        self._outbox.feed(self.queue)
        over = [candidate.id for candidate in self._jobs.values() if not candidate.is_live]
        for old in over[:-KEPT_OVER]:
            del self._jobs[old]

    def _still_there(self, job: Job) -> None:
        last = job
        while last.live_calls:  # whoever called it only waits
            last = last.live_calls[-1]
        if last.is_live and last not in self._ends and not self._on_stubborn(last):
            tr = self._notices.tr
            words = tr("“{title}” has not stopped yet: the current step is taking a long time.")
            self._notices.offer(
                words.format(title=job.title),
                tr("Restart runtime"),
                self._machines.of(job.machine).restart,
                key=f"stubborn-{job.id}",
            )

    def _changed(self, job: Job) -> None:
        for call in list(self._observers):
            try:
                call(job)
            except Exception as error:  # noqa: BLE001 - one bad observer must not stop the board
                self._on_fault("", "observer of the job board", error)


def _closed() -> StudioError:
    return StudioError(
        ErrorCode.RUNTIME_LOST, "Offline Studio was closed while this was running.", "Run it again."
    )
