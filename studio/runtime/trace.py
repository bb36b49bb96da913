"""What happened in the last hour: steps merged into stretches, waits, loads. Bounded; tells only.

Everything comes by two ways that exist anyway: the scheduler's steps, and the messages to the
studio. So nothing that happens needs to know of the trace.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studio.protocol.messages import Finished, JobChanged, PoolEvent
from studio.protocol.states import JobState
from studio.protocol.trace import Span
from studio.runtime.jobs.job import Job

KEPT = 4000
"""Stretches that are remembered, about 100 bytes each on the link."""
HOUR = 3600.0
GAP = 0.25
"""Seconds between two steps of a job that still are one stretch: others had a turn, no more."""
SAMPLE = 5.0
"""Seconds between two samples of what the device holds and uses."""
LONGEST = 60.0
"""Seconds after which a stretch is closed, so that an hour of steps shows when it was busy."""

_CONDITIONS = {
    JobState.WAITING: "waiting",
    JobState.LOADING: "loading",
    JobState.PAUSED: "paused",
}
"""States that are a stretch of their own; in them steps are not told."""


@dataclass
class _Open:
    """A stretch that still goes on; times as of the trace's clock."""

    what: str
    began: float
    ended: float
    why: str = ""
    busy: float = 0.0
    steps: int = 0


@dataclass
class _Known:
    """A job that is not over."""

    task: str
    plugin: str
    lane: str
    since: float = 0.0
    """When its last condition ended: within a step."""
    steps: _Open | None = None
    condition: _Open | None = None


class Trace:
    """The last hour. Safe to use from every thread.

    Args:
        clock: The one the scheduler measures steps by, in seconds.
        epoch: What to add to it for seconds since the epoch; by default as of now.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, epoch: float | None = None
    ) -> None:
        self._clock = clock
        self._epoch = time.time() - clock() if epoch is None else epoch
        self._spans: deque[Span] = deque(maxlen=KEPT)
        self._jobs: dict[str, _Known] = {}
        self._measured_at, self._joules = clock(), 0.0
        self._lock = threading.Lock()

    def submitted(self, job: Job) -> None:
        """Take in a job, before anything else is told of it."""
        with self._lock:
            self._jobs[job.id] = _Known(job.task, job.plugin, str(job.lane))

    def step(self, job: Job, began: float, ended: float) -> None:
        """Take in a step of ``job`` between two times of the clock."""
        with self._lock:
            known = self._jobs.get(job.id)
            if known is None or known.condition is not None:
                return
            began = max(began, known.since)
            going = known.steps
            if going and (began - going.ended > GAP or ended - going.began > LONGEST):
                self._close(job.id, known, going)
                going = None
            if going is None:
                going = known.steps = _Open("steps", began, ended)
            going.ended = ended
            going.busy += ended - began
            going.steps += 1

    def heard(self, message: Any) -> None:
        """Take in what is told to the studio."""
        if isinstance(message, PoolEvent):
            self._remember_event(message)
            return
        if not isinstance(message, JobChanged | Finished):
            return
        with self._lock:
            if known := self._jobs.get(message.job):
                self._end_condition(message.job, known)
                if isinstance(message, Finished):
                    self._end_steps(message.job, known)
                    del self._jobs[message.job]
                elif what := _CONDITIONS.get(message.state):
                    self._end_steps(message.job, known)
                    now = self._clock()
                    known.condition = _Open(what, now, now, message.reason)

    def measured(self, held: int, joules: float) -> None:
        """Take in the bytes held in memory and the energy used since the start, now and then."""
        with self._lock:
            began, now = self._measured_at, self._clock()
            if now - began >= SAMPLE:
                since, used = began + self._epoch, max(0.0, joules - self._joules)
                sample = Span(since, now - began, "measured", "", bytes=held, joules=used)
                self._spans.append(sample)
                self._measured_at, self._joules = now, joules

    def spans(self) -> tuple[Span, ...]:
        """Return the stretches of the last hour, those that still go on too, oldest first."""
        with self._lock:
            now = self._clock()
            spans = list(self._spans)
            for job, known in self._jobs.items():
                if known.steps:
                    spans.append(self._span(job, known, known.steps))
                if known.condition:
                    known.condition.ended = now
                    spans.append(self._span(job, known, known.condition))
        oldest = now + self._epoch - HOUR
        return tuple(sorted((s for s in spans if s.ended >= oldest), key=lambda span: span.began))

    def _remember_event(self, event: PoolEvent) -> None:
        if event.what == "waiting":  # the job tells that, and its end
            return
        with self._lock:
            now = self._clock() + self._epoch
            span = Span(now, 0.0, event.what, event.weights, event.why, bytes=event.bytes)
            self._spans.append(span)

    def _end_condition(self, job: str, known: _Known) -> None:
        if known.condition is not None:
            known.condition.ended = known.since = self._clock()
            self._close(job, known, known.condition)
            known.condition = None

    def _end_steps(self, job: str, known: _Known) -> None:
        if known.steps is not None:
            self._close(job, known, known.steps)
            known.steps = None

    def _close(self, job: str, known: _Known, stretch: _Open) -> None:
        self._spans.append(self._span(job, known, stretch))

    def _span(self, job: str, known: _Known, stretch: _Open) -> Span:
        return Span(
            began=stretch.began + self._epoch,
            seconds=stretch.ended - stretch.began,
            what=stretch.what,
            name=known.task,
            why=stretch.why,
            lane=known.lane,
            plugin=known.plugin,
            job=job,
            busy=stretch.busy,
            steps=stretch.steps,
        )
