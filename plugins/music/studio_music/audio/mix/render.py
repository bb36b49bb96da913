"""A whole piece as sound: mixed, in its room, made as loud as others, and never too loud."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from studio.api import BadInput
from studio_music.audio.mix import limiter, loudness, reverb
from studio_music.audio.mix.bus_compressor import AHEAD, factors
from studio_music.audio.mix.mixdown import Mixdown, check_length, programs_of
from studio_music.audio.synth.protocol import Synth, Tones
from studio_music.audio.synth.selection import open_synth
from studio_music.score.piece import Piece

BLOCK = 1 << 14
TARGET = -16.0
"""Loudness of what is rendered, in LUFS: that of music on the web."""

_MOST_UP, _MOST_DOWN = 12.0, -18.0  # decibels; what was written to be very soft stays softer
_SILENT = 2e-4
_FADE = 0.02
_TURN = 0.05
_PREROLL = 2.0  # seconds of its own end that a loop's compressor and limiter start from


def render(
    piece: Piece, rate: int, synth: str = "auto", loop: bool = False, font: Path | None = None
) -> Iterator[float | np.ndarray]:
    """Yield the share that is done, several times a second, and last the samples (n, 2) float32.

    Args:
        synth: "studio", "soundfont", or "auto" for the best there is.
        font: The sound font to play with; None for the best that this machine has.
        loop: Exactly as long as the piece, and what rings on after its end sounds in its start.

    Raises:
        BadInput: It is empty or too long, or there is no such synthesiser here.
    """
    check_length(piece)
    opened = open_synth(synth, rate, font=font)
    yield from loading(opened, piece)
    yield from render_with(Tones(opened), piece, loop=loop)


def render_with(tones: Tones, piece: Piece, *, loop: bool) -> Iterator[float | np.ndarray]:
    """Do what ``render`` does, with tones that may be there already."""
    timeline = Mixdown(piece, tones)
    if not timeline.frames:
        raise BadInput(f"“{piece.title[:60]}” has no notes to play.")
    sound, powers = np.zeros((2, 0), np.float32), []
    for step in mixed(timeline):
        if isinstance(step, float):
            yield step * 0.9
        else:
            sound = step
    sound = folded(sound, timeline.frames) if loop else sound
    yield from _compressed(sound, timeline, loop=loop)
    sound = sound if loop else _trimmed(sound, timeline)
    for at in range(
        0, max(1, sound.shape[1] - 1), timeline.tones.synth.rate * 4
    ):  # windows overlap by 0.3 s
        powers.append(
            loudness.windows(
                sound[:, at : at + round(timeline.tones.synth.rate * 4.3)],
                timeline.tones.synth.rate,
            )
        )
        yield 0.9 + 0.05 * at / sound.shape[1]
    louder = np.clip(TARGET - loudness.integrated(np.concatenate(powers)), _MOST_DOWN, _MOST_UP)
    sound *= np.float32(10 ** (louder / 20))
    yield from _limited(sound, timeline.tones.synth.rate, loop=loop)


def folded(sound: np.ndarray, frames: int) -> np.ndarray:
    """Return (channels, frames): what comes after ``frames`` is laid over the start, all of it."""
    whole = -(-sound.shape[1] // frames) * frames
    padded = np.pad(sound, ((0, 0), (0, whole - sound.shape[1])))
    laid: np.ndarray = padded.reshape(sound.shape[0], -1, frames).sum(axis=1)
    return laid


def loading(synth: Synth, piece: Piece) -> Iterator[float]:
    """Yield while the instruments of a piece are loaded: a piano from a font takes seconds."""
    for program, drums in programs_of(piece):
        loading = threading.Thread(target=synth.load, args=(program, drums), daemon=True)
        loading.start()
        while loading.is_alive():
            loading.join(_TURN)
            yield 0.0


def mixed(timeline: Mixdown) -> Iterator[float | np.ndarray]:
    """Yield shares done, then (2, frames): the notes in the room, until all has died away."""
    rate, seconds = timeline.tones.synth.rate, timeline.piece.mix.room
    room = reverb.Reverb(rate, BLOCK, seconds)
    memory = room.silence
    frames = timeline.frames + timeline.tail + round(reverb.length(seconds) * rate)
    sound = np.zeros((2, -(-frames // BLOCK) * BLOCK), np.float32)
    for at in range(0, sound.shape[1], BLOCK):
        bus = np.zeros((3, BLOCK), np.float32)
        timeline.mix_into(bus, at)
        memory = room.add(bus, memory)
        sound[:, at : at + BLOCK] = bus[:2]
        yield at / sound.shape[1]
    yield sound


def _compressed(sound: np.ndarray, timeline: Mixdown, *, loop: bool) -> Iterator[float]:
    """Compress (2, frames) in place."""
    amount, rate = timeline.piece.mix.compression, timeline.tones.synth.rate
    if not amount:
        return
    silence = np.zeros((2, AHEAD), np.float32)
    lead = sound[:, -round(_PREROLL * rate) :] if loop else silence
    whole = np.concatenate((lead, sound, sound[:, :AHEAD] if loop else silence), axis=1)
    held = 0.0
    for at in range(0, whole.shape[1] - AHEAD, 4 * BLOCK):
        part = whole[:, at : at + 4 * BLOCK + AHEAD]
        turned, held = factors(part, rate, amount, held)
        part[:, : len(turned)] *= turned
        yield 0.9
    sound[:] = whole[:, lead.shape[1] :][:, : sound.shape[1]]


def _trimmed(sound: np.ndarray, timeline: Mixdown) -> np.ndarray:
    """Return the sound without the silence after its end, and not cut off but faded."""
    loud = np.flatnonzero(np.abs(sound).max(axis=0) > _SILENT)
    last = int(loud[-1]) if len(loud) else 0
    fade = round(_FADE * timeline.tones.synth.rate)
    end = min(sound.shape[1], max(timeline.frames, last + fade))
    sound = sound[:, :end]
    sound[:, end - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return sound


def _limited(sound: np.ndarray, rate: int, *, loop: bool) -> Iterator[float | np.ndarray]:
    """Yield shares done, then (frames, 2), of which no sample is above the ceiling."""
    frames, step = sound.shape[1], limiter.STEP
    lead = min(frames, round(_PREROLL * rate)) if loop else 0
    total = lead + frames + step
    before = sound[:, frames - lead :]
    after = sound[:, :step] if loop else np.zeros((2, step), np.float32)
    fed = np.concatenate((before, sound, after, np.zeros((2, -total % step), np.float32)), axis=1)
    held, result = limiter.START, np.empty_like(fed)
    for at in range(0, fed.shape[1], 4 * BLOCK):
        part = slice(at, at + 4 * BLOCK)
        result[:, part], held = limiter.limit(fed[:, part], held)
        yield 0.95 + 0.05 * at / fed.shape[1]
    yield np.ascontiguousarray(result[:, lead + step : lead + step + frames].T)
