"""Records: how results were made. Stored before the work starts, completed when it ends."""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from studio.api.worker.sentence import sentence
from studio.library.rows import DAMAGE, Record, from_columns, plain, whole
from studio.library.storage import row_writer
from studio.library.storage.database import Database
from studio.library.storage.event_log import Event, EventLog
from studio.library.storage.ulid import new_id
from studio.protocol.errors import ErrorCode, StudioError


class Use(NamedTuple):
    """How often a plugin has used weights.

    Attributes:
        weights, plugin: Their ids.
        latest: Seconds since 1970.
    """

    weights: str
    plugin: str
    times: int
    latest: float


class Records:
    """The records of a library."""

    def __init__(self, database: Database, history: EventLog) -> None:
        self._database = database
        self._history = history

    def add(self, task: str, params: Mapping[str, Any], **facts: Any) -> Record:
        """Store how a job is about to be made; durable when this returns.

        Args:
            facts: Fields of ``Record``: ``seed``, ``plugin``, ``weights``, ``inputs``, …
        """
        added = Record(id=new_id(), created=time.time(), task=task, params=dict(params))
        record = msgspec.structs.replace(added, **facts)
        with self._database.write("save the job settings") as connection:
            row_writer.insert(connection, record)
            self._note(record, {"record": plain(record)})
        return record

    def complete(self, id: str, **facts: Any) -> Record:
        """Fill in facts available only afterwards: ``weights``, ``device``, ``seconds``, …"""
        record = msgspec.structs.replace(self.get(id), **facts)
        with self._database.write("save the job settings", freeing=True) as connection:
            row_writer.upsert(connection, record)
            self._note(record, {"id": id, "set": facts})
        return record

    def get(self, id: str) -> Record:
        """Return a record.

        Raises:
            StudioError: ``NOT_FOUND``, or ``BAD_INPUT`` for one that is damaged.
        """
        row = self._database.one("SELECT * FROM records WHERE id = ?", id)
        if row is None:
            raise StudioError(ErrorCode.NOT_FOUND, f"There is no record “{id}” in the library.")
        try:
            return from_columns(Record, row)
        except DAMAGE as error:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                sentence(
                    "The record of how this was made is damaged. The result itself is not affected."
                ),
                sentence("Run “studio library rebuild” to restore it from the files."),
            ) from error

    def of(self, task: str) -> list[Record]:
        """Return all records of a task."""
        rows = self._database.all("SELECT * FROM records WHERE task = ?", task)
        return whole(Record, rows)

    def uses(self) -> list[Use]:
        """Return who has used which weights, over all records."""
        rows = self._database.all(
            "SELECT used.key, plugin, COUNT(*), MAX(created)"
            " FROM records, json_each(records.weights) AS used GROUP BY used.key, plugin"
        )
        return [Use(*row) for row in rows]

    def typical_seconds(
        self,
        task: str,
        weights: Collection[str],
        params: Mapping[str, Any] | None = None,
        grows_with: Sequence[str] = (),
    ) -> float | None:
        """Return how long a task usually takes with these weights; with any, if never with these.

        Of earlier runs those count that were on the device of the last one.

        Args:
            params: What it is to be run with.
            grows_with: Parameters that its time is in proportion to. Runs in which the same ones
                were automatic, 0 or less, are compared by them; if there are none, all are as long.

        Returns:
            The median of the last ten that finished; None if none did.
        """
        rows = self._database.all(
            "SELECT seconds, weights, params, device FROM records"
            " WHERE task = ? AND seconds IS NOT NULL AND EXISTS"
            " (SELECT 1 FROM jobs WHERE record <> '' AND record = records.id AND state = 'done')"
            " ORDER BY n DESC LIMIT 50",
            task,
        )
        rows = [row for row in rows if row[3] == rows[0][3]]
        wanted, work = set(weights), _work(params or {}, grows_with)
        rows = [row for row in rows if set(_read(row[1])) == wanted] or rows
        amounts = [(row[0], _work(_read(row[2]), grows_with)) for row in rows]
        alike = [seconds / amount.units for seconds, amount in amounts if amount.of == work.of]
        scale, durations = (work.units, alike) if alike else (1.0, [row[0] for row in rows])
        return scale * statistics.median(durations[:10]) if durations else None

    def _note(self, record: Record, event: Event) -> None:
        month = time.strftime("%Y-%m", time.gmtime(record.created))
        self._history.append(f"records/{month}", event)


class _Work(NamedTuple):
    """How much a job has to do: the product of the parameters ``of`` it."""

    units: float
    of: tuple[str, ...]


def _work(params: Mapping[str, Any], grows_with: Sequence[str]) -> _Work:
    numbers = [(name, params.get(name)) for name in grows_with]
    given = [(name, n) for name, n in numbers if isinstance(n, int | float) and n > 0]
    return _Work(float(math.prod(n for _, n in given)), tuple(name for name, _ in given))


def _read(column: str) -> dict[str, Any]:
    try:
        return dict(json.loads(column))
    except (ValueError, TypeError):  # damaged: of nothing that anybody could ask for
        return {}
