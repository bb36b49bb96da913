"""Updates of running jobs: steps, text, previews, results. Moves no job."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial, singledispatchmethod
from typing import Any

from studio.api.plot import Plot
from studio.base.background import Background
from studio.base.notices import Notices
from studio.jobs.artifact_saver import ArtifactSaver
from studio.jobs.job import Job
from studio.jobs.store import LibraryJobStore
from studio.protocol import blobs as blob_rules
from studio.protocol.errors import StudioError
from studio.protocol.messages import Keep, Preview, Produced, Progress, TextDelta

log = logging.getLogger("studio.jobs")

PROGRESS_SECONDS = 0.05
"""Progress is told at most this often: the eye cannot follow more."""


class JobNews:
    """Forwards the runtime's updates on running jobs."""

    def __init__(
        self, store: LibraryJobStore, disk: Background, results: ArtifactSaver, notices: Notices
    ) -> None:
        self._store = store
        self._disk = disk
        self._results = results
        self._notices = notices
        self._told: dict[str, float] = {}

    def forget(self, job: Job) -> None:
        """Take in that ``job`` is over."""
        self._told.pop(job.id, None)

    @singledispatchmethod
    def take(self, message: Any, job: Job, blobs: Sequence[memoryview]) -> bool:
        """Take in a message about ``job``; return whether those who watch should look."""
        log.warning("a %s of the runtime was not expected", type(message).__name__)
        return False

    @take.register
    def _(self, message: Progress, job: Job, blobs: Sequence[memoryview]) -> bool:
        now = time.monotonic()
        is_news = message.message != job.message or message.total != job.total
        job.step(message.done, message.total, message.message, message.seconds_left, now)
        for data in message.plots:
            job.draw(Plot.decode(data))
        is_due = now - self._told.get(job.id, 0.0) >= PROGRESS_SECONDS
        if not (is_news or is_due or message.done >= message.total):
            return False
        self._told[job.id] = now
        job.tell_progress()
        return True

    @take.register
    def _(self, message: TextDelta, job: Job, blobs: Sequence[memoryview]) -> bool:
        return job.write(message.text, message.tokens, message.channel)

    @take.register
    def _(self, message: Preview, job: Job, blobs: Sequence[memoryview]) -> bool:
        job.show(blob_rules.shaped(message.spec, blobs[message.blob]), message.note)
        return False

    @take.register
    def _(self, message: Produced, job: Job, blobs: Sequence[memoryview]) -> bool:
        if job.recipe.private:
            if job.hands_results and (data := self._store.taken(message, blobs)):
                job.hand(message.kind, data)
            self._disk.run(lambda: self._store.drop(message), failed=self._notices.error)
            return False
        preview = blobs[message.preview] if message.preview >= 0 else None
        payload = None if message.file else blobs[message.blob]
        self._results.save(job, message, payload, preview)
        return False

    @take.register
    def _(self, message: Keep, job: Job, blobs: Sequence[memoryview]) -> bool:
        if job.recipe.keep and not job.recipe.private:
            payload = bytes(blobs[message.blob])

            def keep() -> None:
                own = [
                    artifact.id
                    for artifact in job.artifacts
                    if artifact.id and artifact.record == job.record
                ]
                if own:  # its result may not have been saved
                    work = partial(self._store.keep, job.plugin, message.key, own[-1], payload)
                    self._disk.run(work, failed=_not_kept)

            self._disk.run(lambda: None, lambda _: keep())  # after the results before it
        return False


def _not_kept(error: StudioError) -> None:
    """Ignore a failed save of an intermediate: the next run only starts anew."""
    log.warning("an intermediate result is not kept: %s", error)
