"""Records: how results were made. Stored before the work starts, completed when it ends."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from studio.core.library.rows import Record, from_columns, plain
from studio.core.library.storage import row_writer
from studio.core.library.storage.database import Database
from studio.core.library.storage.event_log import Event, EventLog
from studio.core.library.storage.ulid import new_id
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
        made = Record(id=new_id(), created=time.time(), task=task, params=dict(params))
        record = msgspec.structs.replace(made, **facts)
        with self._database.write("save the job settings") as connection:
            row_writer.insert(connection, record)
            self._note(record, {"record": plain(record)})
        return record

    def complete(self, id: str, **facts: Any) -> Record:
        """Fill in what is known only afterwards: ``weights``, ``device``, ``seconds``, …"""
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
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                "The record of how this was made is damaged. The result itself is not affected.",
                "Run “studio library rebuild” to restore it from the files.",
            ) from error

    def uses(self) -> list[Use]:
        """Return who has used which weights, over all records."""
        rows = self._database.all(
            "SELECT used.key, plugin, COUNT(*), MAX(created)"
            " FROM records, json_each(records.weights) AS used GROUP BY used.key, plugin"
        )
        return [Use(*row) for row in rows]

    def typical_seconds(self, task: str, weights: Collection[str]) -> float | None:
        """Return how long a task usually takes with these weights; with any, if never with these.

        Returns:
            The median of the last ten that finished; None if none did.
        """
        rows = self._database.all(
            "SELECT seconds, weights FROM records WHERE task = ? AND seconds IS NOT NULL AND EXISTS"
            " (SELECT 1 FROM jobs WHERE record <> '' AND record = records.id AND state = 'done')"
            " ORDER BY n DESC LIMIT 50",
            task,
        )
        wanted = set(weights)
        same = [row[0] for row in rows if _names(row[1]) == wanted]
        found = (same or [row[0] for row in rows])[:10]
        return statistics.median(found) if found else None

    def _note(self, record: Record, event: Event) -> None:
        month = time.strftime("%Y-%m", time.gmtime(record.created))
        self._history.append(f"records/{month}", event)


def _names(weights: str) -> set[str]:
    try:
        return set(json.loads(weights))
    except (ValueError, TypeError):  # damaged: of no weights that anybody could ask for
        return {""}
