"""The task ``music.engrave``: some systems of a score as pictures, for the page to show."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from studio.api import Event, TaskContext
from studio_music.schema import Engrave
from studio_music.tasks import score_artifact


def engrave(ctx: TaskContext, params: Engrave) -> Iterator[Event]:
    """Engrave from ``params.first_bar`` on as much as takes about a tenth of a second.

    Yields the result: the fields of ``engraved.Engraving`` as plain data. Where ``next_bar`` is
    not ``total_bars`` there is more; ask on from there.

    Raises:
        BadInput: There is no piece, or it is too long to be written as a score.
    """
    from studio_music.score import engraving

    piece, _ = score_artifact.given(ctx.inputs, params.score)
    yield None
    section = engraving.section(
        piece,
        first_bar=params.first_bar,
        width_px=params.width_px,
        scale=params.scale,
        colour=params.colour,
    )
    yield ctx.result(**msgspec.to_builtins(section))
