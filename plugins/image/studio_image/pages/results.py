"""What the page made or was given, in order: kept in the settings, so a crash loses none of it.

No Qt. The pictures themselves are the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.api import PluginContext, SavedArtifact, StudioError, WorkQueue

_KEY = "strip"
_MOST = 120


@dataclass
class Result:
    """One picture of the strip.

    Attributes:
        task: What made it; empty for a picture that was brought here.
        params: What it was made with, seed included.
        source: Id of the picture it was made from, for before and after.
        star: Whether it is starred; the library keeps that.
    """

    artifact: SavedArtifact
    task: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    star: bool = False

    def to_plain(self) -> dict[str, Any]:
        """Return what finds it again."""
        return {
            "id": self.artifact.id,
            "task": self.task,
            "params": self.params,
            "source": self.source,
        }


class Results:
    """The strip's pictures, newest first."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._items: list[Result] = []
        self._chores = WorkQueue(ctx)
        self._rows: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Result]:
        return iter(self._items)

    def __getitem__(self, place: int) -> Result:
        return self._items[place]

    def place(self, artifact: str) -> int:
        """Return where an artifact is; -1 if it is not here."""
        ids = [item.artifact.id for item in self._items]
        return ids.index(artifact) if artifact in ids else -1

    def batch(self, result: Result) -> list[Result]:
        """Return the pictures of the run that made ``result``, in the order they were made."""
        record = result.artifact.record
        same = [item for item in self._items if record and item.artifact.record == record]
        return list(reversed(same)) or [result]

    def add(self, result: Result) -> int:
        """Put one in front, or where it is already; return its place."""
        known = self.place(result.artifact.id)
        if known >= 0:
            return known
        self._items.insert(0, result)
        del self._items[_MOST:]
        self.keep()
        return 0

    def put(self, place: int, result: Result) -> None:
        """Put one where it was."""
        self._items.insert(place, result)
        self.keep()

    def remove(self, place: int) -> Result:
        """Take one out."""
        removed = self._items.pop(place)
        self.keep()
        return removed

    def keep(self) -> None:
        """Write down what is here, beside the window; of several states in a row the last."""
        self._rows = rows = [item.to_plain() for item in self._items]

        def write() -> None:
            if rows is self._rows:  # else a newer state waits behind
                self._ctx.settings.set(_KEY, rows)

        self._chores.do(write)

    @property
    def settled(self) -> bool:
        """Whether all is written down."""
        return self._chores.idle

    def load(self, then: Callable[[], None]) -> None:
        """Find again what was here, beside the window; what left the library is left out."""
        self._ctx.run_later(self._find, lambda found: self._loaded(found, then))

    def _find(self) -> list[Result]:
        rows = self._ctx.settings.get(_KEY, [])
        found = [self._found(row) for row in rows] if isinstance(rows, list) else []
        return [result for result in found if result is not None]

    def _loaded(self, found: list[Result], then: Callable[[], None]) -> None:
        here = {item.artifact.id for item in self._items}
        self._items += [result for result in found if result.artifact.id not in here]
        then()

    def _found(self, row: Any) -> Result | None:
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
            return None
        try:
            artifact = self._ctx.library.artifact(row["id"])
        except StudioError:  # gone from the library: that was the user's wish
            return None
        if artifact.binned:
            return None
        params = row.get("params")
        return Result(
            artifact,
            task=str(row.get("task", "")),
            params=dict(params) if isinstance(params, Mapping) else {},
            source=str(row.get("source", "")),
            star=artifact.starred,
        )
