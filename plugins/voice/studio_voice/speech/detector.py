"""The network of Silero VAD 6 that says where somebody speaks.

Its layers are those of the file in the package silero-vad 6.2.3 (MIT); sound is of 16 kHz. It is so
small that NumPy computes it: so the window hears the end of a sentence itself, without torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float32]

HOP: Final = 512
"""Samples that one answer is about."""
BEFORE: Final = 64
"""Samples before them that are heard, too."""
_BINS: Final = 129
_WIDTH: Final = 128
_AT_ONCE: Final = 1024
_STRIDES: Final = {"conv1": 1, "conv2": 2, "conv3": 2, "conv4": 1}
SHAPES: Final[Mapping[str, tuple[int, ...]]] = {
    "stft_conv.weight": (2 * _BINS, 1, 256),
    "conv1.weight": (128, _BINS, 3), "conv1.bias": (128,),
    "conv2.weight": (64, 128, 3), "conv2.bias": (64,),
    "conv3.weight": (64, 64, 3), "conv3.bias": (64,),
    "conv4.weight": (_WIDTH, 64, 3), "conv4.bias": (_WIDTH,),
    "lstm_cell.weight_ih": (4 * _WIDTH, _WIDTH), "lstm_cell.bias_ih": (4 * _WIDTH,),
    "lstm_cell.weight_hh": (4 * _WIDTH, _WIDTH), "lstm_cell.bias_hh": (4 * _WIDTH,),
    "final_conv.weight": (1, _WIDTH, 1), "final_conv.bias": (1,),
}  # fmt: skip


class State(NamedTuple):
    """Recurrent state of the network."""

    hidden: Array
    cell: Array

    @classmethod
    def new(cls) -> State:
        """Return that of silence."""
        return cls(np.zeros(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32))


class SpeechDetector:
    """Frames of sound → how likely it is that someone is speaking in each."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        """
        Raises:
            ValueError: A tensor is missing, or has another shape.
        """
        for name, shape in SHAPES.items():
            if name not in tensors or tensors[name].shape != shape:
                raise ValueError(f"its tensor {name} is not of shape {shape}")
        self._tensors = {name: np.asarray(tensors[name], np.float32) for name in SHAPES}

    def shares(self, frames: Array, state: State) -> tuple[Array, State]:
        """Return how likely each frame (frames, 64 + 512) is speech, and the state behind them."""
        hidden, cell = state
        given, outputs = self._tensors, np.zeros((len(frames), _WIDTH), np.float32)
        inputs = self._features(frames) @ given["lstm_cell.weight_ih"].T
        inputs += given["lstm_cell.bias_ih"] + given["lstm_cell.bias_hh"]
        weight = given["lstm_cell.weight_hh"]
        for number, gate in enumerate(inputs):
            gates = gate + weight @ hidden
            # Input, forget, cell, output: the order of torch.
            open_, forget, new, out = gates.reshape(4, _WIDTH)
            cell = _sigmoid(forget) * cell + _sigmoid(open_) * np.tanh(new)
            hidden = outputs[number] = _sigmoid(out) * np.tanh(cell)
        logits = np.maximum(outputs, 0) @ given["final_conv.weight"][0, :, 0]
        return _sigmoid(logits + given["final_conv.bias"]), State(hidden, cell)

    def _features(self, frames: Array) -> Array:
        """Return (frames, width): spectra, then four convolutions that leave one place of each."""
        padded = np.pad(frames, ((0, 0), (0, 64)), mode="reflect")
        windows = sliding_window_view(padded, 256, axis=1)[:, ::128]
        parts = windows @ self._tensors["stft_conv.weight"][:, 0].T
        x = np.sqrt(np.square(parts[..., :_BINS]) + np.square(parts[..., _BINS:]))
        for name, stride in _STRIDES.items():
            around = np.pad(x, ((0, 0), (1, 1), (0, 0)))
            seen = sliding_window_view(around, 3, axis=1)[:, ::stride]
            weight = self._tensors[f"{name}.weight"].reshape(-1, seen.shape[2] * 3)
            x = seen.reshape(*seen.shape[:2], -1) @ weight.T + self._tensors[f"{name}.bias"]
            x = np.maximum(x, 0)
        return np.asarray(x[:, 0])


def speech_shares(detector: SpeechDetector, sound: Array) -> Iterator[Array]:
    """Yield how likely each 32 ms of ``sound`` is speech, about half a minute at a time."""
    count = -(-len(sound) // HOP)
    padded = np.zeros(BEFORE + count * HOP, np.float32)
    padded[BEFORE : BEFORE + len(sound)] = sound
    frames = sliding_window_view(padded, BEFORE + HOP)[::HOP]
    state = State.new()
    for first in range(0, count, _AT_ONCE):
        shares, state = detector.shares(frames[first : first + _AT_ONCE], state)
        yield shares


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))), np.float32)
