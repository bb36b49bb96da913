"""Sound of a piece as tasks hand it over: rendered step by step, checked, an ``audio`` artifact."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from studio.api import Event, Kind, Rung, TaskContext, Verdict
from studio_music.audio.sound_checks import check_audio, check_joint
from studio_music.score.piece import Piece

if TYPE_CHECKING:
    import numpy as np

_FADE = 0.8
"""Seconds over which fades what would ring on past the length that was asked for."""


class Hearing(msgspec.Struct, frozen=True):
    """How a piece is to be heard: by which synthesiser and font, at which rate, as which file.

    ``level``: decibels by which it is softer (negative) than what is heard by itself.
    ``seconds``: how long it lasts with what rings on, which is faded; 0 for as long as it rings.
    """

    synth: str = "auto"
    font: Path | None = None
    rate: int = 44_100
    format: str = "wav"
    loop: bool = False
    level: float = 0.0
    seconds: float = 0.0


def hear(
    ctx: TaskContext,
    piece: Piece,
    how: Hearing,
    recipe: Mapping[str, Any],
    share: tuple[float, float] = (0.0, 1.0),
) -> Generator[Event, None, Any]:
    """Render ``piece``, yield progress and its ``audio`` artifact, and return that artifact.

    Where memory is short the sound has half as many samples a second.

    Args:
        recipe: How it is made, for the meta of the artifact and the file.
        share: Which part of the whole task this is, as its progress tells.

    Raises:
        BadInput: There is nothing to play, it is too long, or the instrument is not there.
    """

    def body(rate: int) -> Generator[Event, None, Any]:
        at_rate = msgspec.structs.replace(how, rate=rate)
        return (yield from _heard(ctx, piece, at_rate, recipe, share))

    half = how.rate // 2
    rungs = [Rung(how.rate), Rung(half, f"sound of {half:,} samples per second")]
    artifact = yield from ctx.ladder(rungs, body)
    yield artifact
    return artifact


def _heard(
    ctx: TaskContext,
    piece: Piece,
    how: Hearing,
    recipe: Mapping[str, Any],
    share: tuple[float, float],
) -> Generator[Event, None, Any]:
    from studio_music.audio import audio_files
    from studio_music.audio.synth.selection import open_synth
    from studio_music.score.thumbnails import sound_png

    samples = yield from _rendered(ctx, piece, how, share)
    if how.seconds and not how.loop:
        samples = _ended(samples, max(how.seconds, piece.seconds(piece.end)), how.rate)
    verdict = yield from ctx.in_thread(partial(_verdict, piece, samples, how))
    if how.level:
        samples *= 10 ** (how.level / 20)
    write = partial(getattr(audio_files, how.format), samples, how.rate)
    if how.loop and how.format == "wav":  # samplers and game engines read it
        write = partial(write, loop=(0, len(samples)))
    written = partial(write, title=piece.title, recipe=recipe)
    payload = yield from ctx.in_thread(written)
    drawn = yield from ctx.in_thread(partial(sound_png, samples))
    return ctx.artifact(
        Kind.AUDIO,
        payload,
        suffix=f".{how.format}",
        title=piece.title,
        text=piece.title,
        verdict=verdict,
        meta={
            "seconds": round(len(samples) / how.rate, 2),
            "sample_rate": how.rate,
            "loop": how.loop,
            "level": how.level,
            "instrument": open_synth(how.synth, how.rate, font=how.font).name,
            **recipe,
        },
        preview=drawn,
    )


def _rendered(
    ctx: TaskContext, piece: Piece, how: Hearing, share: tuple[float, float]
) -> Generator[Event, None, np.ndarray]:
    from studio_music.audio.mix.render import render

    begin, end = share
    for step in render(piece, how.rate, how.synth, loop=how.loop, font=how.font):
        if not isinstance(step, float):
            return step
        yield ctx.progress(begin + step * (end - begin), 1, "Rendering the sound")
    raise AssertionError("a rendering ends with samples")


def _ended(samples: np.ndarray, seconds: float, rate: int) -> np.ndarray:
    """Return samples that end after so many seconds, the last of them faded."""
    import numpy as np

    ended = samples[: math.ceil(seconds * rate)].copy()
    fade = min(round(_FADE * rate), len(ended))
    ended[len(ended) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return ended


def _verdict(piece: Piece, samples: np.ndarray, how: Hearing) -> Verdict:
    checks = check_audio(samples, how.rate, at_least=piece.seconds(piece.end))
    return Verdict((*checks, check_joint(samples, how.rate)) if how.loop else checks)
