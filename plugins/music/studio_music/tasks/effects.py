"""The task ``music.effect``: sound effects and textures from words or fields."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from studio.api import Check, Event, Kind, NewArtifact, Seed, TaskContext, Verdict
from studio_music.audio.effects.catalogue import FAMILIES
from studio_music.audio.effects.description import Described, understand
from studio_music.audio.effects.interpreter import read_by_model
from studio_music.audio.effects.request import Request, request_of
from studio_music.audio.effects.schema import Effect
from studio_music.audio.sound_checks import check_audio, check_joint
from studio_music.tasks import score_artifact

if TYPE_CHECKING:
    import numpy as np


def effect(ctx: TaskContext, params: Effect) -> Iterator[Event]:
    """Make one sound, or several variations of it.

    Yields progress, an ``audio`` artifact each (WAV or FLAC; a loop has its loop points), and the
    result: ``sound``, ``into``, ``morph``, ``settings``, ``shape``, ``loop``, words that were
    ``known`` and ``unknown``, ``read_by``, ``passed``, ``checks``, and ``files``: of each its
    ``title``, ``seed``, ``duration``, ``lufs`` and ``peak``.

    Raises:
        BadInput: Nothing names a sound, or a setting is not one of it.
    """
    described, read_by = yield from _understood(ctx, params)
    request = request_of(params, described)
    facts = {
        **request.told(),
        "known": described.known,
        "unknown": described.unknown,
        "read_by": read_by,
    }
    recipe = score_artifact.recipe(ctx, "music.effect", params)
    files: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    for number in range(request.count):
        yield ctx.progress(number, request.count, "Making the sounds")
        seed = (ctx.rng.seed + number) % (Seed.MAXIMUM + 1)
        title = request.title if request.count == 1 else f"{request.title} {number + 1:02d}"
        own = {**recipe, "params": {**recipe["params"], "seed": seed, "count": 1}}
        make = partial(_made, ctx, request, params.format, title, seed, {**facts, **own})
        artifact = yield from ctx.in_thread(make)
        files.append(
            {key: artifact.meta[key] for key in ("title", "seed", "duration", "lufs", "peak")}
        )
        checks += (
            [_told(title, check) for check in artifact.verdict.checks] if artifact.verdict else []
        )
        yield artifact
    yield ctx.progress(request.count, request.count)
    note = _note(described, read_by)
    yield ctx.result(
        **facts,
        files=files,
        passed=all(check["passed"] for check in checks),
        checks=checks,
        **({"note": note} if note else {}),
    )


def _understood(ctx: TaskContext, params: Effect) -> Generator[Event, None, tuple[Described, str]]:
    """Return the parsed words, and who read them.

    Keywords come first; where these name no sound, a language model reads them, if there is one.
    """
    described = understand(params.prompt)
    open_ = bool(params.prompt.strip()) and not described.sound and params.sound == "auto"
    asks = params.reader == "model" or (params.reader == "auto" and open_)
    if not asks or params.weights is None or not params.prompt.strip():
        return described, "keywords"
    read = yield from read_by_model(ctx, params.prompt, params.weights)
    described.sound = read.sound
    own = {knob.name for knob in FAMILIES[read.sound].knobs}
    described.shape = {name: value for name, value in described.shape.items() if name in own}
    for name, value in read.changes.items():
        described.changes.setdefault(name, value)
    return described, str(params.weights)


def _note(described: Described, read_by: str) -> str:
    """Return a note for the user: which words were not understood."""
    words = ", ".join(f"“{word}”" for word in described.unknown[:8])
    if not words:
        return ""
    note = f"Not understood: {words}."
    return note if read_by == "keywords" else f"{note} The language model chose the sound."


def _told(title: str, check: Check) -> dict[str, Any]:
    """Return a check of one sound as plain data."""
    return {"file": title, "name": check.name, "passed": check.passed, "evidence": check.evidence}


def _made(
    ctx: TaskContext,
    request: Request,
    format: str,
    title: str,
    seed: int,
    facts: Mapping[str, Any],
) -> NewArtifact:
    from studio_music.audio import audio_files
    from studio_music.audio.effects.stage import RATE
    from studio_music.audio.effects.synthesis import sound_of

    samples = sound_of(request, seed)
    recipe = {"task": facts["task"], "params": facts["params"]}
    if format == "flac":
        payload = audio_files.flac(samples, RATE, title=title, recipe=recipe)
    else:
        loop = (0, len(samples)) if request.loop else None
        payload = audio_files.wav(samples, RATE, title=title, recipe=recipe, loop=loop)
    meta = {**facts_of(samples, RATE, title), "seed": seed, **facts}
    return sound_artifact(ctx, payload, f".{format}", samples, RATE, meta, request.loop)


def facts_of(samples: np.ndarray, rate: int, title: str) -> dict[str, Any]:
    """Return facts about a sound.

    They are ``duration`` in seconds, ``lufs`` (None if it is silent), ``peak`` in dB, and the
    storage format.
    """
    from studio_music.audio.effects.finish import lufs

    loud = lufs(samples, rate)
    return {
        "title": title,
        "duration": round(len(samples) / rate, 3),
        "seconds": round(len(samples) / rate, 2),
        "sample_rate": rate,
        "channels": samples.shape[1],
        "lufs": round(loud, 1) if loud > -200 else None,
        "peak": round(_decibel(samples), 1),
    }


def sound_artifact(
    ctx: TaskContext,
    payload: bytes,
    suffix: str,
    samples: np.ndarray,
    rate: int,
    meta: Mapping[str, Any],
    loop: bool,
) -> NewArtifact:
    """Return a sound to hand over, checked and with its wave; ``meta`` has its ``title``.

    Args:
        loop: All of it is a loop, whose joint is checked, too.
    """
    from studio_music.score.thumbnails import sound_png

    return ctx.artifact(
        Kind.AUDIO,
        payload,
        suffix=suffix,
        title=meta["title"],
        text=meta["title"],
        verdict=_verdict(samples, rate, loop),
        meta=meta,
        preview=sound_png(samples),
    )


def _verdict(samples: np.ndarray, rate: int, loop: bool) -> Verdict:
    checks = check_audio(samples, rate)
    return Verdict((*checks, check_joint(samples, rate)) if loop else checks)


def _decibel(samples: np.ndarray) -> float:
    import numpy as np

    return float(20 * np.log10(max(1e-9, float(np.abs(samples).max(initial=0.0)))))
