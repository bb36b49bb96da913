"""The job journal: requested jobs, their order and their progress. Runs nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from studio.library.rows import JobEntry, from_columns, is_damaged, whole
from studio.library.storage import row_writer
from studio.library.storage.database import Database
from studio.library.storage.queue_history import QueueHistory
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.states import JobState, Priority

_OVER = tuple(state.value for state in JobState if state.is_terminal)
_AGAIN = (JobState.FAILED.value, JobState.LOST.value)
_CLASSES = tuple(priority.value for priority in Priority)
_MADE_NOTHING = "NOT EXISTS (SELECT 1 FROM artifacts WHERE record <> '' AND record = jobs.record)"
"""What has results has begun, even where the disk refused to note that it had."""


class JobJournal:
    """The journal of a library. It is no history of results: records and artifacts are.

    Jobs with a request are the rows of the queue. While they wait they outlive the studio; those
    that failed or were lost keep their request until they are tried again or forgotten.
    """

    def __init__(self, database: Database, history: QueueHistory) -> None:
        """``history``: where the rows of the queue are found when the database is lost."""
        self._database, self._history = database, history

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
        request: Mapping[str, Any] | None = None,
        instead_of: str = "",
        machine: str = "",
    ) -> JobEntry:
        """Note that a job is about to be queued; durable when this returns.

        Args:
            params: Its recipe; not needed when ``record`` names the record that holds it.
            request: Makes it the last row of the queue.
            instead_of: The job that it tries once more, which thereby leaves the queue.
            machine: Name of the one that it is sent to; empty for this one.
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
            request=None if request is None else dict(request),
            machine=machine,
        )
        with self._database.write("record the job") as connection:
            if request is not None:
                last = connection.execute("SELECT max(place) FROM jobs").fetchone()[0]
                entry = msgspec.structs.replace(entry, place=(last or 0) + 1)
                self._history.add(entry)
            row_writer.insert(connection, entry)
            if instead_of:
                connection.execute("UPDATE jobs SET request = NULL WHERE id = ?", (instead_of,))
                self._history.leave(instead_of)
        return entry

    def journal_state(
        self,
        job_id: str,
        state: JobState | str,
        error: ErrorInfo | None = None,
        machine: str | None = None,
    ) -> None:
        """Note how far a job came; each ``running`` counts as a start.

        Args:
            machine: Name of the one that computes it, where that is decided by now.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        state = JobState(state)
        encoded = msgspec.json.encode(error).decode() if error else None
        ended_well = state in (JobState.DONE, JobState.CANCELLED)
        with self._database.write("record the job", freeing=True) as connection:
            if ended_well:
                self._history.leave(job_id)
            else:
                self._history.move(job_id, state, error)
            done = connection.execute(
                "UPDATE jobs SET state = ?, error = ?, updated = ?, starts = starts + ?,"
                " request = CASE WHEN ? THEN NULL ELSE request END,"
                " machine = coalesce(?, machine) WHERE id = ?",
                (
                    state.value,
                    encoded,
                    time.time(),
                    state is JobState.RUNNING,
                    ended_well,
                    machine,
                    job_id,
                ),
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
        if is_damaged(JobEntry, row):
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"The entry of the job “{job_id}” is damaged.",
                "Run “studio library rebuild” to restore it from the files.",
            )
        return from_columns(JobEntry, row)

    def unfinished(self) -> list[JobEntry]:
        """Return the jobs that are not over, oldest first, but for those that wait in the queue."""
        return self._entries(
            f"state NOT IN {row_writer.marks(_OVER)}"
            f" AND NOT (state = ? AND request IS NOT NULL AND {_MADE_NOTHING}) ORDER BY n",
            *_OVER,
            JobState.QUEUED.value,
        )

    def recent(self, limit: int = 100) -> list[JobEntry]:
        """Return the last jobs, newest first."""
        return self._entries("TRUE ORDER BY n DESC LIMIT ?", limit)

    def prune(self, keep: int = 10_000) -> None:
        """Forget finished jobs but the last ``keep``."""
        with self._database.write("clean up the job journal", freeing=True) as connection:
            connection.execute(
                f"DELETE FROM jobs WHERE state IN {row_writer.marks(_OVER)}"
                " AND n <= (SELECT max(n) FROM jobs) - ?",
                (*_OVER, keep),
            )

    # --- the queue ----------------------------------------------------------------------------

    def waiting(self) -> list[JobEntry]:
        """Return the rows of the queue that have not begun, in the order they are to run."""
        entries = self._entries(
            f"state = ? AND request IS NOT NULL AND {_MADE_NOTHING} ORDER BY place, n",
            JobState.QUEUED.value,
        )
        return sorted(entries, key=lambda entry: _CLASSES.index(Priority(entry.priority)))

    def failed(self, limit: int = 200) -> list[JobEntry]:
        """Return the last rows of the queue that failed or were lost, oldest first."""
        return self._entries(
            f"state IN {row_writer.marks(_AGAIN)} AND request IS NOT NULL ORDER BY n DESC LIMIT ?",
            *_AGAIN,
            limit,
        )[::-1]

    def arrange(self, places: Sequence[tuple[str, Priority]]) -> None:
        """Give rows that wait their order and their class; others keep theirs, before these."""
        with self._database.write("change the order of the queue") as connection:
            self._history.arrange(places, self.paused)
            last = connection.execute("SELECT max(place) FROM jobs").fetchone()[0] or 0
            connection.executemany(
                "UPDATE jobs SET place = ?, priority = ? WHERE id = ?",
                [
                    (last + number, priority.value, id)
                    for number, (id, priority) in enumerate(places, start=1)
                ],
            )

    def hold(self, ids: Iterable[str], held: bool) -> None:
        """Let rows wait, or let them go on."""
        ids = list(ids)
        with self._database.write("change the queue") as connection:
            self._history.hold(ids, held)
            connection.executemany(
                "UPDATE jobs SET held = ? WHERE id = ?", [(held, id) for id in ids]
            )

    def forget(self, ids: Iterable[str]) -> None:
        """Take rows out of the queue that failed: they can no longer be tried again."""
        ids = list(ids)
        with self._database.write("change the queue", freeing=True) as connection:
            for id in ids:
                self._history.leave(id)
            connection.executemany(
                "UPDATE jobs SET request = NULL"
                f" WHERE id = ? AND state IN {row_writer.marks(_OVER)}",
                [(id, *_OVER) for id in ids],
            )

    @property
    def paused(self) -> bool:
        """Whether the user lets the whole queue wait."""
        return bool(self._database.value("SELECT max(paused) FROM queue"))

    def pause(self, paused: bool) -> None:
        """Let the whole queue wait, or go on."""
        with self._database.write("change the queue") as connection:
            self._history.pause(paused)
            connection.execute("UPDATE queue SET paused = ?", (paused,))

    def _entries(self, condition: str, *values: Any) -> list[JobEntry]:
        rows = self._database.all(f"SELECT * FROM jobs WHERE {condition}", *values)
        return whole(JobEntry, rows)
