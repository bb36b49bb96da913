"""The speech detector as a file: recognised by its header, loaded, written. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from studio.api.worker.tensor_files import Header, SafetensorsLoader, damage_reported, write_tensors
from studio_voice.speech.detector import SpeechDetector

if TYPE_CHECKING:
    from torch import Tensor

FORMAT: Final = "silero-vad/1"
ID: Final = "silero-vad"
_WORKING_BYTES: Final = 32 * 2**20


@dataclass
class Detector:
    """The loaded network: NumPy computes it, wherever the others are."""

    network: SpeechDetector

    def to(self, device: str) -> None:
        """Stay in the memory of the processor."""


def loader() -> SafetensorsLoader[Detector]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="silero-vad",
        title="Speech detection",
        capabilities=("speech-detection",),
        mark={"format": FORMAT},
        working_bytes=_WORKING_BYTES,
        describe=lambda header: {"tensors": len(header.shapes)},
        build=_built,
    )


def read(path: Path) -> SpeechDetector:
    """Return the network in a file, for the window.

    Raises:
        StudioError: The file is damaged or of another make.
    """
    from safetensors import safe_open

    with damage_reported(path), safe_open(path, framework="np") as file:
        return SpeechDetector({name: _full(file.get_tensor(name)) for name in file.keys()})  # noqa: SIM118


def _full(tensor: Any) -> Any:
    return np.asarray(tensor, np.float32)


def _built(_header: Header, tensors: dict[str, Tensor], _device: str) -> Detector:
    return Detector(SpeechDetector({name: _full(tensor.cpu()) for name, tensor in tensors.items()}))


def save(path: Path, state: Mapping[str, Tensor]) -> None:
    """Write a detector, in half precision."""
    write_tensors(path, FORMAT, state, {})
