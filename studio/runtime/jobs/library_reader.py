"""The library for a running task: the studio, which alone opens it, is asked over the link."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec

from studio.api.artifacts import SavedArtifact, Verdict
from studio.api.worker.intermediates import KeepEvent
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.library_row import LibraryRow
from studio.protocol.messages import LibraryFound, LibraryQuery
from studio.protocol.regular_file import read_result
from studio.protocol.states import JobState
from studio.runtime.jobs.job import Job

log = logging.getLogger(__name__)


class LibraryReader:
    """What one job may read; see ``studio.api.worker.context.LibraryReader``."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def find(
        self, query: str = "", kinds: Sequence[str] = (), limit: int = 100
    ) -> list[SavedArtifact]:
        """Return results, newest first."""
        wanted = LibraryQuery(
            self._job.id, 0, query=str(query), kinds=tuple(map(str, kinds)), limit=int(limit)
        )
        return ask(self._job, wanted)

    def get(self, id: str) -> SavedArtifact:
        """Return one result."""
        return ask(self._job, LibraryQuery(self._job.id, 0, id=str(id)))[0]

    def read(self, artifact: SavedArtifact) -> bytes:
        """Return the payload of a result, wherever the library has it."""
        return self.get(artifact.id).read()


def ask(job: Job, query: LibraryQuery) -> list[SavedArtifact]:
    """Ask the studio for what ``job`` wants, and wait for the answer.

    Raises:
        StudioError: There is no such thing, or the job may not have it.
    """
    job.asked += 1
    query = msgspec.structs.replace(query, ask=job.asked)
    job.feed.ask(query)
    job.wait_until(lambda: "" if job.found else "reads the library", JobState.RUNNING)
    job.become(JobState.RUNNING)
    found, job.found = job.found, None
    assert found is not None
    if found.error is not None:
        raise StudioError.from_info(found.error)
    return [_saved(row) for row in found.rows]


def hear(job: Job, found: LibraryFound) -> None:
    """Take in an answer, if it is the one that ``job`` waits for."""
    if found.ask == job.asked:
        job.found = found


def refused(job: Job, declared: bool) -> StudioError:
    """Return why ``job`` may not read the library."""
    if declared:
        return StudioError(
            ErrorCode.PERMISSION,
            "A job of another program may not read the library.",
            "Run the task in Offline Studio itself.",
        )
    return StudioError(
        ErrorCode.PERMISSION,
        f"The plugin “{job.plugin}” may not read the library: its manifest does not declare it.",
        "Its author must add “library = true” and a reason to the manifest.",
        plugin=job.plugin,
    )


def _saved(row: LibraryRow) -> SavedArtifact:
    return SavedArtifact(
        row.id,
        row.kind,
        row.title,
        row.record,
        Path(row.path),
        row.text,
        msgspec.convert(row.verdict, Verdict) if row.verdict else None,
        row.meta,
        row.starred,
        created=row.created,
    )


class Intermediates:
    """Those of one job's plugin; see ``studio.api.worker.intermediates``."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def find(self, key: str) -> bytes | None:
        """Return what was kept under ``key``; None if it is gone."""
        try:
            rows = ask(self._job, LibraryQuery(self._job.id, 0, kept=str(key)))
            return read_result(Path(rows[0].path)) if rows else None
        except (OSError, StudioError) as error:  # it went meanwhile; the work is done anew
            log.info("an intermediate cannot be used: %s", error)
            return None

    def keep(self, key: str, payload: bytes) -> KeepEvent | None:
        """Return the event that keeps ``payload``."""
        return KeepEvent(str(key), payload)
