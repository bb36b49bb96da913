"""The task ``music.open``: a score from a file of others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from studio.api import Event, TaskContext
from studio_music.compose.piece_checks import check_piece
from studio_music.schema import Open
from studio_music.tasks import score_artifact


def open_score(ctx: TaskContext, params: Open) -> Iterator[Event]:
    """Read a MIDI, MusicXML or ABC file.

    Yields a ``score`` artifact (MIDI) and the result: the facts of the piece, ``passed`` and
    ``checks``, ``remarks`` (what the file has that a piece has not).

    Raises:
        BadInput: It cannot be read; says why.
    """
    yield ctx.progress(0, 1, "Reading")
    piece, remarks = score_artifact.read_file(params.file)
    verdict = check_piece(piece)
    recipe = score_artifact.recipe(ctx, "music.open", params)
    yield score_artifact.artifact(ctx, piece, verdict, {**recipe, "remarks": list(remarks)})
    yield ctx.result(**score_artifact.told(piece, verdict, remarks), file=Path(params.file).name)
