"""Runs of workflows: their rows and steps, as far as they came. Runs nothing.

Like the job journal this is no history of results: a rebuild leaves it as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from studio.library.rows import Row
from studio.library.storage import row_writer
from studio.library.storage.database import Database
from studio.protocol.errors import ErrorCode, StudioError


class RunState(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    """It is under way, or was when its studio was killed."""
    INTERRUPTED = "interrupted"
    """It says that it is under way, and nobody is there; never written down."""
    STOPPED = "stopped"
    DONE = "done"
    """Each row is done or has failed."""


class RowState(StrEnum):
    """How far a row is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class StepState(StrEnum):
    """How a step ended, or that it has not."""

    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    """The same had been made before."""
    INVALID = "invalid"
    """Its result did not pass the checks, and it is tried again."""
    SKIPPED = "skipped"
    FAILED = "failed"


class Run(Row, frozen=True, kw_only=True):
    """One run of a workflow.

    Attributes:
        document: The workflow's file, as it was then.
        params: The values of its free parameters.
        source: Where its inputs are from; empty for a list that was typed, or for none.
        folder: What the paths in its inputs start from.
        seed: What the seeds that nobody chose are drawn from.
    """

    title: str
    document: str
    params: dict[str, Any] = {}
    source: str = ""
    folder: str = ""
    seed: int = 0
    state: RunState = RunState.RUNNING


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a run.

    Attributes:
        number: From 1.
        given: What it is made from, as ``automation/workflows/sources.py`` has it.
        seconds: How long its steps were at work.
    """

    run: str
    number: int
    title: str = ""
    given: dict[str, Any] = {}
    state: RowState = RowState.WAITING
    error: str = ""
    seconds: float = 0.0


class RunStep(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a step of a row.

    Attributes:
        attempt: From 1.
        job: The job that does it, or that made what is used again.
        fingerprint: What it was asked for, by content.
        artifacts: Ids of its results.
    """

    run: str
    number: int
    step: str
    attempt: int = 1
    state: StepState = StepState.RUNNING
    job: str = ""
    fingerprint: str = ""
    artifacts: tuple[str, ...] = ()
    seconds: float = 0.0


Change = RunRow | RunStep
Kind = TypeVar("Kind", Run, RunRow, RunStep)
_TABLES = {Run: "workflow_runs", RunRow: "workflow_rows", RunStep: "workflow_steps"}
_JSON = ("params", "given", "artifacts")


class WorkflowRuns:
    """The runs of a library; each method that changes something is durable when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, run: Run, rows: Iterable[RunRow]) -> int:
        """Write down a run with all its rows, or nothing of it; return how many rows it has.

        Args:
            rows: May be very many: they are written as they come.
        """
        count = 0
        with self._database.write("start the workflow") as connection:
            _put(connection, run)
            for row in rows:
                _put(connection, row)
                count += 1
        return count

    def runs(self, limit: int = 100) -> list[Run]:
        """Return the last runs, newest first."""
        return self._found(Run, "TRUE ORDER BY n DESC LIMIT ?", limit)

    def run(self, id: str) -> Run:
        """Return a run by its id, or by the end of it.

        Raises:
            StudioError: There is none, or more than one.
        """
        runs = self._found(Run, "substr(id, -length(?1)) = upper(?1) LIMIT 2", id) if id else []
        if len(runs) != 1:
            what = "More than one run of a workflow" if runs else "No run of a workflow"
            raise StudioError(
                ErrorCode.BAD_INPUT if runs else ErrorCode.NOT_FOUND,
                f"{what} has an id that ends with “{id}”.",
                "`studio workflow list` shows them.",
            )
        return runs[0]

    def become(self, run: str, state: RunState) -> None:
        """Note how far a run is."""
        with self._database.write("record the workflow", freeing=True) as connection:
            connection.execute("UPDATE workflow_runs SET state = ? WHERE id = ?", (state, run))

    def counts(self, run: str) -> dict[RowState, int]:
        """Return how many rows of a run are in which state."""
        rows = self._database.all(
            "SELECT state, count(*) FROM workflow_rows WHERE run = ? GROUP BY state", run
        )
        return {RowState(state): count for state, count in rows}

    def rows(self, run: str, limit: int = -1, offset: int = 0) -> list[RunRow]:
        """Return rows of a run, in order."""
        where = "run = ? AND number > ? ORDER BY number LIMIT ?"
        return self._found(RunRow, where, run, offset, limit)

    def rows_in(
        self, run: str, state: RowState, leave_out: Collection[int], limit: int
    ) -> list[RunRow]:
        """Return the first rows in a state, but for those with some numbers."""
        where = f"run = ? AND state = ? AND number NOT IN {row_writer.marks(leave_out)}"
        return self._found(
            RunRow, f"{where} ORDER BY number LIMIT ?", run, state, *leave_out, limit
        )

    def steps(self, run: str, numbers: Collection[int]) -> list[RunStep]:
        """Return the steps of rows, each attempt, by row and in the order they were tried."""
        where = f"run = ? AND number IN {row_writer.marks(numbers)} ORDER BY number, attempt"
        return self._found(RunStep, where, run, *numbers) if numbers else []

    def made(self, fingerprint: str) -> RunStep | None:
        """Return the last step with this fingerprint, if all its results are in the library."""
        steps = self._found(
            RunStep,
            "fingerprint = ? AND fingerprint <> '' AND state IN ('done', 'invalid')"
            " AND NOT EXISTS (SELECT 1 FROM json_each(artifacts) WHERE value NOT IN"
            " (SELECT id FROM artifacts WHERE binned_at IS NULL))"
            " ORDER BY job DESC LIMIT 1",
            fingerprint,
        )
        return steps[0] if steps else None

    def write(self, changes: Sequence[Change]) -> None:
        """Write rows and steps in one durable transaction, overwriting existing ones."""
        if changes:
            with self._database.write("record the workflow", freeing=True) as connection:
                for change in changes:
                    _put(connection, change)

    def retry(self, run: str, numbers: Collection[int] = ()) -> None:
        """Let failed rows wait again, all or some; what of them was done stays."""
        which = f" AND number IN {row_writer.marks(numbers)}" if numbers else ""
        failed = f"run = ? AND state = 'failed'{which}"
        with self._database.write("retry the workflow") as connection:
            connection.execute(
                "DELETE FROM workflow_steps WHERE run = ? AND state = 'failed'"
                f" AND number IN (SELECT number FROM workflow_rows WHERE {failed})",
                (run, run, *numbers),
            )
            connection.execute(
                f"UPDATE workflow_rows SET state = 'waiting', error = '' WHERE {failed}",
                (run, *numbers),
            )

    def forget(self, run: str) -> None:
        """Delete the data of a run; its results stay."""
        with self._database.write("delete the run", freeing=True) as connection:
            connection.execute("DELETE FROM workflow_runs WHERE id = ?", (run,))

    def _found(self, kind: type[Kind], where: str, *values: Any) -> list[Kind]:
        rows = self._database.all(f"SELECT * FROM {_TABLES[kind]} WHERE {where}", *values)
        return [msgspec.convert(_plain(row), kind) for row in rows]


def _plain(row: Mapping[str, Any] | sqlite3.Row) -> dict[str, Any]:
    """Return the columns of a row, with defaults for damaged ones."""
    columns = dict(row)
    for name in _JSON:
        if columns.get(name) is not None:
            try:
                columns[name] = msgspec.json.decode(columns[name])
            except (msgspec.MsgspecError, RecursionError):
                del columns[name]
    return columns


def _put(connection: sqlite3.Connection, row: Run | RunRow | RunStep) -> None:
    columns = msgspec.structs.asdict(row)
    for name in _JSON:
        if name in columns:
            columns[name] = msgspec.json.encode(columns[name]).decode()
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    connection.execute(
        f"INSERT OR REPLACE INTO {_TABLES[type(row)]} ({names}) VALUES ({marks})",
        tuple(str(value) if isinstance(value, StrEnum) else value for value in columns.values()),
    )
