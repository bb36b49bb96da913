"""The task ``music.develop``: bars of a melody continued, varied or written anew by the model."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import msgspec

from studio.api import BadInput, Event, TaskContext, Verdict
from studio_music.compose.backing.reharmonisation import reharmonised
from studio_music.compose.piece_checks import check_piece
from studio_music.schema import Develop
from studio_music.score.piece import Piece
from studio_music.score.theory.melody import melody_of
from studio_music.tasks import score_artifact

MAX_BARS = 64
"""More are not written at once."""


def develop(ctx: TaskContext, params: Develop) -> Iterator[Event]:
    """Write bars of a melody anew; chords and backing follow it, all else of the piece stays.

    Yields progress, a ``score`` artifact (MIDI), and the result: the facts of the piece,
    ``passed`` and ``checks``, ``first`` and ``last`` bar of what was written, ``remarks``.

    Raises:
        BadInput: There is no melody, there are no such bars, or their metre was not learned.
        StudioError: The weights cannot be used or do not fit into memory.
    """
    given, remarks = score_artifact.given(ctx.inputs, params.score)
    first, last = _bars(params, given)
    yield ctx.progress(0, 1, "Loading")
    with ctx.lease(str(params.weights)) as model:
        pieces = yield from _passages(ctx, model, given, (first, last), params)
    starts = [*given.bar_starts()[bool(given.pickup) :], given.end]
    if first < len(starts) - 1:  # of bars behind the end it is said below
        span = (starts[first], starts[min(last, len(starts) - 1)])
        pieces = [reharmonised(piece, span, ctx.rng.numpy()) for piece in pieces]
        yield None
    verdicts = [(piece, check_piece(piece)) for piece in pieces]
    yield None
    piece, verdict = min(verdicts, key=lambda candidate: _failed(candidate[1]))
    if last > score_artifact.bars_of(given) and any(t.role == "chords" for t in given.tracks):
        remarks = (*remarks, "The backing ends before the tune: add it again for the new bars.")
    recipe = score_artifact.recipe(ctx, "music.develop", params)
    yield score_artifact.artifact(ctx, piece, verdict, {**recipe, "remarks": list(remarks)})
    yield ctx.result(
        **score_artifact.told(piece, verdict, remarks), how=params.how, first=first + 1, last=last
    )


def _bars(params: Develop, given: Piece) -> tuple[int, int]:
    """Return the first bar that is written, from 0, and the one behind the last."""
    melody_of(given)  # that there is one is said before anything else
    count = max(1, score_artifact.bars_of(given))
    first, last = params.first or 1, params.last or count
    if first > last or last > count:
        raise BadInput(
            f"There are no bars {first} to {last} in this piece.",
            f"Choose bars from 1 to {count}, the first before the last.",
        )
    if params.how == "continue":
        return last, last + params.bars
    if last - first >= MAX_BARS:
        raise BadInput(
            f"{last - first + 1} bars are too many to write at once.",
            f"Choose up to {MAX_BARS} with first and last bar.",
        )
    return first - 1, last


def _passages(
    ctx: TaskContext, model: Any, given: Piece, bars: tuple[int, int], params: Develop
) -> Generator[Event, None, list[Piece]]:
    import torch

    from studio_music.compose.tunes.passages import Passage, written

    rng = torch.Generator(ctx.device).manual_seed(ctx.rng.seed)
    passage = Passage(*bars, vary=params.how == "vary")
    for step in written(model, given, passage, rng, params.temperature):
        if isinstance(step, list):
            return [msgspec.structs.replace(piece, title=given.title) for piece in step]
        yield ctx.progress(step, 1, "Writing")
    raise AssertionError("writing ends with pieces")


def _failed(verdict: Verdict) -> int:
    return sum(not check.passed for check in verdict.checks)
