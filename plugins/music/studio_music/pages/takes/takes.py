"""Takes: results with the piece that is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from msgspec.structs import replace

from studio.api import PluginContext, SavedArtifact, TaskResult, outcome
from studio_music.pages.score_reader import read_piece
from studio_music.score.piece import Piece

_NUMBERS: Final = "version-numbers"


def read_take(artifact: SavedArtifact) -> Piece | None:
    """Return the piece of an artifact, or None if there is none in it. Slow: beside the window."""
    piece = outcome(lambda: read_piece(artifact.path))
    if not isinstance(piece, Piece):
        return None
    unnamed = piece.title == Piece().title and artifact.title
    return replace(piece, title=artifact.title) if unnamed else piece


def piece_of(take: TaskResult) -> Piece | None:
    """Return the piece of a take; None where it cannot be read."""
    return take.content if isinstance(take.content, Piece) else None


def take_of(artifact: SavedArtifact) -> TaskResult:
    """Return a take of an artifact, read, with what its file says of its recipe. Slow."""
    params = artifact.meta.get("params")
    return TaskResult(
        artifact,
        task=str(artifact.meta.get("task", "")),
        params=dict(params) if isinstance(params, dict) else {},
        star=artifact.starred,
        content=read_take(artifact),
    )


class TakeNumbers:
    """The number of each take in the strip; it never changes once given.

    Args:
        takes: Returns those in the strip.
    """

    def __init__(self, ctx: PluginContext, takes: Callable[[], Iterable[TaskResult]]) -> None:
        self._settings, self._takes = ctx.settings, takes
        saved = ctx.settings.get(_NUMBERS, {})
        self._known = {
            str(id): number
            for id, number in (saved.items() if isinstance(saved, dict) else ())
            if isinstance(number, int)
        }

    def of(self, take: TaskResult) -> int:
        """Return the number of a take; new ones are numbered by their age."""
        if take.id not in self._known:
            there = sorted(self._takes(), key=lambda item: item.artifact.created)
            following = max(self._known.values(), default=0) + 1
            numbers = {item.id: self._known.get(item.id, 0) for item in [*there, take]}
            for id, number in numbers.items():
                if not number:
                    numbers[id], following = following, following + 1
            self._known = numbers
            self._settings.set(_NUMBERS, numbers)
        return self._known[take.id]
