"""Results in order, written down in the settings after each change, so that a crash loses none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from studio.api.artifacts import SavedArtifact
from studio.api.results import Read, TaskResult
from studio.api.window.context import PluginContext
from studio.api.window.work_queue import WorkQueue, outcome
from studio.protocol.errors import StudioError


class ResultList:
    """Results of a page, newest first, stored as references."""

    def __init__(self, ctx: PluginContext, key: str, most: int, read: Read | None) -> None:
        self._ctx, self._key, self._most, self._read = ctx, key, most, read
        self._items: list[TaskResult] = []
        self._work_queue = WorkQueue(ctx)
        self._rows: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[TaskResult]:
        return iter(self._items)

    def __getitem__(self, place: int) -> TaskResult:
        return self._items[place]

    def place(self, id: str) -> int:
        """Return where the result of an artifact is; -1 if it is not here."""
        return next((p for p, item in enumerate(self._items) if item.id == id), -1)

    def batch(self, result: TaskResult) -> list[TaskResult]:
        """Return the results of the run that made ``result``, in the order they were made."""
        record = result.artifact.record
        same = [item for item in self._items if record and item.artifact.record == record]
        return list(reversed(same)) or [result]

    def insert(self, place: int, result: TaskResult) -> list[TaskResult]:
        """Put one in; return those that are too many now."""
        self._items.insert(place, result)
        gone = self._items[self._most :]
        del self._items[self._most :]
        self.keep()
        return gone

    def remove(self, place: int) -> TaskResult:
        """Take one out."""
        removed = self._items.pop(place)
        self.keep()
        return removed

    # --- over a restart -----------------------------------------------------------------------

    def keep(self) -> None:
        """Save the list in the background; of consecutive states, only the last."""
        self._rows = rows = [_row(item) for item in self._items]

        def write() -> None:
            if rows is self._rows:  # else a newer state waits behind
                self._ctx.settings.set(self._key, rows)

        self._work_queue.do(write)

    @property
    def settled(self) -> bool:
        """Whether all is written down."""
        return self._work_queue.idle

    def load(self, then: Callable[[list[TaskResult]], None]) -> None:
        """Restore the saved list in the background; pass newly added results to ``then``."""

        def loaded(results: list[TaskResult]) -> None:
            here = {item.id for item in self._items}
            fresh = [result for result in results if result.id not in here]
            self._items += fresh
            then(fresh)

        self._ctx.run_later(self._find, loaded)

    def _find(self) -> list[TaskResult]:
        rows = self._ctx.settings.get(self._key, [])
        results = [self._found(row) for row in rows] if isinstance(rows, list) else []
        return [result for result in results if result is not None]

    def _found(self, row: Any) -> TaskResult | None:
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
            return None
        try:
            artifact = self._ctx.library.artifact(row["id"])
        except StudioError:  # gone from the library: that was the user's wish
            return None
        return None if artifact.binned else self._restored(artifact, row)

    def _restored(self, artifact: SavedArtifact, row: Mapping[str, Any]) -> TaskResult:
        read, params = self._read, row.get("params")
        if not isinstance(params, Mapping) or not params:
            params = artifact.meta.get("params")
        return TaskResult(
            artifact,
            task=str(row.get("task") or artifact.meta.get("task", "")),
            params=dict(params) if isinstance(params, Mapping) else {},
            source=str(row.get("source", "")),
            star=artifact.starred,
            content=outcome(lambda: read(artifact)) if read is not None else None,
        )


def _row(result: TaskResult) -> dict[str, Any]:
    """Return what finds a result again."""
    return {
        "id": result.id,
        "task": result.task,
        "params": result.params,
        "source": result.source,
    }
