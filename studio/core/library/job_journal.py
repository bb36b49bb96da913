"""The job journal: what was asked for, and how far it came. Runs nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from studio.core.library.rows import JobEntry, from_columns
from studio.core.library.storage import row_writer
from studio.core.library.storage.database import Database
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.states import JobState

_OVER = tuple(state.value for state in JobState if state.is_terminal)


class JobJournal:
    """The journal of a library. It is no history of results: records and artifacts are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def journal_start(
        self,
        job_id: str,
        task: str,
        params: Mapping[str, Any] | None = None,
        *,
        plugin: str = "",
        title: str = "",
        record: str = "",
        priority: str = "",
    ) -> JobEntry:
        """Note that a job is about to be queued; durable when this returns.

        Args:
            params: Its recipe; not needed when ``record`` names the record that holds it.
        """
        now = time.time()
        entry = JobEntry(
            id=job_id,
            created=now,
            updated=now,
            task=task,
            params=dict(params or {}),
            plugin=plugin,
            title=title,
            record=record,
            priority=str(priority),
        )
        with self._database.write("record the job") as connection:
            row_writer.insert(connection, entry)
        return entry

    def journal_state(
        self, job_id: str, state: JobState | str, error: ErrorInfo | None = None
    ) -> None:
        """Note how far a job came; each ``running`` counts as a start.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        state = JobState(state)
        told = msgspec.json.encode(error).decode() if error else None
        with self._database.write("record the job", freeing=True) as connection:
            done = connection.execute(
                "UPDATE jobs SET state = ?, error = ?, updated = ?, starts = starts + ?"
                " WHERE id = ?",
                (state.value, told, time.time(), state is JobState.RUNNING, job_id),
            )
            if not done.rowcount:
                raise StudioError(ErrorCode.NOT_FOUND, f"There is no job “{job_id}”.")

    def entry(self, job_id: str) -> JobEntry:
        """Return one line of the journal.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        row = self._database.one("SELECT * FROM jobs WHERE id = ?", job_id)
        if row is None:
            raise StudioError(ErrorCode.NOT_FOUND, f"There is no job “{job_id}”.")
        return from_columns(JobEntry, row)

    def unfinished(self) -> list[JobEntry]:
        """Return the jobs that were not over when the studio ended, oldest first."""
        rows = self._database.all(
            f"SELECT * FROM jobs WHERE state NOT IN {row_writer.marks(_OVER)} ORDER BY n", *_OVER
        )
        return [from_columns(JobEntry, row) for row in rows]

    def recent(self, limit: int = 100) -> list[JobEntry]:
        """Return the last jobs, newest first."""
        rows = self._database.all("SELECT * FROM jobs ORDER BY n DESC LIMIT ?", limit)
        return [from_columns(JobEntry, row) for row in rows]

    def prune(self, keep: int = 10_000) -> None:
        """Forget finished jobs but the last ``keep``."""
        with self._database.write("clean up the job journal", freeing=True) as connection:
            connection.execute(
                f"DELETE FROM jobs WHERE state IN {row_writer.marks(_OVER)}"
                " AND n <= (SELECT max(n) FROM jobs) - ?",
                (*_OVER, keep),
            )
