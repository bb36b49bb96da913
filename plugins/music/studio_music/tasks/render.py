"""The task ``music.render``: a score as sound."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import Event, TaskContext
from studio_music.audio.synth.weights import font_of
from studio_music.schema import Render
from studio_music.tasks import score_artifact
from studio_music.tasks.audio_artifact import Hearing, hear


def render(ctx: TaskContext, params: Render) -> Iterator[Event]:
    """Turn a score into sound.

    Yields progress, an ``audio`` artifact (WAV or FLAC), and the result: the facts of the piece,
    ``passed`` and ``checks`` of the sound, ``sample_rate``, ``format``, ``remarks``.

    Raises:
        BadInput: There is no score, or it cannot be read.
        StudioError: The instrument asked for is not there.
    """
    piece, remarks = score_artifact.given(ctx.inputs, params.score)
    how = Hearing(
        params.synth,
        font_of(ctx, params.soundfont),
        int(params.sample_rate),
        params.format,
        params.loop,
    )
    artifact = yield from hear(ctx, piece, how, score_artifact.recipe(ctx, "music.render", params))
    yield ctx.result(
        **score_artifact.told(piece, artifact.verdict, remarks),
        format=params.format,
        sample_rate=artifact.meta["sample_rate"],
    )
