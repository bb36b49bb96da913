"""The speech detector as a file: recognised by its header, loaded, written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader, write_tensors
from studio_voice.speech.detector import SpeechDetector

FORMAT: Final = "silero-vad/1"
_WORKING_BYTES: Final = 32 * 2**20


@dataclass
class Detector:
    """The loaded network."""

    network: SpeechDetector

    def to(self, device: str) -> None:
        """Move the network to ``device``."""
        self.network.to(device)


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


def _built(_header: Header, tensors: dict[str, Tensor], device: str) -> Detector:
    network = SpeechDetector()
    network.load_state_dict(tensors)
    return Detector(network.to(device).eval().requires_grad_(False))


def save(path: Path, state: Mapping[str, Tensor]) -> None:
    """Write a detector, in half precision."""
    write_tensors(path, FORMAT, state, {})
