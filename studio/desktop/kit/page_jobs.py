"""Jobs and the pages they are for: a page finds those that were queued before it was there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from studio.api.jobs import JobHandle, JobRequest
from studio.desktop.kit.machines.run_on import Place
from studio.protocol.states import JobState

if TYPE_CHECKING:
    from studio.jobs.job import Job
    from studio.studio import Studio

Take = Callable[[JobHandle, JobRequest], None]


@dataclass(frozen=True)
class _Watcher:
    page: str
    take: Take
    is_there: Callable[[], bool]


class PageJobs:
    """One for each plugin. Each job is followed by one page at most."""

    def __init__(self, studio: Studio, show_all: Callable[[], None] = lambda: None) -> None:
        """``show_all`` opens the list of all jobs."""
        self.show_all = show_all
        self.studio = studio
        self._watchers: list[_Watcher] = []
        self._followed: dict[str, Callable[[], bool]] = {}
        """Id of a live job → whether who follows it is still there."""
        self._unclaimed: list[Job] = []
        """Jobs that ended while nobody was there who could have put their results in place."""
        self._submitting = False
        self.place = Place(studio.machines)
        studio.jobs.on_change(self._changed)

    def submit(self, request: JobRequest, is_there: Callable[[], bool]) -> JobHandle:
        """Queue a job that whoever calls follows, as long as ``is_there()``.

        Raises:
            StudioError: As ``studio.api.window.context.Tasks.submit``.
        """
        self._submitting = True
        request = request if request.machine else replace(request, machine=self.place.asked)
        try:
            job = self.studio.submit(request)
        finally:
            self._submitting = False
        self._followed[job.id] = is_there
        return job

    def watch(self, page: str, take: Take, is_there: Callable[[], bool]) -> None:
        """Call with each live job of ``page`` that nobody follows: those there are, and to come.

        Rows that an earlier studio left come when they are read, rows that are tried again when
        they begin anew. Those with a target come even if they are done by now.
        """
        self._watchers.append(_Watcher(page, take, is_there))
        unclaimed, self._unclaimed = self._unclaimed, []
        for job in [*unclaimed, *self.studio.jobs.live()]:
            self._offer(job)

    def put_first(self, job: JobHandle) -> None:
        """Move a job to the front of the queue."""
        if queued := self.studio.jobs.get(job.id):
            queued.promote()

    def retry(self, job: JobHandle) -> bool:
        """Begin a row once more that failed, if it can be; it comes to who watches."""
        previous = self.studio.jobs.get(job.id)
        if previous is None or not previous.can_retry:
            return False
        self.studio.jobs.queue.retry([previous])
        return True

    def _changed(self, job: Job) -> None:
        if not job.is_live:
            follower = self._followed.pop(job.id, None)
            if job.recipe.target and follower is None and job.state is JobState.DONE:
                self._offer(job)
        elif job.recipe.page and not self._submitting:
            self._offer(job)

    def _offer(self, job: Job) -> None:
        is_followed = self._followed.get(job.id)
        if is_followed is not None and is_followed():
            return
        self._watchers = [present for present in self._watchers if present.is_there()]
        for watcher in self._watchers:
            if watcher.page == job.recipe.page:
                self._followed[job.id] = watcher.is_there
                watcher.take(job, _request_of(job))
                return
        if not job.is_live:
            self._unclaimed.append(job)


def _request_of(job: Job) -> JobRequest:
    recipe = job.recipe
    return JobRequest(
        recipe.task,
        recipe.params,
        title=recipe.title,
        priority=recipe.priority,
        inputs=recipe.inputs,
        parents=recipe.parents,
        keep=recipe.keep,
        whole=recipe.whole,
        page=recipe.page,
        target=recipe.target,
    )
