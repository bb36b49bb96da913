"""The queue as the event log has it: a file for each row, gone once the row has left the queue.

The database is what counts; this is for the day on which it is made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from studio.library.rows import JobEntry, from_plain, plain
from studio.library.storage.event_log import EventLog
from studio.protocol.errors import ErrorInfo
from studio.protocol.states import JobState, Priority

_ROWS = "queue/"
_ORDER = "queue-order"


class QueueHistory:
    """Each method is on the disk when it returns.

    Raises:
        OSError: The disk refused.
    """

    def __init__(self, history: EventLog) -> None:
        self._history = history

    def add(self, entry: JobEntry) -> None:
        """Note a new row."""
        self._history.append(f"{_ROWS}{entry.id}", {"job": plain(entry)})

    def move(self, id: str, state: JobState, error: ErrorInfo | None = None) -> None:
        """Note how far a row came; harmless for a job that is none."""
        if self._history.has(f"{_ROWS}{id}"):
            details = msgspec.to_builtins(error) if error else None
            self._history.append(f"{_ROWS}{id}", {"state": state.value, "error": details})

    def hold(self, ids: Iterable[str], held: bool) -> None:
        """Note which rows the user lets wait."""
        for id in ids:
            if self._history.has(f"{_ROWS}{id}"):
                self._history.append(f"{_ROWS}{id}", {"held": held})

    def leave(self, id: str) -> None:
        """Forget a row and its name."""
        self._history.forget(f"{_ROWS}{id}")

    def arrange(self, places: Sequence[tuple[str, Priority]], paused: bool) -> None:
        """Note the order of the rows that wait, and whether the whole queue does."""
        order = [[id, priority.value] for id, priority in places]
        self._history.replace(_ORDER, {"order": order, "paused": paused})

    def pause(self, paused: bool) -> None:
        """Note whether the whole queue waits."""
        self._history.append(_ORDER, {"paused": paused})

    @property
    def paused(self) -> bool:
        """Whether the whole queue waits."""
        states = [event["paused"] for event in self._history.read(_ORDER) if "paused" in event]
        return bool(states and states[-1])

    def rows(self) -> list[JobEntry]:
        """Return the rows as they were last, in their order; those that are damaged are left out.

        One that ran is over when the journal is settled, and can be tried again.
        """
        order: dict[str, tuple[int, str]] = {}
        for event in self._history.read(_ORDER):
            for number, ids in enumerate(event.get("order", ())):
                match ids:
                    case [str(id), str(priority)] if priority in set(Priority):
                        order[id] = number, priority
        rows = (self._row(stream, order) for stream in self._history.streams(_ROWS))
        return [row for row in rows if row is not None]

    def _row(self, stream: str, order: dict[str, tuple[int, str]]) -> JobEntry | None:
        row: dict[str, Any] = {}
        for event in self._history.read(stream):
            job = event.get("job")
            row = {**row, **(job if isinstance(job, dict) else event)}
        place, priority = order.get(str(row.get("id")), (None, ""))
        if place is not None:
            row = {**row, "place": place + 1, "priority": priority}
        try:
            entry = from_plain(JobEntry, row)
        except msgspec.ValidationError:
            return None
        return entry if entry.request is not None and entry.state in set(JobState) else None
