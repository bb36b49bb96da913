"""Sound of any length through the network, window by window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import resample_poly

from studio_music.audio.transcription.network import (
    FRAMES,
    HOP,
    PITCHES,
    RATE,
    WINDOW,
    NoteNetwork,
)

_EDGE = 15
"""Frames at each end of a window that are left out: there it hears too little beside them."""
_KEPT = FRAMES - 2 * _EDGE
_SILENCE = 1e-3
"""Of the loudest sample: the network makes each window as loud as it can, and would hear noise."""

Floats = NDArray[np.float32]
FRAMES_A_SECOND: Final = RATE / HOP


@dataclass(frozen=True)
class Activations:
    """How likely each pitch begins and sounds: (frames, ``PITCHES``), 0…1.

    Attributes:
        levels: (frames,) how loud it is: the root of the mean square.
    """

    onsets: Floats
    notes: Floats
    levels: Floats


def prepared(samples: Floats, rate: int) -> Floats:
    """Return (frames, channels) of any rate as one channel at ``RATE``, its peak at 1."""
    mono = samples.mean(axis=1)
    if rate != RATE:
        ratio = Fraction(RATE, rate).limit_denominator(1000)
        mono = resample_poly(mono, ratio.numerator, ratio.denominator)
    peak = float(np.abs(mono).max(initial=0.0))
    return np.asarray(mono / peak if peak > 0 else mono, np.float32)


def activations(
    network: NoteNetwork, sound: Floats, at_once: int, device: str = "cpu"
) -> Iterator[float | Activations]:
    """Yield the share that is done, and last the network's activations.

    Args:
        sound: As ``prepared`` returns it.
        at_once: Windows per batch: memory against speed.
    """
    step = _KEPT * HOP
    frames = len(sound) // HOP + 1
    windows = -(-frames // _KEPT)
    padded = np.zeros((windows - 1) * step + WINDOW, np.float32)
    fits = padded[_EDGE * HOP :]
    fits[: len(sound)] = sound[: len(fits)]
    result = np.zeros((2, windows * _KEPT, PITCHES), np.float32)
    for first in range(0, windows, at_once):
        places = range(first, min(first + at_once, windows))
        cut = np.stack([padded[place * step : place * step + WINDOW] for place in places])
        with torch.inference_mode():
            both = torch.stack(network(torch.from_numpy(cut).to(device)))
        central = both[:, :, _EDGE:-_EDGE].cpu().numpy()
        central = central * (np.abs(cut).max(axis=1) > _SILENCE)[None, :, None, None]
        result[:, first * _KEPT : places[-1] * _KEPT + _KEPT] = central.reshape(2, -1, PITCHES)
        yield (places[-1] + 1) / windows
    yield Activations(result[0, :frames], result[1, :frames], _levels(sound, frames))


def _levels(sound: Floats, frames: int) -> Floats:
    padded = np.zeros(frames * HOP, np.float32)
    padded[: len(sound)] = sound
    return np.asarray(np.sqrt(np.square(padded).reshape(frames, HOP).mean(axis=1)), np.float32)
