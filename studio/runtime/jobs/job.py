"""One job inside the runtime: its flags, its state and its greenlet."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import greenlet

from studio.api.worker.context import Event, ProgressEvent
from studio.api.worker.energy import EnergyUse
from studio.protocol.blobs import shaped
from studio.protocol.energy import Amount, grams
from studio.protocol.errors import Cancelled, ErrorInfo
from studio.protocol.messages import BlobSpec, LibraryFound, Submit
from studio.protocol.states import JobState, Lane, Priority, move
from studio.protocol.trace import Use
from studio.runtime.jobs.events import Feed, Sink
from studio.runtime.jobs.running_call import Callee, RunningCall
from studio.runtime.jobs.torch_state import TorchState

POLL = 0.25
"""Seconds after which a waiting job looks again by itself."""


class Job:
    """A task on its way through the runtime.

    It runs in a greenlet of its lane's thread, so that not only each ``yield`` of the task but also
    a wait for memory and each part of a model being loaded is a place to switch, cancel or pause.
    Flags may be set by any thread; everything else belongs to whoever holds the job: the lane that
    steps it, or the reader of commands once it took it off the queue.

    Attributes:
        parked: Paused, and off its lane's queue.
        is_building: It is loading weights: nobody else can, so it goes first and cannot be paused.
        wake_at: Not to be stepped before this time (``time.monotonic``), for it waits.
        alone: Returns the context in which no other job makes a step; set by the scheduler.
        owner: What a person calls its plugin.
        is_private: Nothing of it may be written.
        wants_whole: Its result is wanted whole, also what its texts and artifacts say.
        files: Parameters that name a file which the user picked.
        checkpoint: Folder that outlives a kill; empty for none.
        prepares: Weights that it only loads, for a job to come; empty for one with a task.
        rates: By which it is told what it used in joules; None where nobody knows.
        weights: Weights it leased → SHA-256; empty where the file changed meanwhile.
        engines: Weights it leased → what computed with them, where that is a choice.
        reduced: What was made smaller because memory ran out, in words.
        batch: What it shares the steps of with others; empty for a job that computes by itself.
        busy: Seconds its steps took so far.
        is_away: Another process computes for it, so it takes no place in its lane.
        lingers: It was stopped, and waits a moment for what it has finished by then.
        caller: The job that called for it and waits for it; None for none.
        calling: What it has called for and waits for.
        calls: How many calls it has made.
        is_alone: No other job may compute now.
        asked: How often it has asked for results in the library.
        found: The answer to the last time, until it is heard.
    """

    def __init__(
        self,
        submit: Submit,
        *,
        plugin: str,
        lane: Lane,
        blobs: Sequence[memoryview],
        sink: Sink,
        owner: str = "",
        caller: Job | None = None,
        kinds: tuple[str, ...] | None = None,
        used: Callable[[Job], Use] = lambda job: Use(),
        spent: Callable[[Job], Amount] = lambda job: Amount(),
    ) -> None:
        self.id = submit.job
        self._used, self._spent = used, spent
        self.task = submit.task
        self.params = submit.params
        self.seed = submit.seed
        self.priority = Priority(submit.priority)
        self.is_private = submit.private
        self.wants_whole = submit.whole
        self.files = submit.files
        self.checkpoint = submit.checkpoint
        self.rates = submit.rates
        self.plugin = plugin
        self.owner = owner or plugin
        self.lane = lane
        self._submit = submit
        self._blobs = blobs
        self.state = JobState.QUEUED
        self.feed = Feed(self.id, sink, kinds)
        self.torch_state = TorchState(f"{self.task} (job {self.id})")
        self.weights: dict[str, str] = {}
        self.engines: dict[str, str] = {}
        self.reduced: list[str] = []
        self.prepares = ""
        self.cancel_requested = False
        self.pause_requested = False
        self.parked = False
        self.is_building = False
        self.wake_at = 0.0
        self.batch = ""
        self.busy = 0.0
        self.is_away = False
        self._quiet_since = 0.0
        self.lingers = False
        self.caller = caller
        self.calling: RunningCall | None = None
        self.calls = 0
        self.is_alone = False
        self.asked = 0
        self.found: LibraryFound | None = None
        self.alone: Callable[[], AbstractContextManager[None]] = nullcontext
        self._reason = ""
        self._before_pause: tuple[JobState, str] | None = None
        self._greenlet: greenlet.greenlet | None = None
        self._started_at = 0.0

    @property
    def inputs(self) -> dict[str, Any]:
        """What was handed in, by name: ``bytes``, or a numpy array of the declared kind."""
        return {
            name: _unpack(self._blobs[index], self._submit.specs.get(name))
            for name, index in self._submit.blobs.items()
        }

    def energy(self) -> EnergyUse | None:
        """Return what it has used until now; None where nobody knows what a core takes."""
        if self.rates is None:
            return None
        found, factor = self._spent(self), self.rates.grid_factor
        told = grams(found.joules, factor) if factor else None
        return EnergyUse(found.joules, found.low, found.high, found.processor, found.source, told)

    @property
    def chain(self) -> list[Job]:
        """Who called for whom: the first caller first, this job last."""
        return [*(self.caller.chain if self.caller else ()), self]

    @property
    def has_place(self) -> bool:
        """Whether one of its callers has a place among those under way in its lane."""
        return any(each.lane is self.lane for each in self.chain[:-1])

    @property
    def takes_place(self) -> bool:
        """Whether it takes a place in its lane.

        A chain of calls takes one, where its last job is: the others wait for that one, so none of
        them may keep it from beginning.
        """
        last: Callee = self
        while last.calling is not None and last.calling.callee is not None:
            last = last.calling.callee
        return last.lane is self.lane and not last.parked and not self.has_place

    @property
    def has_started(self) -> bool:
        """Whether any of its code has run."""
        return self._greenlet is not None

    @property
    def is_over(self) -> bool:
        """Whether it has reached its end."""
        return self.state.is_terminal

    # --- called by the lane ---------------------------------------------------------------------

    def step(self, body: Callable[[Job], None]) -> None:
        """Go on to the next place to switch. ``body`` takes the job from its start to its end."""
        if self._greenlet is None:
            self._started_at = time.monotonic()
            self._greenlet = greenlet.greenlet(body)
        if self._before_pause:
            state, reason = self._before_pause
            self._before_pause = None
            if not self.cancel_requested:
                self.become(state, reason)
        self._greenlet.parent = greenlet.getcurrent()
        self.torch_state.resume()
        try:
            self._greenlet.switch(self)
        finally:
            self.torch_state.suspend()
            if self.is_over:
                self.torch_state.abandon()

    def park(self) -> None:
        """Hold the job until it is resumed."""
        if self.state is JobState.QUEUED:
            self._before_pause = (JobState.WAITING, "waiting for its turn")
        else:
            self._before_pause = (self.state, self._reason)
        self.parked = True
        self.become(JobState.PAUSED)

    # --- called from inside the job -------------------------------------------------------------

    def hand_over(self) -> None:
        """End the step: the lane may switch. Returns when the job's turn comes again.

        Raises:
            Cancelled: The user stopped the job.
        """
        self._switch()
        self.check_cancelled()

    def _switch(self) -> None:
        current = self._greenlet
        assert current is not None
        assert current.parent is not None
        current.parent.switch()

    def report(self, event: Event) -> None:
        """Report what the task yielded, and end the step."""
        self.feed.event(event)
        self.hand_over()

    def check_cancelled(self) -> None:
        """Raise ``Cancelled`` if the user stopped the job."""
        if self.cancel_requested:
            raise Cancelled

    def wait_until(
        self,
        find_reason: Callable[[], str],
        state: JobState = JobState.WAITING,
        *,
        away: bool = False,
    ) -> None:
        """Let others go on until ``find_reason`` finds no more reason to wait.

        Args:
            away: It takes no place in its lane meanwhile: others may begin.

        Raises:
            Cancelled: The user stopped the job.
        """
        self.is_away = away
        try:
            while True:
                # Set before looking: a change that comes just after wakes the job all the same.
                self.wake_at = time.monotonic() + POLL
                reason = find_reason()
                if not reason:
                    return
                self.become(state, reason)
                self.hand_over()
        finally:
            self.wake_at = 0.0
            self.is_away = False

    def wait_for_process(self, is_news: Callable[[], bool]) -> None:
        """Let others go on until another process has news; the job stays in the state it is in.

        Raises:
            Cancelled: The user stopped the job.
        """
        self.is_away, self._quiet_since = True, time.monotonic()
        try:
            self._sleep(is_news, self.hand_over)
        finally:
            self.is_away, self._quiet_since = False, 0.0

    @property
    def quiet(self) -> float:
        """For how many seconds the process that computes for it has said nothing; 0 for none."""
        since = self._quiet_since
        return time.monotonic() - since if since else 0.0

    def linger(self, is_news: Callable[[], bool], until: float) -> None:
        """Wait, though stopped, until there is news or the time ``until`` (``time.monotonic``)."""
        self.is_away = self.lingers = True
        try:
            self._sleep(lambda: is_news() or time.monotonic() >= until, self._switch)
        finally:
            self.is_away = self.lingers = False

    def _sleep(self, is_over: Callable[[], bool], end_step: Callable[[], None]) -> None:
        try:
            while True:
                # Set before looking: a change that comes just after wakes the job all the same.
                self.wake_at = time.monotonic() + POLL
                if is_over():
                    return
                end_step()
        finally:
            self.wake_at = 0.0

    def loading(self, what: str, share: float) -> None:
        """Say how far the loading of ``what`` is, 0 to 1, and let others go on."""
        self.become(JobState.LOADING, what)
        self.feed.event(ProgressEvent(share, 1.0, what))
        self.hand_over()

    def become(self, state: JobState, reason: str = "") -> None:
        """Move to ``state`` and report it, if that is news."""
        if state is not self.state:
            self.state = move(self.state, state)
        elif reason == self._reason:
            return
        self._reason = reason
        self.feed.state(state, reason)

    def finish(self, state: JobState, error: ErrorInfo | None = None) -> None:
        """Reach the end and report it."""
        self.state = move(self.state, state)
        seconds = time.monotonic() - self._started_at if self._started_at else 0.0
        self.feed.finished(
            state,
            error=error,
            seconds=seconds,
            weights=self.weights,
            engines=self.engines,
            use=self._used(self),
        )


def _unpack(blob: memoryview, spec: BlobSpec | None) -> Any:
    if spec is None or spec.dtype == "bytes":
        return bytes(blob)
    import numpy

    dtype = "uint16" if spec.dtype == "bfloat16" else spec.dtype
    return numpy.frombuffer(shaped(spec, blob).cast("B"), dtype=dtype).reshape(spec.shape)
