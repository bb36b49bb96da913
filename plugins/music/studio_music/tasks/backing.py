"""The task ``music.back``: chords, bass and drums under a given melody."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from studio.api import BadInput, Event, TaskContext
from studio_music.audio.synth.weights import font_of
from studio_music.compose.backing import arranging
from studio_music.compose.piece_checks import check_piece
from studio_music.schema import Back
from studio_music.score.piece import Piece
from studio_music.tasks import score_artifact
from studio_music.tasks.audio_artifact import Hearing, hear

ARRANGING_SHARE = 0.2
"""Part of the progress that is arranging, where sound follows."""


def back(ctx: TaskContext, params: Back) -> Iterator[Event]:
    """Put a backing under a melody, exactly as long as it is.

    Yields a ``score`` artifact (MIDI), progress and an ``audio`` artifact where sound is wanted,
    and the result: the facts of the piece, ``passed`` and ``checks``, ``chords``, ``remarks``.

    Raises:
        BadInput: There is no melody, or it cannot be read.
    """
    if params.genre == "none":
        raise BadInput("No backing is selected.", "Choose one, such as “folk”.")
    given, remarks = score_artifact.given(ctx.inputs, params.score)
    piece = yield from _backed(ctx, params, given)
    verdict = check_piece(piece)
    recipe = score_artifact.recipe(ctx, "music.back", params)
    yield score_artifact.artifact(ctx, piece, verdict, {**recipe, "remarks": list(remarks)})
    if params.audio:
        how = Hearing(params.synth, font_of(ctx, params.soundfont), loop=params.loop)
        yield from hear(ctx, piece, how, recipe, (ARRANGING_SHARE, 1.0))
    yield ctx.result(
        **score_artifact.told(piece, verdict, remarks),
        genre=params.genre,
        loop=params.loop,
        chords=[chord.symbol for chord in piece.chords],
    )


def _backed(ctx: TaskContext, params: Back, given: Piece) -> Generator[Event, None, Piece]:
    share = ARRANGING_SHARE if params.audio else 1.0
    for step in arranging(given, params.genre, ctx.rng.numpy(), params.loop):
        if isinstance(step, Piece):
            return step
        yield ctx.progress(step * share, 1, "Arranging")
    raise AssertionError("arranging ends with a piece")
