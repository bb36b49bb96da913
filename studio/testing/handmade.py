"""Jobs driven by hand from a test, with a log of the requests. Runs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.base.notices import Notices
from studio.jobs.durations import Durations
from studio.jobs.job import Job, Recipe
from studio.jobs.job_queue import Hands, JobQueue
from studio.protocol.states import JobState


class Controls:
    """Fake job board: logs the requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def cancel(self, job: Job) -> None:
        self.asked.append(("cancel", job.id))

    def pause(self, job: Job) -> None:
        self.asked.append(("pause", job.id))

    def resume(self, job: Job) -> None:
        self.asked.append(("resume", job.id))

    def promote(self, job: Job) -> None:
        self.asked.append(("promote", job.id))


class HandMadeBoard:
    """A job board whose jobs a test moves by hand.

    Attributes:
        typical: Task → the seconds that it usually takes.
    """

    def __init__(self) -> None:
        self.controls = Controls()
        self._jobs: list[Job] = []
        self._observers: list[Callable[[Job], None]] = []
        self.queue = self._queue()
        self.typical: dict[str, float] = {}
        disk: Any = _Disk()
        self.durations = Durations(lambda recipe: self.typical.get(recipe.task), disk, lambda: None)

    def _queue(self) -> JobQueue:
        hands = Hands(
            knows=lambda id: False,
            has=lambda job: False,
            send=lambda machine, message: None,
            jobs=self.jobs,
            changed=self.changed,
            feed=lambda: None,
            recipe=_none,
            revive=_none,
            again=_none,
        )
        return JobQueue(hands, _Store(), _Disk(), Notices())  # type: ignore[arg-type]

    def add_row(self, title: str, kind: str = "image") -> Job:
        """Add a row of the queue, behind the others."""
        job = self.add(title, kind=kind)
        job.is_row = True
        self.queue.add(job)
        self.changed(job)
        return job

    def add(self, title: str, state: JobState = JobState.QUEUED, kind: str = "text") -> Job:
        recipe = Recipe("chat", "chat.reply", {}, 1, title, kind=kind)
        job = Job(f"job{len(self._jobs)}", "record", recipe, self.controls, _raise)
        self._jobs.append(job)
        if state is not JobState.QUEUED:
            job.become(state)
        self.changed(job)
        return job

    def changed(self, job: Job) -> None:
        for call in self._observers:
            call(job)

    def jobs(self) -> list[Job]:
        return list(self._jobs)

    def live(self) -> list[Job]:
        return [job for job in self._jobs if job.is_live]

    def cancel_all(self) -> None:
        for job in reversed(self.live()):
            self.controls.cancel(job)

    def forget_over(self) -> None:
        self._jobs = self.live()

    def on_change(self, call: Callable[[Job], None]) -> Callable[[], None]:
        self._observers.append(call)
        return lambda: self._observers.remove(call)


class _Store:
    """Keeps nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args: None


class _Disk:
    """Fake background worker that completes immediately."""

    def run(self, call: Callable[[], Any], *then: Any, **more: Any) -> None:
        result = call()
        for callback in then[:1]:
            callback(result)


def _none(*args: Any) -> Any:
    raise NotImplementedError


def _raise(plugin: str, where: str, error: BaseException) -> None:
    raise error
