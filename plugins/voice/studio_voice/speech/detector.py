"""The network of Silero VAD 6 that says where somebody speaks.

Its layers are those of the file in the package silero-vad 6.2.3 (MIT); sound is of 16 kHz.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

HOP: Final = 512
"""Samples that one answer is about."""
_BEFORE: Final = 64
"""Samples before them that are heard, too."""
_BINS: Final = 129
_AT_ONCE: Final = 1024


class SpeechDetector(nn.Module):
    """Frames of sound → how likely somebody speaks in each."""

    def __init__(self) -> None:
        super().__init__()
        self.stft_conv = nn.Conv1d(1, 2 * _BINS, 256, stride=128, bias=False)
        self.conv1 = nn.Conv1d(_BINS, 128, 3, padding=1)
        self.conv2 = nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(64, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv1d(64, 128, 3, padding=1)
        self.lstm_cell = nn.LSTMCell(128, 128)
        self.final_conv = nn.Conv1d(128, 1, 1)

    def features(self, frames: Tensor) -> Tensor:
        """Return (frames, 128) of frames (frames, 64 + 512)."""
        x = self.stft_conv(F.pad(frames, (0, 64), mode="reflect")[:, None])
        x = (x[:, :_BINS].square() + x[:, _BINS:].square()).sqrt()
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = F.relu(layer(x))
        last: Tensor = x[..., 0]
        return last

    def forward(self, features: Tensor, state: State) -> tuple[Tensor, State]:
        """Return how likely each frame is speech, and the state behind the last."""
        hidden, cell = state
        outputs = []
        for each in features:
            hidden, cell = self.lstm_cell(each[None], (hidden, cell))
            outputs.append(hidden)
        shares = self.final_conv(F.relu(torch.cat(outputs))[..., None])[:, 0, 0].sigmoid()
        return shares, (hidden, cell)


State = tuple[Tensor, Tensor]


def speech_shares(
    network: SpeechDetector, sound: NDArray[np.float32]
) -> Iterator[NDArray[np.float32]]:
    """Yield how likely each 32 ms of ``sound`` is speech, about half a minute at a time."""
    count = -(-len(sound) // HOP)
    padded = np.zeros(_BEFORE + count * HOP, np.float32)
    padded[_BEFORE : _BEFORE + len(sound)] = sound
    frames = np.lib.stride_tricks.sliding_window_view(padded, _BEFORE + HOP)[::HOP]
    device = network.final_conv.weight.device
    state = (torch.zeros(1, 128, device=device), torch.zeros(1, 128, device=device))
    for first in range(0, count, _AT_ONCE):
        cut = torch.from_numpy(frames[first : first + _AT_ONCE].copy()).to(device)
        with torch.inference_mode():
            shares, state = network(network.features(cut), state)
        yield shares.cpu().numpy()
