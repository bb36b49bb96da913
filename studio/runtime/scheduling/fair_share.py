"""Whose turn it is within one class of jobs: equal time for each. No threads, no clock of its own.

Equal time, not equal steps: beside a job whose steps take a second, one whose steps take a
millisecond gets a thousand of them. Jobs that generate in one batch share each other's steps, so
they share one account too, and take their turns in order.
"""

from __future__ import annotations

from collections.abc import Iterable

from studio.runtime.jobs.job import Job

GRAIN = 0.002
"""Seconds of difference that do not matter: below it jobs simply alternate."""
TOGETHER = 8
"""Jobs of one batch that may be under way: so many texts on the same weights share a model step."""


class FairShare:
    """The turns of one lane's jobs of one priority.

    Args:
        under_way: How many jobs may have begun; those of one batch count as one.
    """

    def __init__(self, under_way: int) -> None:
        self._under_way = under_way
        self._spent: dict[str, float] = {}
        self._floor = 0.0
        """What the job that was furthest behind had spent at the last turn. Who was away, or comes
        anew, starts from here: nobody saves up time, nobody has to catch up."""

    def next(self, queue: Iterable[Job], begun: Iterable[Job], now: float) -> Job | None:
        """Return the job of ``queue`` to be stepped at ``now``; None if all of them wait.

        Args:
            begun: The jobs of this class that have begun and take a place, queued or not.
        """
        begun = tuple(begun)
        ready: list[Job] = []
        for job in queue:
            if job.pause_requested:
                return job
            if job.wake_at <= now and (job.has_started or self._may_begin(job, begun)):
                ready.append(job)
        if not ready:
            return None
        self._floor = min(map(self._spent_by, ready))
        return next(job for job in ready if self._spent_by(job) <= self._floor + GRAIN)

    def charge(self, job: Job, seconds: float) -> None:
        """Note that a step of ``job`` took so long."""
        self._spent[_account(job)] = self._spent_by(job) + seconds

    def forget(self, job: Job) -> None:
        """Close the account of a job that is over or went to another class."""
        if not job.batch:
            self._spent.pop(job.id, None)
        self._spent = {name: spent for name, spent in self._spent.items() if spent > self._floor}

    def _spent_by(self, job: Job) -> float:
        return max(self._spent.get(_account(job), 0.0), self._floor)

    def _may_begin(self, job: Job, begun: tuple[Job, ...]) -> bool:
        if job.has_place:
            return True
        same = sum(_account(other) == _account(job) for other in begun)
        if same:
            return same < TOGETHER
        return len({_account(other) for other in begun}) < self._under_way


def _account(job: Job) -> str:
    return job.batch or job.id
