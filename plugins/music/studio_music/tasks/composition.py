"""The task ``music.compose``: from an ask to a tune, its backing, its checks, its sound."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import msgspec
import numpy as np

from studio.api import Event, Rung, TaskContext, Verdict
from studio_music.audio.synth.weights import font_of
from studio_music.compose.arc.course import shaped
from studio_music.compose.backing import arranging, genre_of
from studio_music.compose.backing.feel import felt
from studio_music.compose.backing.modulation import KeyChange
from studio_music.compose.piece_checks import check_piece
from studio_music.compose.prompt.moods import MOODS
from studio_music.compose.prompt.parser import Asked, understand
from studio_music.compose.prompt.request import TuneRequest
from studio_music.schema import Compose
from studio_music.score.piece import Piece
from studio_music.score.theory.instrumentation import SUITING, cast
from studio_music.tasks import score_artifact
from studio_music.tasks.audio_artifact import Hearing, hear

MAX_ATTEMPTS = 4
"""The first writing and at most three more, where a check of what was asked fails."""

WRITING_SHARE = 0.6
"""Part of the progress that is writing, where sound follows."""


class Attempt(msgspec.Struct, frozen=True):
    """One draft: its seed, its piece, its faults."""

    seed: int
    piece: Piece
    verdict: Verdict
    remark: str = ""

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that do not hold."""
        return tuple(check.name for check in self.verdict.checks if not check.passed)


def compose(ctx: TaskContext, params: Compose) -> Iterator[Event]:
    """Write a piece as asked.

    Yields progress, a ``score`` artifact (MIDI), an ``audio`` artifact (WAV) where sound is wanted,
    and the result: the facts of the piece, ``passed`` and ``checks``, ``attempts`` (with what
    failed in those that were given up), ``remarks`` and ``note``.

    Raises:
        BadInput: The ask cannot be met: a key, metre, tempo or length that there is not.
        StudioError: The weights cannot be used or do not fit into memory.
    """
    wanted = understand(params, ctx.rng.numpy())
    yield ctx.progress(0, 1, "Loading")
    writing = WRITING_SHARE if params.audio else 1.0
    attempts = yield from _attempts(ctx, str(params.weights), wanted, writing)
    best = min(attempts, key=lambda attempt: len(attempt.failed))
    remarks = (*wanted.remarks, *_remarks(attempts, best))
    recipe = score_artifact.recipe(ctx, "music.compose", params)
    facts = _facts(wanted, attempts)
    summary = score_artifact.summary(best.piece, wanted.request.key_name)
    text = "\n".join(filter(None, (summary, params.prompt)))
    meta = {**recipe, **facts, "remarks": list(remarks)}
    yield score_artifact.artifact(ctx, best.piece, best.verdict, meta, text)
    if params.audio:
        font, request = font_of(ctx, params.soundfont), wanted.request
        how = Hearing(params.synth, font, loop=request.loop, seconds=request.seconds)
        yield from hear(ctx, best.piece, how, recipe, (writing, 1.0))
    yield ctx.result(**(score_artifact.told(best.piece, best.verdict, remarks) | facts))


def _attempts(
    ctx: TaskContext, weights: str, wanted: Asked, share: float
) -> Generator[Event, None, list[Attempt]]:
    """Write until all checks hold, or as often as is allowed; return all that was written."""
    attempts: list[Attempt] = []
    seeds = ctx.rng.numpy().integers(2**53, size=MAX_ATTEMPTS)
    with ctx.lease(weights) as model:
        for number, seed in enumerate(int(value) for value in seeds):
            begin = share * (1 - 0.5**number)
            tune = yield from _tune(ctx, model, wanted, seed, (begin, share))
            piece, remark = yield from arranged(tune, wanted, seed)
            verdict = check_piece(piece, wanted.request)
            yield None
            attempts.append(Attempt(seed, piece, verdict, remark))
            if not attempts[-1].failed:
                break
    return attempts


def _tune(
    ctx: TaskContext, model: Any, wanted: Asked, seed: int, share: tuple[float, float]
) -> Generator[Event, None, Piece]:
    import torch

    from studio_music.compose.tunes.composer import DRAFTS, write

    begin, end = share

    def body(at_once: int) -> Generator[Event, None, Piece]:
        rng = torch.Generator(ctx.device).manual_seed(seed)
        for step in write(model, wanted.request, rng, at_once):
            if isinstance(step, Piece):
                return step
            yield ctx.progress(begin + step * (end - begin) / 2, 1, "Writing")
        raise AssertionError("writing ends with a piece")

    rungs = [Rung(DRAFTS), *(Rung(count, f"{count} drafts at a time") for count in (3, 2))]
    return (yield from ctx.ladder([*rungs, Rung(1, "one draft at a time")], body))


def arranged(tune: Piece, wanted: Asked, seed: int) -> Generator[Event, None, tuple[Piece, str]]:
    """Return the tune with its title, its instrument and its backing, and a remark or ""."""
    has_backing = wanted.genre != "none"
    mood = MOODS[wanted.request.mood]
    suiting = mood.programs + (genre_of(wanted.genre).melody if has_backing else SUITING)
    piece, remark = cast(msgspec.structs.replace(tune, title=wanted.title), wanted.program, suiting)
    if has_backing:
        rng = np.random.default_rng(seed)
        request = wanted.request
        for step in arranging(
            piece,
            wanted.genre,
            rng,
            request.loop,
            mood.colour,
            request.tension,
            _changes(request),
            request.scale,
        ):
            if isinstance(step, Piece):
                piece = felt(step, genre_of(wanted.genre), rng)
            yield None
        if not wanted.drums:
            tracks = tuple(track for track in piece.tracks if not track.drums)
            piece = msgspec.structs.replace(piece, tracks=tracks)
    return shaped(piece, wanted.request), remark


def _changes(request: TuneRequest) -> list[KeyChange]:
    """Return where the key changes; at the end too where a loop leads from there to its start."""
    changes = []
    for first, last in request.lifted:
        changes.append(KeyChange(first, request.lift))
        if last < request.bars or request.loop:
            changes.append(KeyChange(last, -request.lift))
    return changes


def _remarks(attempts: list[Attempt], best: Attempt) -> Iterator[str]:
    """Yield remarks about the best attempt, and about the rejected ones."""
    if best.remark:
        yield best.remark
    if best.failed:
        failed = ", ".join(best.failed)
        yield f"After {len(attempts)} attempts, these checks still fail: {failed}."
    elif len(attempts) > 1:
        again = "once" if len(attempts) == 2 else f"{len(attempts) - 1} times"
        yield f"Composed again {again} because a check failed."


def _facts(wanted: Asked, attempts: list[Attempt]) -> dict[str, Any]:
    return {
        "key": wanted.request.key_name,
        "mood": wanted.request.mood,
        "genre": wanted.genre,
        "request": msgspec.to_builtins(wanted.request),
        "attempts": [
            {"seed": attempt.seed, "failed": list(attempt.failed)} for attempt in attempts
        ],
    }
