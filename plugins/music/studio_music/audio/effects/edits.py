"""Changes of a finished sound: cut, faded, pitched, in a room, at a loudness, looped.

Samples are (frames, channels) floats.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.signal import resample_poly

from studio.api import BadInput
from studio_music.audio.effects import finish
from studio_music.audio.effects.schema import PEAK_LEVEL, EditSound
from studio_music.audio.mix.compressor import Compression, compressed

LONGEST = 30 * 60
"""Seconds of a sound that is edited."""
_SHORTEST = 0.005


def edited(
    samples: np.ndarray, rate: int, params: EditSound
) -> tuple[np.ndarray, tuple[int, int] | None]:
    """Return (frames, channels) float32 and its loop, the first frame and the one behind the last.

    Raises:
        BadInput: What is asked for lies outside the sound, or nothing would be left.
    """
    sound = _trimmed(samples.astype(np.float64), rate, params.start, params.end)
    if params.pitch:
        sound = pitched(sound, params.pitch)
    loop = _loop(len(sound), rate, params) if params.loop else None
    if loop is not None:
        sound, loop = crossfaded(sound, loop, round(params.crossfade * rate))
    whole = loop == (0, len(sound))
    sound = finish.space(sound, params.space / 100, loop=whole, rate=rate)
    if params.compress:
        sound = compressed(sound, rate, _compression(params), loop=whole)
    if params.loudness > PEAK_LEVEL:
        sound = finish.levelled(sound, params.loudness, rate)
    sound = _faded(sound, rate, params.fade_in, params.fade_out)
    return finish.rounded(sound).astype(np.float32), loop


def _compression(params: EditSound) -> Compression:
    return Compression(
        params.threshold, params.ratio, params.attack / 1000, params.release / 1000, params.makeup
    )


def _trimmed(sound: np.ndarray, rate: int, start: float, end: float) -> np.ndarray:
    seconds = len(sound) / rate
    if seconds > LONGEST:
        raise BadInput(
            f"This sound lasts {seconds / 60:.0f} minutes; the limit is {LONGEST // 60}.",
            "Cut it into parts first.",
        )
    if start >= seconds or end > seconds + 0.01:
        raise BadInput(
            f"The sound lasts {seconds:.2f} s; there is nothing at {max(start, end):g} s.",
            "Choose a start and an end inside it.",
        )
    cut = sound[round(start * rate) : round(end * rate) if end else len(sound)]
    if len(cut) < _SHORTEST * rate:
        raise BadInput("Less than 5 ms of the sound would be left.", "Leave more of it.")
    return cut


def pitched(sound: np.ndarray, semitones: float) -> np.ndarray:
    """Return a sound played faster (higher, shorter) or slower."""
    ratio = Fraction(2 ** (-semitones / 12)).limit_denominator(240)
    return np.asarray(resample_poly(sound, ratio.numerator, ratio.denominator, axis=0))


def _loop(frames: int, rate: int, params: EditSound) -> tuple[int, int]:
    first, last = round(params.loop_start * rate), round(params.loop_end * rate) or frames
    if last > frames + 0.01 * rate or first >= min(last, frames) - 2:
        raise BadInput(
            f"The loop does not fit: the sound lasts {frames / rate:.2f} s.",
            "Choose a loop inside it.",
        )
    return first, min(last, frames)


def crossfaded(
    sound: np.ndarray, loop: tuple[int, int], frames: int
) -> tuple[np.ndarray, tuple[int, int]]:
    """Return a sound whose loop has no seam, and the loop.

    Its end turns into what leads to its start. Where nothing does, its own end is laid over its
    start, and it becomes as much shorter.
    """
    first, last = loop
    frames = min(frames, (last - first) // 2)
    if frames < 2:
        return sound, loop
    rise = np.sqrt(np.linspace(0, 1, frames))[:, None]
    fall = rise[::-1]
    if first >= frames:
        mixed = sound.copy()
        mixed[last - frames : last] = (
            fall * sound[last - frames : last] + rise * sound[first - frames : first]
        )
        return mixed, loop
    looped = sound[first : last - frames].copy()
    looped[:frames] = rise * looped[:frames] + fall * sound[last - frames : last]
    return looped, (0, len(looped))


def _faded(sound: np.ndarray, rate: int, fade_in: float, fade_out: float) -> np.ndarray:
    faded = sound.copy()
    for seconds, ends in ((fade_in, False), (fade_out, True)):
        frames = min(len(faded), round(seconds * rate))
        if frames:
            ramp = np.linspace(0, 1, frames)[:, None]
            if ends:
                faded[-frames:] *= ramp[::-1]
            else:
                faded[:frames] *= ramp
    return faded
