"""Stored jobs not yet sent to the runtime. Ends none of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from studio.base.background import Background
from studio.jobs.job import Job
from studio.jobs.job_queue import JobQueue
from studio.jobs.places import Places
from studio.jobs.recipes import submission
from studio.jobs.store import LibraryJobStore
from studio.protocol.errors import StudioError
from studio.protocol.messages import BlobSpec


class Outbox:
    """They go in the order of their coming, the rows of the queue in the order of the queue.

    Args:
        failed: Called with a job that cannot be sent, and why.
    """

    def __init__(
        self,
        machines: Places,
        store: LibraryJobStore,
        disk: Background,
        failed: Callable[[Job, StudioError], None],
    ) -> None:
        self._machines = machines
        self._store = store
        self._disk = disk
        self._failed = failed
        self._jobs: dict[str, Job] = {}
        self._fetching: set[str] = set()
        """Jobs whose inputs are being read."""
        self._unfit: dict[str, set[str]] = {}
        """Job that may run anywhere → the machines that have refused it."""

    def __contains__(self, job: Job) -> bool:
        return job.id in self._jobs

    def put(self, *jobs: Job) -> None:
        """Add jobs behind the others."""
        self._jobs.update((job.id, job) for job in jobs)

    def put_first(self, jobs: Iterable[Job]) -> None:
        """Add jobs, or those that are there already, before the others."""
        first = {job.id: job for job in jobs}
        self._jobs = {**first, **{id: job for id, job in self._jobs.items() if id not in first}}

    def take(self, job: Job) -> None:
        """Take a job out; harmless when it is not there."""
        self._jobs.pop(job.id, None)
        self._unfit.pop(job.id, None)

    def unfit(self, job: Job) -> Collection[str]:
        """Return the machines that have refused a job which may run anywhere."""
        return self._unfit.get(job.id, ())

    def feed(self, queue: JobQueue) -> None:
        """Send the runtimes the jobs that are due; start them if need be.

        Jobs waiting for one machine do not block those of another.
        """
        if not self._jobs:
            return
        rows = [job for job in queue.due() if job in self and self._has_a_place(job)]
        for machine in {job.machine for job in rows}:
            self._machines.of(machine).start()
        for job in [job for job in self._jobs.values() if not job.is_row]:
            job.machine = queue.place(job)
            if self._may_go(job, queue):
                self._send(job)
        waits: set[str] = set()
        for job in rows:
            if job.machine in waits or not self._may_go(job, queue):
                waits.add(job.machine)  # the others there go after it
            elif job.stored:
                self._fetch(job, job.stored, queue)
                waits.add(job.machine)
            else:
                self._send(job)
        if rows:
            queue.arrange()

    def _has_a_place(self, job: Job) -> bool:
        """Whether a row can run where it is to; one whose machine was removed fails."""
        try:
            self._machines.check(job.recipe)
        except StudioError as error:
            self.take(job)
            self._failed(job, error)
            return False
        return True

    def _may_go(self, job: Job, queue: JobQueue) -> bool:
        machine = job.machine

        def refused(error: StudioError) -> None:
            if job not in self:
                return
            others = self._unfit.setdefault(job.id, set())
            others.add(machine)
            if set(self._machines.candidates(job)) <= others:
                self._failed(job, error)
            else:
                self.feed(queue)

        return self._machines.may_go(job, lambda: self.feed(queue), refused)

    def _send(self, job: Job) -> None:
        self.take(job)
        try:
            place = self._store.checkpoint(job.recipe)
            message = submission(job, place, self._store.rates())
            self._machines.of(job.machine).send(
                message, [job.recipe.inputs[name] for name in message.blobs]
            )
        except StudioError as error:
            self._failed(job, error)
        else:
            job.say("")

    def _fetch(self, job: Job, specs: Mapping[str, BlobSpec], queue: JobQueue) -> None:
        """Have the inputs of a row at hand again, then see whether it is still due."""
        if job.id in self._fetching:
            return
        self._fetching.add(job.id)

        def fetched(inputs: dict[str, Any]) -> None:
            self._fetching.discard(job.id)
            if job in self:
                job.take_up(inputs)
                self.feed(queue)

        def failed(error: StudioError) -> None:
            self._fetching.discard(job.id)
            if job in self:
                self.take(job)
                self._failed(job, error)

        self._disk.run(lambda: self._store.inputs(job.record, specs), fetched, failed)
