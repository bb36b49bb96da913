"""Jobs that are stored and that the runtime has not been told of yet. Ends none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from studio.core.background import Background
from studio.core.jobs.job import Job
from studio.core.jobs.job_queue import JobQueue
from studio.core.jobs.recipes import submission
from studio.core.jobs.store import LibraryJobStore
from studio.core.runtime_process.supervisor import Supervisor
from studio.protocol.errors import StudioError
from studio.protocol.messages import BlobSpec


class Outbox:
    """They go in the order of their coming, the rows of the queue in the order of the queue.

    Args:
        failed: Called with a job that cannot be sent, and why.
    """

    def __init__(
        self,
        runtime: Supervisor,
        store: LibraryJobStore,
        disk: Background,
        failed: Callable[[Job, StudioError], None],
    ) -> None:
        self._runtime = runtime
        self._store = store
        self._disk = disk
        self._failed = failed
        self._jobs: dict[str, Job] = {}
        self._fetching: set[str] = set()
        """Jobs whose inputs are being read."""

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

    def feed(self, queue: JobQueue) -> None:
        """Tell the runtime of what it should have by now; it is started for it, if need be."""
        if not self._jobs:
            return
        rows = [job for job in queue.due() if job in self]
        if rows:
            self._runtime.start()
        if not self._runtime.is_ready:
            return
        for job in [job for job in self._jobs.values() if not job.is_row]:
            self._send(job)
        for job in rows:
            if job.stored:
                self._fetch(job, job.stored, queue)
                break  # the others go after it
            self._send(job)
        if rows:
            queue.arrange()

    def _send(self, job: Job) -> None:
        self.take(job)
        try:
            place = self._store.checkpoint(job.recipe)
            message = submission(job, place, self._store.rates())
            self._runtime.send(message, [job.recipe.inputs[name] for name in message.blobs])
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
