"""The task ``music.harmonise``: four voices around a given melody."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import msgspec

from studio.api import Event, Rung, TaskContext
from studio_music.checks.piece_checks import check_piece
from studio_music.chorales.melodies import fitted
from studio_music.piece import Piece, Track
from studio_music.schema import Harmonise
from studio_music.tasks import score_artifact
from studio_music.tasks.audio_artifact import Hearing, hear
from studio_music.theory.melody import melody_of

WRITING_SHARE = 0.7
"""Part of the progress that is the setting of voices, where sound follows."""


def harmonise(ctx: TaskContext, params: Harmonise) -> Iterator[Event]:
    """Set a melody for four voices.

    Yields progress, a ``score`` artifact (MIDI), an ``audio`` artifact where sound is wanted, and
    the result: the facts of the piece, ``passed`` and ``checks``, ``voice``, ``remarks``.

    Raises:
        BadInput: There is no melody, it cannot be read, or the voice cannot sing it.
        StudioError: The weights cannot be used or do not fit into memory.
    """
    given, remarks = score_artifact.given(ctx.inputs, params.melody, "melody")
    melody, moved = fitted(melody_of(given), given, params.voice)
    remarks = (*remarks, *filter(None, (moved,)))
    yield ctx.progress(0, 1, "Loading")
    share = WRITING_SHARE if params.audio else 1.0
    piece = yield from _voices(ctx, params, given, melody, share)
    piece = msgspec.structs.replace(piece, title=f"{given.title} in four parts")
    if piece.key != given.key:
        remarks = (*remarks, f"Set in {piece.key}: the melody does not fit {given.key}.")
    verdict = check_piece(piece)
    recipe = score_artifact.recipe(ctx, "music.harmonise", params)
    yield score_artifact.artifact(ctx, piece, verdict, {**recipe, "remarks": list(remarks)})
    if params.audio:
        yield from hear(ctx, piece, Hearing(params.synth), recipe, (share, 1.0))
    yield ctx.result(**score_artifact.told(piece, verdict, remarks), voice=params.voice)


def _voices(
    ctx: TaskContext, params: Harmonise, given: Piece, melody: Track, share: float
) -> Generator[Event, None, Piece]:
    from studio_music.chorales import harmony
    from studio_music.chorales.masked_sampler import WINDOW
    from studio_music.chorales.vocabulary import STEPS

    rng = ctx.rng.torch(ctx.device)
    start = rng.get_state()

    def body(window: int) -> Generator[Event, None, Piece]:
        rng.set_state(start)
        for step in harmony.harmonise(
            model, melody, given, params.voice, rng, params.temperature, params.passes, window
        ):
            if isinstance(step, Piece):
                return step
            yield ctx.progress(step * share, 1, "Harmonising")
        raise AssertionError("harmonising ends with a piece")

    shorter = (WINDOW // 2, WINDOW // 4)
    rungs = [Rung(steps, f"{steps // STEPS} quarter notes at a time") for steps in shorter]
    with ctx.lease(params.weights) as model:
        return (yield from ctx.ladder([Rung(WINDOW), *rungs], body))
