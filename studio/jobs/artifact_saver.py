"""Brings results into the library, and holds on to those that cannot be saved. Moves no job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from studio.api.artifacts import SavedArtifact
from studio.api.worker.sentence import sentence
from studio.base.background import Background
from studio.base.notices import Action, Notices
from studio.jobs.job import Job
from studio.jobs.store import LibraryJobStore
from studio.protocol.errors import StudioError
from studio.protocol.messages import Produced

MOST_AFTER_STOP = 32
"""Results of a job that are still saved once it is stopped: what was finished, and no flood."""


class ArtifactSaver:
    """Saves results one after the other, beside the owner's thread."""

    def __init__(
        self,
        store: LibraryJobStore,
        disk: Background,
        notices: Notices,
        on_saved: Callable[[Job], None],
    ) -> None:
        self._store = store
        self._disk = disk
        self._notices = notices
        self._on_saved = on_saved
        self._trouble: dict[str, StudioError] = {}
        self._after_stop: Counter[str] = Counter()
        """Job → its results whose turn came after it was stopped; on the disk's thread alone."""

    def save(self, job: Job, result: Produced, payload: memoryview | None, preview: Any) -> None:
        """Save one result of ``job`` and hand it to who listens, or offer to try again."""
        notice = f"unsaved-{job.id}-{result.file or id(payload)}"
        parents = job.made_from

        def kept() -> SavedArtifact | None:
            self._after_stop[job.id] += job.stopping
            if self._after_stop[job.id] > MOST_AFTER_STOP:
                self._store.drop(result)
                return None
            return self._store.save(job, parents, result, payload, preview)

        def saved(artifact: SavedArtifact | None) -> None:
            if artifact is None:
                message = sentence(
                    "More results of “{title}” were waiting than are saved after Stop.",
                    title=job.title,
                )
                self._notices.info(message, key=f"dropped-{job.id}")
                return
            self._notices.dismiss(notice)
            job.keep(artifact)
            self._on_saved(job)

        def failed(error: StudioError) -> None:
            # The payload lives on in ``again`` until it could be saved or the notice is dropped.
            again = Action("Save again", lambda: self.save(job, result, payload, preview))
            failure = StudioError(
                error.code,
                f"A result of “{job.title}” has not been saved yet. {error.message}",
                error.hint,
                error.details,
            )
            self._trouble[job.id] = failure
            self._notices.error(failure, key=notice, actions=(again,))

        self._disk.run(kept, saved, failed)

    def trouble(self, job: Job) -> StudioError | None:
        """Return, once, why a result of ``job`` could not be saved; None if all were."""
        self._after_stop.pop(job.id, None)
        return self._trouble.pop(job.id, None)
