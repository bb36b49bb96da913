"""Who computes when: two lanes, each a thread that gives its jobs turns. Knows no models."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from studio.protocol.states import JobState, Lane, Priority
from studio.runtime.jobs.error_translation import own_bug
from studio.runtime.jobs.job import Job
from studio.runtime.jobs.torch_state import LaneTorch
from studio.runtime.scheduling.fair_share import FairShare

LINGER = 0.25
"""Seconds a lane keeps its share of the threads after its last step.

A change of the number costs about as much as a token of a small model: OpenMP ends threads and
starts others. Short jobs that come one after the other must not bring it about each time.
"""
_OTHER = {Lane.INTERACTIVE: Lane.BATCH, Lane.BATCH: Lane.INTERACTIVE}

log = logging.getLogger(__name__)

UNDER_WAY = {Lane.INTERACTIVE: 4, Lane.BATCH: 2}
"""Jobs of one class and lane that take turns; the others queue, first come, first served.

More would slow all of them and need memory for each; one would let a long job block a short one.
Jobs that generate in one batch count as one (``turns.TOGETHER``).
"""
DROWSY = 30.0
"""Seconds an idle lane sleeps at most."""


class Scheduler:
    """Holds the jobs and the two lanes.

    Args:
        body: Takes a job from its start to its end; runs in the job's greenlet.
        on_step: Called in the lane's thread with the job and the times (``clock``) between which
            a step of it was made.
        clock: Seconds since some moment, on the way ``time.monotonic`` counts them.
        note: Called in the lane's thread with the lane and the id of the job whose step begins,
            and with "" when it is over.
    """

    def __init__(
        self,
        body: Callable[[Job], None],
        on_step: Callable[[Job, float, float], None] = lambda job, began, ended: None,
        clock: Callable[[], float] = time.monotonic,
        note: Callable[[Lane, str], None] | None = None,
    ) -> None:
        self._body = body
        self._note = note or (lambda lane, job: None)
        self._on_step = on_step
        self._clock = clock
        self._changed = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._queues = {lane: {each: deque[Job]() for each in Priority} for lane in Lane}
        self._turns = {
            lane: {each: FairShare(UNDER_WAY[lane]) for each in Priority} for lane in Lane
        }
        self._allocation = ThreadAllocation()
        self._stepping: dict[Lane, Job] = {}
        self._step_began: dict[str, float] = {}
        self._alone: Job | None = None
        self._stopping = False
        self._steps = 0
        self._threads = [
            threading.Thread(target=self._work, args=(lane,), name=f"lane-{lane}", daemon=True)
            for lane in Lane
        ]

    # --- called by the reader of commands -------------------------------------------------------

    def start(self) -> None:
        """Start the lanes."""
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job behind the others of its class."""
        with self._changed:
            if job.id in self._jobs:
                log.warning("job %s was submitted twice", job.id)
                return
            job.alone = lambda: self.alone(job)
            self._jobs[job.id] = job
            self._queues[job.lane][job.priority].append(job)
            self._changed.notify_all()

    def find(self, job_id: str) -> Job | None:
        """Return a job that is not over; None if there is none."""
        with self._changed:
            return self._jobs.get(job_id)

    def cancel(self, job_id: str) -> None:
        """Stop a job: at once if it has not started, else at its next step."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None:
                return
            job.cancel_requested = True
            never_began = not job.has_started and not self._is_held(job)
            if never_began:
                self._forget(job)
            else:
                self._unpark(job)
            self._changed.notify_all()
        if never_began:  # nobody else can reach it now
            job.finish(JobState.CANCELLED)

    def pause(self, job_id: str) -> None:
        """Hold a job when its next turn comes."""
        with self._changed:
            if job := self._jobs.get(job_id):
                job.pause_requested = True
                job.wake_at = 0.0
                self._changed.notify_all()

    def resume(self, job_id: str) -> None:
        """Let a paused job go on."""
        with self._changed:
            if job := self._jobs.get(job_id):
                job.pause_requested = False
                self._unpark(job)
                self._changed.notify_all()

    def promote(self, job_id: str) -> None:
        """Put a job before all others of its lane."""
        with self._changed:
            if job := self._jobs.get(job_id):
                self._put(job, Priority.INTERACTIVE, first=True)
                self._changed.notify_all()

    def arrange(self, places: Iterable[tuple[str, Priority]]) -> None:
        """Let jobs that have not begun follow each other as ``places`` (id, class) say."""
        with self._changed:
            for job_id, priority in places:
                job = self._jobs.get(job_id)
                if job is not None and not job.has_started:
                    self._put(job, priority)
            self._changed.notify_all()

    def _put(self, job: Job, priority: Priority, *, first: bool = False) -> None:
        """Give a job another class, and where it waits for its turn another place."""
        queue = self._queues[job.lane][job.priority]
        waits = job in queue
        if waits:
            queue.remove(job)
        self._turns[job.lane][job.priority].forget(job)
        job.priority = priority
        queue = self._queues[job.lane][priority]
        if waits and first:
            queue.appendleft(job)
        elif waits:
            queue.append(job)

    def wake(self) -> None:
        """Let all waiting jobs look again whether they can go on."""
        with self._changed:
            for job in self._jobs.values():
                job.wake_at = 0.0
            self._changed.notify_all()

    def use_card(self, torch_name: str) -> None:
        """Say on which device steps are computed, as torch calls it."""
        self._allocation.use_card(torch_name)

    def use_threads(self, count: int) -> None:
        """Say how many processor threads a lane may use when it computes alone."""
        self._allocation.use(count)

    def stop(self, patience: float) -> bool:
        """Stop all jobs at their next step and end the lanes; return whether they ended in time."""
        with self._changed:
            self._stopping = True
            jobs = list(self._jobs)
        for job_id in jobs:
            self.cancel(job_id)
        with self._changed:
            self._changed.notify_all()
        deadline = time.monotonic() + patience
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    @contextlib.contextmanager
    def alone(self, job: Job) -> Iterator[None]:
        """Let no other job make a step until the ``with`` block ends; called inside ``job``."""
        if self._alone is job:
            yield
            return
        job.wait_until(lambda: self._claim(job))
        try:
            job.hand_over()  # its turn comes again when no other step is under way
            yield
        finally:
            with self._changed:
                self._alone = None
                self._changed.notify_all()

    def _claim(self, job: Job) -> str:
        with self._changed:
            if self._alone is None:
                self._alone = job
                return ""
            return f"waiting for {self._alone.task}, which must run alone"

    @property
    def steps(self) -> int:
        """Steps made since the start; stands still when the work is stuck."""
        return self._steps

    def busy(self) -> tuple[tuple[Job, float, float], ...]:
        """Return (job, seconds of its steps, seconds of the step at hand) of all of them."""
        with self._changed:
            now = self._clock()
            return tuple(
                (job, job.busy, now - self._step_began.get(job.id, now))
                for job in self._jobs.values()
            )

    def running(self) -> tuple[str, ...]:
        """Return the ids of the jobs that have begun and are not paused."""
        with self._changed:
            return tuple(
                job.id for job in self._jobs.values() if job.has_started and not job.parked
            )

    # --- the lanes ------------------------------------------------------------------------------

    def _work(self, lane: Lane) -> None:
        while (job := self._take(lane)) is not None:
            self._allocation.begin_step(job)
            self._step(job)
            self._allocation.end_step(job)
            self._put_back(job)

    def _take(self, lane: Lane) -> Job | None:
        """Return the job whose turn it is, off its queue; wait for one; None at the end."""
        with self._changed:
            while True:
                now = time.monotonic()
                job = self._next(lane, now)
                if job is not None:
                    self._queues[lane][job.priority].remove(job)
                    self._stepping[lane] = job
                    return job
                if self._stopping and not any(job.lane is lane for job in self._jobs.values()):
                    return None
                self._changed.wait(self._nap(lane, now))

    def _next(self, lane: Lane, now: float) -> Job | None:
        alone = self._alone
        if alone is not None and alone.wake_at <= now:  # while it waits itself, others may go on
            is_its_turn = alone in self._queues[lane][alone.priority] and not self._stepping
            return alone if is_its_turn else None
        waiting = [job for queue in self._queues[lane].values() for job in queue]
        for job in waiting:
            # While a job builds weights nobody else can, so it goes first, as does one to be ended.
            if (job.cancel_requested and not job.lingers) or job.is_building:
                return job
        for priority in Priority:
            queue = self._queues[lane][priority]
            begun = (
                job
                for job in self._jobs.values()
                if job.has_started
                and not job.parked
                and not job.is_away
                and job.lane is lane
                and job.priority is priority
                and job.takes_place
            )
            found = self._turns[lane][priority].next(queue, begun, now) if queue else None
            if found is not None:
                return found
        return None

    def _nap(self, lane: Lane, now: float) -> float:
        times = [job.wake_at for queue in self._queues[lane].values() for job in queue]
        return min((max(0.01, at - now) for at in times if at > now), default=DROWSY)

    def _step(self, job: Job) -> None:
        must_go_on = job.cancel_requested or job.is_building or job is self._alone
        try:
            if job.pause_requested and not must_go_on:
                job.park()
                return
            began = self._step_began[job.id] = self._clock()
            self._note(job.lane, job.id)
            try:
                job.step(self._body)
            finally:
                self._note(job.lane, "")
                self._account_for(job, began, self._clock())
        except BaseException as bug:  # a bug of ours in one job must not end the lane
            log.exception("job %s broke the runtime", job.id)
            if not job.is_over:
                job.finish(JobState.FAILED, own_bug(bug))
        self._steps += 1

    def _account_for(self, job: Job, began: float, ended: float) -> None:
        with self._changed:
            job.busy += ended - began
            del self._step_began[job.id]
            self._turns[job.lane][job.priority].charge(job, ended - began)
        self._on_step(job, began, ended)

    def _put_back(self, job: Job) -> None:
        with self._changed:
            del self._stepping[job.lane]
            if job.is_over:
                self._forget(job)
            elif not job.parked:
                self._queues[job.lane][job.priority].append(job)
            elif job.cancel_requested or not job.pause_requested:  # minds changed meanwhile
                self._unpark(job)
            self._changed.notify_all()

    def _is_held(self, job: Job) -> bool:
        """Whether the lane has it in hand: then only its flags may be touched."""
        return self._stepping.get(job.lane) is job

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        self._turns[job.lane][job.priority].forget(job)
        queue = self._queues[job.lane][job.priority]
        if job in queue:
            queue.remove(job)

    def _unpark(self, job: Job) -> None:
        if job.parked and not self._is_held(job):
            job.parked = False
            self._queues[job.lane][job.priority].append(job)


class ThreadAllocation:
    """Divides the threads. Each lane tells of its own steps, in its own thread."""

    def __init__(self) -> None:
        self._torch = {lane: LaneTorch(lane) for lane in Lane}
        self._all = 0  # not known yet: torch's own number must be read untouched
        self._stepping: dict[Lane, Job] = {}
        self._computed_until = dict.fromkeys(Lane, float("-inf"))

    def use(self, count: int) -> None:
        """Say how many processor threads a lane may use when it computes alone."""
        self._all = count

    def use_card(self, torch_name: str) -> None:
        """Say on which device steps are computed, as torch calls it."""
        for each in self._torch.values():
            each.use_card(torch_name)

    def begin_step(self, job: Job) -> None:
        """Prepare the calling thread for a step of ``job``."""
        other = _OTHER[job.lane]
        self._stepping[job.lane] = job
        self._torch[job.lane].begin_step(self._share(job.lane))
        if other in self._stepping:  # with all threads, if it was alone until now
            self._torch[other].go_on_with(self._share(other))

    def end_step(self, job: Job) -> None:
        """Take in that the step of ``job`` is over."""
        del self._stepping[job.lane]
        if not job.wake_at:
            self._computed_until[job.lane] = time.monotonic()

    def _share(self, lane: Lane) -> int:
        """All threads for a lane that computes alone; else interactive gets the smaller half."""
        if self._all < 2 or not self._computes(_OTHER[lane]):
            return self._all
        return self._all // 2 if lane is Lane.INTERACTIVE else self._all - self._all // 2

    def _computes(self, lane: Lane) -> bool:
        """Whether it makes a step, or made one just now; a job that only waits does not."""
        job = self._stepping.get(lane)
        makes_a_step = job is not None and not job.wake_at
        return makes_a_step or time.monotonic() < self._computed_until[lane] + LINGER
