"""What Whisper hears: log-mel spectrograms of thirty seconds at 16 kHz.

The bands are those of Slaney's Auditory Toolbox (1998), as Whisper was trained with them: linear
below 1 kHz, logarithmic above, each of the same area.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio_voice.speech.recordings import RATE

SECONDS: Final = 30
_HOP = 160
_WINDOW = 400
_LINEAR = 200 / 3  # Hz a mel below 1 kHz
_KNEE = 1000 / _LINEAR
_STEP = np.log(6.4) / 27


def spectrogram(sound: NDArray[np.float32], mels: int) -> Tensor:
    """Return (mels, 3000) of up to thirty seconds of sound, which silence makes whole."""
    padded = torch.zeros(SECONDS * RATE)
    padded[: len(sound)] = torch.from_numpy(sound[: SECONDS * RATE])
    window = torch.hann_window(_WINDOW)
    waves = torch.stft(padded, _WINDOW, _HOP, window=window, return_complex=True)
    levels = (_bands(mels) @ waves[:, :-1].abs().square()).clamp(min=1e-10).log10()
    return (levels.clamp(min=float(levels.max()) - 8) + 4) / 4


@cache
def _bands(mels: int) -> Tensor:
    """Return the weight of each frequency in each band, (mels, frequencies)."""
    edges = _hertz(np.linspace(0, _mel(RATE / 2), mels + 2))
    frequencies = np.linspace(0, RATE / 2, _WINDOW // 2 + 1)
    widths = np.diff(edges)
    slopes = edges[:, None] - frequencies[None]
    rising, falling = -slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return torch.from_numpy(triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).float()


def _mel(hertz: float) -> float:
    return hertz / _LINEAR if hertz < 1000 else _KNEE + float(np.log(hertz / 1000)) / _STEP


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < _KNEE, mel * _LINEAR, 1000 * np.exp(_STEP * (mel - _KNEE)))
