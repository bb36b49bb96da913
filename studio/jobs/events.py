"""What happens in a studio, for whoever wants to know: results that were saved, jobs that are over.

Tells on the owner's thread, in order. Knows no plugins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from studio.api.jobs import JobEnd
from studio.base.background import Post
from studio.jobs.board import JobBoard
from studio.jobs.job import Job
from studio.library import Artifact, Library

What = TypeVar("What")
Stop = Callable[[], None]
"""Ends it; harmless when it has ended."""


class Events:
    """One for each studio."""

    def __init__(self, library: Library, jobs: JobBoard, post: Post) -> None:
        self._added: list[Callable[[Artifact], None]] = []
        self._ended: list[Callable[[JobEnd], None]] = []
        self._live: set[str] = set()
        library.on_added = lambda artifact: post(lambda: _tell(self._added, artifact))
        jobs.on_change(self._changed)

    def on_artifact_added(self, call: Callable[[Artifact], None]) -> Stop:
        """Call with each result that is saved from now on; returns what ends it."""
        return _listen(self._added, call)

    def on_job_done(self, call: Callable[[JobEnd], None]) -> Stop:
        """Call with each job that is over from now on, however it ended; returns what ends it.

        Not with those that leave nothing: they are others' business, or a page's own.
        """
        return _listen(self._ended, call)

    def _changed(self, job: Job) -> None:
        if job.is_live:
            self._live.add(job.id)
        elif job.id in self._live:
            self._live.discard(job.id)
            if not job.recipe.leaves_nothing:
                _tell(self._ended, _end_of(job))


def _end_of(job: Job) -> JobEnd:
    own = tuple(artifact.id for artifact in job.artifacts if artifact.id)
    error = job.error.message if job.error else ""
    return JobEnd(job.id, job.task, job.plugin, job.title, job.state, job.record, own, error)


def _listen(calls: list[Callable[[What], None]], call: Callable[[What], None]) -> Stop:
    calls.append(call)

    def stop() -> None:
        if call in calls:
            calls.remove(call)

    return stop


def _tell(calls: list[Callable[[What], None]], what: What) -> None:
    for call in list(calls):
        call(what)
