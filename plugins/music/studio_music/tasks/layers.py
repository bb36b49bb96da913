"""The task ``music.layers``: one piece as layers or stems that a game mixes while it is played."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

import msgspec

from studio.api import Event, Kind, TaskContext, Verdict
from studio_music.audio.synth.weights import font_of
from studio_music.compose.arc.layers import STRENGTHS, layered
from studio_music.compose.piece_checks import check_piece
from studio_music.schema import Layers
from studio_music.score.piece import Piece
from studio_music.tasks import score_artifact
from studio_music.tasks.audio_artifact import Hearing, hear

RATE = 44_100


def layers(ctx: TaskContext, params: Layers) -> Iterator[Event]:
    """Make the layers or the stems of a piece.

    Yields progress, of each layer or stem a ``score`` artifact (MIDI) and an ``audio`` artifact
    that loops, all of one length, and the result: ``parts`` (names, titles, notes, levels), the
    facts of the piece, ``passed`` and ``checks``, ``remarks``.

    Raises:
        BadInput: There is no melody, or nothing to play.
    """
    piece, remarks = score_artifact.given(ctx.inputs, params.score)
    recipe = score_artifact.recipe(ctx, "music.layers", params)
    yield ctx.progress(0, 1, "Arranging")
    make = _strengths if params.parts == "layers" else _stems
    artifacts, verdicts = yield from make(ctx, params, piece, recipe)
    verdict = Verdict(tuple(check for item in verdicts for check in item.checks))
    yield ctx.result(**score_artifact.told(piece, verdict, remarks), parts=artifacts)


Made = tuple[list[dict[str, Any]], list[Verdict]]


def _strengths(
    ctx: TaskContext, params: Layers, piece: Piece, recipe: dict[str, Any]
) -> Generator[Event, None, Made]:
    parts, verdicts = [], []
    font = font_of(ctx, params.soundfont)
    for number, (strength, layer) in enumerate(layered(piece, ctx.rng.seed)):
        verdicts.append(check_piece(layer))
        own = {**recipe, "layer": strength.name}
        yield score_artifact.artifact(ctx, layer, verdicts[-1], own)
        share = (number / len(STRENGTHS), (number + 1) / len(STRENGTHS))
        how = Hearing(params.synth, font, RATE, params.format, loop=True, level=strength.level)
        sound = yield from hear(ctx, layer, how, own, share)
        verdicts += [sound.verdict] if sound.verdict else []
        notes = sum(len(track.notes) for track in layer.tracks)
        parts.append(
            {"name": strength.name, "title": layer.title, "notes": notes, "level": strength.level}
        )
    return parts, verdicts


def _stems(
    ctx: TaskContext, params: Layers, piece: Piece, recipe: dict[str, Any]
) -> Generator[Event, None, Made]:
    from studio_music.audio import audio_files
    from studio_music.audio.mix.stems import stems
    from studio_music.score.thumbnails import sound_png

    sounds: list[Any] = []
    for step in stems(piece, RATE, params.synth, font_of(ctx, params.soundfont)):
        if isinstance(step, float):
            yield ctx.progress(step * 0.9, 1, "Rendering the sound")
        else:
            sounds = step
    parts, verdict = [], check_piece(piece)
    for number, (track, samples) in enumerate(sounds):
        title = f"{piece.title} ({track.name})"
        own = {**recipe, "stem": track.name}
        alone = msgspec.structs.replace(piece, title=title, tracks=(track,))
        yield score_artifact.artifact(ctx, alone, Verdict(()), own)
        write = partial(getattr(audio_files, params.format), samples, RATE)
        if params.format == "wav":
            write = partial(write, loop=(0, len(samples)))
        payload = yield from ctx.in_thread(partial(write, title=title, recipe=own))
        preview = yield from ctx.in_thread(partial(sound_png, samples))
        facts = {"seconds": round(len(samples) / RATE, 3), "sample_rate": RATE, "loop": True}
        yield ctx.artifact(
            Kind.AUDIO,
            payload,
            suffix=f".{params.format}",
            title=title,
            text=title,
            meta={**facts, **own},
            preview=preview,
        )
        parts.append({"name": track.name, "title": title, "notes": len(track.notes), "level": 0.0})
        yield ctx.progress(0.9 + 0.1 * (number + 1) / len(sounds), 1, "Rendering the sound")
    return parts, [verdict]
