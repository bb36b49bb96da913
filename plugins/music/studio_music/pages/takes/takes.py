"""Takes: results with the piece that is in them."""

from __future__ import annotations

from msgspec.structs import replace

from studio.api import SavedArtifact, TaskResult, outcome
from studio_music.pages.score_reader import read_piece
from studio_music.piece import Piece


def read_take(artifact: SavedArtifact) -> Piece | None:
    """Return the piece of an artifact, or None if there is none in it. Slow: beside the window."""
    piece = outcome(lambda: read_piece(artifact.path))
    if not isinstance(piece, Piece):
        return None
    unnamed = piece.title == Piece().title and artifact.title
    return replace(piece, title=artifact.title) if unnamed else piece


def piece_of(take: TaskResult) -> Piece | None:
    """Return what is in a take; None where it cannot be read."""
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
