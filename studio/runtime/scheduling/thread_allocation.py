"""How many processor threads each lane computes with: all of them, or its part. Starts none.

OpenMP keeps threads of its own for each thread that calls it. Two lanes with all threads each would
compute with twice as many as there are processors, and wait for each other at every barrier.
"""

from __future__ import annotations

import time

from studio.protocol.states import Lane
from studio.runtime.jobs.job import Job
from studio.runtime.scheduling.torch_state import LaneTorch

LINGER = 0.25
"""Seconds a lane keeps its share of the threads after its last step.

A change of the number costs about as much as a token of a small model: OpenMP ends threads and
starts others. Short jobs that come one after the other must not bring it about each time.
"""
_OTHER = {Lane.INTERACTIVE: Lane.BATCH, Lane.BATCH: Lane.INTERACTIVE}


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
