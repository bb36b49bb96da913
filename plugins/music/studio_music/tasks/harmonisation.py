"""The task ``music.harmonise``: four voices around a given melody."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from studio.api import Event, Rung, TaskContext, Verdict
from studio_music.audio.synth.weights import font_of
from studio_music.compose.chorales.melodies import fitted
from studio_music.compose.piece_checks import check_piece
from studio_music.schema import Harmonise
from studio_music.score.piece import Key, Piece, Track
from studio_music.score.theory.melody import melody_of
from studio_music.score.theory.voice_leading import leading_of, rows_of
from studio_music.tasks import score_artifact
from studio_music.tasks.audio_artifact import Hearing, hear

if TYPE_CHECKING:
    from studio_music.compose.chorales.harmony import Setting

WRITING_SHARE = 0.7
"""Part of the progress that is the setting of voices, where sound follows."""

MAX_ATTEMPTS = 3
"""The first setting and at most two more, where a check fails."""


class Attempt(msgspec.Struct, frozen=True):
    """One setting, and its faults."""

    piece: Piece
    verdict: Verdict

    @property
    def faults(self) -> tuple[int, int]:
        """Checks that fail, then parallels: the fewer the better."""
        failed = sum(not check.passed for check in self.verdict.checks)
        return failed, _leading(self.piece)["parallels"]


def harmonise(ctx: TaskContext, params: Harmonise) -> Iterator[Event]:
    """Set a melody for four voices.

    Yields progress, a ``score`` artifact (MIDI), an ``audio`` artifact where sound is wanted, and
    the result: the facts of the piece (``key`` is that of the setting), ``passed`` and ``checks``,
    ``voice``, ``parallels``, ``moves``, ``bass_leaps``, ``attempts``, ``remarks``.

    Raises:
        BadInput: There is no melody, it cannot be read, or the voice cannot sing it.
        StudioError: The weights cannot be used or do not fit into memory.
    """
    given, remarks = score_artifact.given(ctx.inputs, params.score)
    key = Key.parse(params.key) if params.key.strip() else None
    melody, moved = fitted(melody_of(given), given, params.voice)
    remarks = (*remarks, *filter(None, (moved,)))
    yield ctx.progress(0, 1, "Loading")
    share = WRITING_SHARE if params.audio else 1.0
    attempts = yield from _attempts(ctx, params, given, melody, key, share)
    best = min(attempts, key=lambda attempt: attempt.faults)
    piece, verdict = best.piece, best.verdict
    remarks = (*remarks, *_remarks(piece, given, key, attempts, best))
    recipe = score_artifact.recipe(ctx, "music.harmonise", params)
    yield score_artifact.artifact(ctx, piece, verdict, {**recipe, "remarks": list(remarks)})
    if params.audio:
        how = Hearing(params.synth, font_of(ctx, params.soundfont))
        yield from hear(ctx, piece, how, recipe, (share, 1.0))
    yield ctx.result(
        **score_artifact.told(piece, verdict, remarks),
        **_leading(piece),
        voice=params.voice,
        attempts=len(attempts),
    )


def _attempts(
    ctx: TaskContext, params: Harmonise, given: Piece, melody: Track, key: Key | None, share: float
) -> Generator[Event, None, list[Attempt]]:
    """Set it until all checks hold, or as often as is allowed; return all settings."""
    from studio_music.compose.chorales.harmony import Setting

    how = Setting(
        params.voice, key, params.chords == "own", params.temperature, passes=params.passes
    )
    attempts: list[Attempt] = []
    seeds = ctx.rng.numpy().integers(2**53, size=MAX_ATTEMPTS)
    with ctx.lease(params.weights) as model:
        for number, seed in enumerate(int(value) for value in seeds):
            begin = share * (1 - 0.5**number)
            part = (begin, share * (1 - 0.5 ** (number + 1)))
            named = msgspec.structs.replace(
                given, title=f"{given.title} in four parts", figured=params.figured
            )
            piece = yield from _voices(ctx, model, named, melody, how, seed, part)
            attempts.append(Attempt(piece, check_piece(piece)))
            if not any(attempts[-1].faults):
                break
    return attempts


def _voices(
    ctx: TaskContext,
    model: Any,
    given: Piece,
    melody: Track,
    how: Setting,
    seed: int,
    part: tuple[float, float],
) -> Generator[Event, None, Piece]:
    import torch

    from studio_music.compose.chorales import harmony
    from studio_music.compose.chorales.masked_sampler import WINDOW
    from studio_music.compose.chorales.vocabulary import STEPS

    begin, end = part

    def body(window: int) -> Generator[Event, None, Piece]:
        rng = torch.Generator(ctx.device).manual_seed(seed)
        narrow = msgspec.structs.replace(how, window=window)
        for step in harmony.harmonise(model, melody, given, narrow, rng):
            if isinstance(step, Piece):
                return step
            yield ctx.progress(begin + step * (end - begin), 1, "Harmonising")
        raise AssertionError("harmonising ends with a piece")

    shorter = (WINDOW // 2, WINDOW // 4)
    rungs = [Rung(steps, f"{steps // STEPS} quarter notes at a time") for steps in shorter]
    return (yield from ctx.ladder([Rung(WINDOW), *rungs], body))


def _remarks(
    piece: Piece, given: Piece, requested: Key | None, attempts: list[Attempt], best: Attempt
) -> Iterator[str]:
    """Yield remarks about the key, and about rejected settings."""
    if requested is None and piece.key != given.key:
        yield f"Set in {piece.key}: the melody does not fit {given.key}."
    failed = [check.name for check in best.verdict.checks if not check.passed]
    if failed:
        yield f"After {len(attempts)} attempts, these checks still fail: {', '.join(failed)}."
    elif len(attempts) > 1:
        again = "once" if len(attempts) == 2 else "twice"
        yield f"Set again {again} because a check failed or voices moved in parallel."


def _leading(piece: Piece) -> dict[str, Any]:
    """Return how the voices move, as plain data."""
    rows = rows_of(piece)
    assert rows is not None, "a setting has four voices"
    leading = leading_of(rows)
    return {
        "parallels": len(leading.parallels),
        "moves": leading.moves,
        "bass_leaps": leading.bass_leaps,
    }
