"""The task ``music.edit_sound``: a sound, changed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from studio.api import Event, NewArtifact, TaskContext
from studio_music.audio.effects.schema import EditSound
from studio_music.tasks import score_artifact
from studio_music.tasks.effects import facts_of, sound_artifact


def edit_sound(ctx: TaskContext, params: EditSound) -> Iterator[Event]:
    """Cut, fade, pitch, place in a room, level or loop a sound.

    Yields progress, an ``audio`` artifact (WAV; a loop has its loop points), and the result:
    ``duration``, ``lufs``, ``peak``, ``loop`` (first frame and the one behind the last),
    ``passed`` and ``checks``.

    Raises:
        BadInput: It is no sound, is too long, or what is asked for lies outside it.
    """
    yield ctx.progress(0, 1, "Editing the sound")
    artifact, loop = yield from ctx.in_thread(partial(_made, ctx, params))
    yield artifact
    yield ctx.progress(1, 1)
    checks = [
        {"name": check.name, "passed": check.passed, "evidence": check.evidence}
        for check in (artifact.verdict.checks if artifact.verdict else ())
    ]
    yield ctx.result(
        **{key: artifact.meta[key] for key in ("title", "duration", "lufs", "peak")},
        loop=list(loop) if loop else None,
        passed=all(check["passed"] for check in checks),
        checks=checks,
    )


def _made(ctx: TaskContext, params: EditSound) -> tuple[NewArtifact, tuple[int, int] | None]:
    from studio_music.audio import audio_files
    from studio_music.audio.effects.edits import edited

    path = Path(params.sound)
    data = audio_files.read_bytes(path)
    samples, rate = audio_files.read_filled(data, path.name)
    sound, loop = edited(samples, rate, params)
    recipe = score_artifact.recipe(ctx, "music.edit_sound", params)
    title = f"{(audio_files.read_title(data) or path.stem)[:60]} edited"
    payload = audio_files.wav(sound, rate, title=title, recipe=recipe, loop=loop)
    facts = facts_of(sound, rate, title)
    whole = loop == (0, len(sound))
    return sound_artifact(ctx, payload, ".wav", sound, rate, {**facts, **recipe}, whole), loop
