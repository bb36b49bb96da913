"""The takes of the page, newest first: kept in the settings, so a crash loses none. No Qt.

The scores themselves, and their stars, are the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from studio.api import PluginContext, SavedArtifact, StudioError, WorkQueue, outcome
from studio_music.pages.score_reader import read_piece
from studio_music.piece import Piece

_KEY = "takes"
_MOST = 60


@dataclass
class Take:
    """One result.

    Attributes:
        piece: What is in it; None where it cannot be read.
        task: What made it; empty for a score that was brought here or edited by hand.
        params: What it was made with, seed included.
    """

    artifact: SavedArtifact
    piece: Piece | None = None
    task: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    star: bool = False

    @property
    def id(self) -> str:
        """Of its artifact."""
        return self.artifact.id

    def to_plain(self) -> dict[str, Any]:
        """Return what finds it again."""
        return {"id": self.id, "task": self.task, "params": self.params}


class Takes:
    """The takes there are."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._items: list[Take] = []
        self._chores = WorkQueue(ctx)
        self._rows: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Take]:
        return iter(self._items)

    def __getitem__(self, place: int) -> Take:
        return self._items[place]

    def find(self, artifact: str) -> Take | None:
        """Return the take of an artifact."""
        return next((take for take in self._items if take.id == artifact), None)

    def place(self, artifact: str) -> int:
        """Return where an artifact is; −1 if it is not here."""
        return next((p for p, take in enumerate(self._items) if take.id == artifact), -1)

    def add(self, take: Take, place: int = 0) -> bool:
        """Put one in; False if it is here already."""
        if self.find(take.id) is not None:
            return False
        self._items.insert(place, take)
        del self._items[_MOST:]
        self.keep()
        return True

    def remove(self, artifact: str) -> Take | None:
        """Take one out; the library keeps it."""
        take = self.find(artifact)
        if take is not None:
            self._items.remove(take)
            self.keep()
        return take

    def star(self, take: Take) -> None:
        """Star a take, or take its star away: in the library, beside the window."""
        take.star = starred = not take.star
        self._chores.do(lambda: self._ctx.library.star(take.id, starred))

    # --- keeping ------------------------------------------------------------------------------

    def keep(self) -> None:
        """Write down what is here, beside the window; of several states in a row the last."""
        self._rows = rows = [take.to_plain() for take in self._items]

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

        def loaded(found: list[Take]) -> None:
            here = {take.id for take in self._items}
            self._items += [take for take in found if take.id not in here]
            then()

        self._ctx.run_later(self._find_all, loaded)

    def _find_all(self) -> list[Take]:
        rows = self._ctx.settings.get(_KEY, [])
        found = [self._found(row) for row in rows] if isinstance(rows, list) else []
        return [take for take in found if take is not None]

    def _found(self, row: Any) -> Take | None:
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
            return None
        try:
            artifact = self._ctx.library.artifact(row["id"])
        except StudioError:  # gone from the library: that was the user's wish
            return None
        if artifact.binned:
            return None
        take = take_of(artifact)
        params = row.get("params")
        take.task = str(row.get("task") or take.task)
        take.params = dict(params) if isinstance(params, Mapping) and params else take.params
        return take


def take_of(artifact: SavedArtifact) -> Take:
    """Return a take of an artifact, read. Slow: for a thread beside the window."""
    piece = outcome(lambda: read_piece(artifact.path))
    params = artifact.meta.get("params")
    if isinstance(piece, Piece) and piece.title == Piece().title and artifact.title:
        piece = replace(piece, title=artifact.title)
    return Take(
        artifact,
        piece if isinstance(piece, Piece) else None,
        str(artifact.meta.get("task", "")),
        dict(params) if isinstance(params, Mapping) else {},
        artifact.starred,
    )
